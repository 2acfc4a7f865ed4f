// Draws the map: a still layer (ground, border, graticule, whole paths), and what moves above it.
const TRAIL_S = 300, OUTCOME_S = 120;

function colours() {
  const style = getComputedStyle(document.documentElement), told = {};
  for (const name of ["sea", "land", "border", "grid", "text", "dim", "faint", "panel", "hostile", "suspect", "unknown", "neutral", "friend",
    "intercepted", "missed", "leaker", "advisory", "cover", "near", "accent"]) told[name] = style.getPropertyValue("--" + name).trim();
  return told;
}

class ChowkiMap {
  constructor(canvas, scene) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.still = document.createElement("canvas");
    this.scene = scene;
    this.tracks = new Tracks(scene.tracks);
    this.projection = makeProjection(scene.origin);
    this.view = new View();
    this.places = scene.places.map(p => { const [east, north] = this.projection.forward(p.lat, p.lon); return { ...p, east, north }; });
    this.byIndex = new Map(this.places.map(p => [p.index, p]));
    this.shown = { paths: true, others: true, outcomes: true, labels: true, sites: false, sensors: false };
    this.chosen = -1;
    this.drawn = [];
    this.grace = Math.max(15, scene.span_s / 400);
  }

  home() {
    const box = [1e12, 1e12, -1e12, -1e12], take = (e, n) => { box[0] = Math.min(box[0], e); box[1] = Math.min(box[1], n); box[2] = Math.max(box[2], e); box[3] = Math.max(box[3], n); };
    const t = this.tracks, few = this.places.length < 4, margin = few ? 6e3 : 3e4;
    for (const p of this.places) { take(p.east - margin, p.north - margin); take(p.east + margin, p.north + margin); }
    for (let k = 0; few && k < t.count; k++) {
      if (this.places.length && !isThreat(t, k)) continue;
      for (let i = t.start[k]; i < t.start[k + 1]; i++) take(t.east[i], t.north[i]);
    }
    if (box[0] > box[2]) { take(-5e4, -5e4); take(5e4, 5e4); }
    this.view.fit(box, 34);
  }

  resize() {
    const box = this.canvas.getBoundingClientRect(), ratio = Math.min(2, window.devicePixelRatio || 1);
    this.ratio = ratio;
    this.view.width = box.width;
    this.view.height = box.height;
    for (const one of [this.canvas, this.still]) { one.width = Math.round(box.width * ratio); one.height = Math.round(box.height * ratio); }
    this.stale = true;
  }

  draw(t) {
    this.colour = this.colour || colours();
    if (this.stale) this.drawStill();
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.drawImage(this.still, 0, 0);
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (this.shown.outcomes) this.drawOutcomes(c, t);
    this.drawTracks(c, t);
    this.drawPlaces(c, t);
  }

  drawStill() {
    this.stale = false;
    const c = this.still.getContext("2d"), v = this.view;
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.fillStyle = this.colour.sea;
    c.fillRect(0, 0, v.width, v.height);
    this.drawBorder(c);
    this.drawGraticule(c);
    if (this.shown.sensors) this.drawSensors(c);
    if (this.shown.paths) this.drawPaths(c);
    if (this.shown.sites) this.drawSites(c);
    this.drawScale(c);
    this.seats = null;
  }

  line(c, lat1, lon1, lat2, lon2, move) {
    const parts = Math.max(1, Math.ceil(Math.max(Math.abs(lat2 - lat1), Math.abs(lon2 - lon1)) / 0.25));
    for (let i = move ? 0 : 1; i <= parts; i++) {
      const [e, n] = this.projection.forward(lat1 + (lat2 - lat1) * i / parts, lon1 + (lon2 - lon1) * i / parts);
      if (i === 0) c.moveTo(this.view.x(e), this.view.y(n)); else c.lineTo(this.view.x(e), this.view.y(n));
    }
  }

  drawBorder(c) {
    const ring = this.scene.border;
    if (ring.length < 3) return;
    c.beginPath();
    ring.forEach((from, i) => { const to = ring[(i + 1) % ring.length]; this.line(c, from[0], from[1], to[0], to[1], i === 0); });
    c.closePath();
    c.fillStyle = this.colour.land;
    c.fill();
    c.setLineDash([7, 5]);
    c.lineWidth = 1.2;
    c.strokeStyle = this.colour.border;
    c.stroke();
    c.setLineDash([]);
  }

  drawGraticule(c) {
    const v = this.view, corners = [[0, 0], [v.width, 0], [0, v.height], [v.width, v.height]].map(([x, y]) => this.projection.inverse(v.eastOf(x), v.northOf(y)));
    const lats = corners.map(p => p[0]), lons = corners.map(p => p[1]);
    const south = Math.max(-85, Math.min(...lats)), north = Math.min(85, Math.max(...lats)), west = Math.min(...lons), east = Math.max(...lons);
    const step = roundStep(v.scale * 110 / 111000, DEGREE_STEPS);
    c.strokeStyle = this.colour.grid;
    c.lineWidth = 1;
    c.fillStyle = this.colour.faint;
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "alphabetic";
    c.beginPath();
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) this.line(c, lat, west - step, lat, east + step, true);
    for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) this.line(c, south - step, lon, north + step, lon, true);
    c.stroke();
    c.textAlign = "right";
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
      const [, n] = this.projection.forward(lat, corners[1][1]), y = v.y(n);
      if (y > 130 && y < v.height - 60) c.fillText(degrees(lat, step, "N", "S"), v.width - 6, y - 3);
    }
    c.textAlign = "left";
    for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
      const [e] = this.projection.forward(corners[0][0], lon), x = v.x(e);
      if (x > 150 && x < v.width - 70) c.fillText(degrees(lon, step, "E", "W"), x + 3, 13);
    }
  }

  drawScale(c) {
    const v = this.view, length = roundStep(v.scale * 70, [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5]), wide = length / v.scale, y = v.height - 16;
    c.strokeStyle = this.colour.dim;
    c.fillStyle = this.colour.dim;
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(12, y - 5); c.lineTo(12, y); c.lineTo(12 + wide, y); c.lineTo(12 + wide, y - 5);
    c.stroke();
    c.textAlign = "left";
    c.font = "11px system-ui, sans-serif";
    c.fillText(length >= 1000 ? `${length / 1000} km` : `${length} m`, 18, y - 4);
  }

  drawSensors(c) {
    c.lineWidth = 1;
    for (const [east, north, reach] of this.scene.sensors) {
      c.beginPath();
      c.arc(this.view.x(east), this.view.y(north), reach / this.view.scale, 0, 7);
      c.globalAlpha = 0.05; c.fillStyle = this.colour.accent; c.fill();
      c.globalAlpha = 0.4; c.strokeStyle = this.colour.accent; c.stroke();
      c.globalAlpha = 1; c.fillStyle = this.colour.accent; c.fillRect(this.view.x(east) - 1.5, this.view.y(north) - 1.5, 3, 3);
    }
  }

  drawSites(c) {
    c.font = "bold 9px system-ui, sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
    for (const [east, north, kind] of this.scene.sites) {
      const x = this.view.x(east), y = this.view.y(north);
      c.fillStyle = this.colour.friend; c.globalAlpha = 0.85; c.fillRect(x - 6, y - 6, 12, 12);
      c.globalAlpha = 1; c.fillStyle = this.colour.panel; c.fillText("GMJI"[kind], x, y + 0.5);
    }
    c.textBaseline = "alphabetic";
  }

  drawPaths(c) {
    const t = this.tracks, v = this.view;
    const quiet = t.worst.every(rank => rank < 5) ? 0.35 : 0.08;
    c.lineWidth = 1;
    for (const group of ["unknown", "neutral", "friend", "suspect", "hostile"]) {
      c.strokeStyle = this.colour[group];
      c.globalAlpha = group === "hostile" || group === "suspect" ? 0.2 : quiet;
      c.beginPath();
      for (let k = 0; k < t.count; k++) {
        if (GROUPS[t.worst[k]] !== group || (!isThreat(t, k) && (!this.shown.others || t.kind[k] === BIRD))) continue;
        for (let i = t.start[k]; i < t.start[k + 1]; i++) {
          const x = v.x(t.east[i]), y = v.y(t.north[i]);
          if (i === t.start[k]) c.moveTo(x, y); else c.lineTo(x, y);
        }
      }
      c.stroke();
    }
    c.globalAlpha = 1;
  }

  drawTracks(c, t) {
    const tracks = this.tracks, v = this.view;
    this.drawn = [];
    for (let k = 0; k < tracks.count; k++) {
      if (tracks.first(k) > t || tracks.last(k) + this.grace < t) continue;
      const here = tracks.at(k, t, this.grace);
      if (!here) continue;
      const group = GROUPS[tracks.identity[here.row]], threat = group === "hostile" || group === "suspect";
      if (!threat && !this.shown.others) continue;
      const x = v.x(here.east), y = v.y(here.north);
      if (x < -50 || y < -50 || x > v.width + 50 || y > v.height + 50) continue;
      this.drawTrail(c, k, t, x, y, here.row, group, threat);
      this.drawn.push({ k, x, y, row: here.row, group, threat, coasting: tracks.coasting[here.row] });
    }
    for (const one of this.drawn) if (!one.threat) this.drawSymbol(c, one);
    for (const one of this.drawn) if (one.threat) this.drawSymbol(c, one);
    const chosen = this.drawn.find(one => one.k === this.chosen);
    if (chosen) { c.strokeStyle = this.colour.text; c.lineWidth = 1.5; c.beginPath(); c.arc(chosen.x, chosen.y, 11, 0, 7); c.stroke(); }
  }

  drawTrail(c, k, t, x, y, row, group, threat) {
    const tracks = this.tracks, v = this.view, from = t - TRAIL_S, first = tracks.start[k], whole = k === this.chosen;
    c.strokeStyle = this.colour[group];
    c.lineWidth = whole ? 2 : threat ? 1.6 : 1;
    let lastX = x, lastY = y;
    for (let i = row; i >= first && (whole || tracks.time[i] > from); i--) {
      const px = v.x(tracks.east[i]), py = v.y(tracks.north[i]);
      c.globalAlpha = whole ? 0.9 : (threat ? 0.85 : 0.4) * Math.max(0.04, 1 - (t - tracks.time[i]) / TRAIL_S);
      c.beginPath(); c.moveTo(lastX, lastY); c.lineTo(px, py); c.stroke();
      lastX = px; lastY = py;
    }
    c.globalAlpha = 1;
  }

  drawSymbol(c, one) {
    const bird = this.tracks.kind[one.k] === BIRD, near = this.view.scale < 400;
    const size = one.threat ? (near ? 6 : 3.6) : bird ? 1.6 : near ? 5 : 3.2;
    c.globalAlpha = one.coasting ? 0.5 : 1;
    symbol(c, one.x, one.y, size, one.group, this.colour[one.group], bird && !one.threat ? 0.6 : 1);
    c.globalAlpha = 1;
  }

  drawOutcomes(c, t) {
    const v = this.view;
    for (const [at, east, north, state] of this.scene.outcomes) {
      if (at > t) break;
      const x = v.x(east), y = v.y(north), age = t - at, hit = this.scene.states[state] === "intercepted";
      if (x < -40 || y < -40 || x > v.width + 40 || y > v.height + 40 || (!hit && age > OUTCOME_S)) continue;
      const fresh = Math.max(0, 1 - age / OUTCOME_S);
      c.strokeStyle = hit ? this.colour.intercepted : this.colour.missed;
      c.lineWidth = 1.4;
      if (fresh > 0) { c.globalAlpha = fresh; c.beginPath(); c.arc(x, y, 5 + 16 * (1 - fresh), 0, 7); c.stroke(); }
      c.globalAlpha = hit ? 0.35 + 0.65 * fresh : fresh;
      c.beginPath(); c.moveTo(x - 3, y - 3); c.lineTo(x + 3, y + 3); c.moveTo(x + 3, y - 3); c.lineTo(x - 3, y + 3); c.stroke();
    }
    c.globalAlpha = 1;
  }

  levelAt(place, t) {
    let level = 0;
    for (const [where, from, to, rank] of this.scene.warnings) if (where === place && from <= t && t < to) level = Math.max(level, rank);
    return level;
  }

  drawPlaces(c, t) {
    const v = this.view, c2 = this.colour, leaks = new Map();
    for (const [at, where] of this.scene.leakers) if (at <= t) leaks.set(where, [(leaks.get(where) || [0])[0] + 1, at]);
    for (const p of this.places) {
      const x = v.x(p.east), y = v.y(p.north), level = this.levelAt(p.index, t), tone = level === 2 ? c2.cover : level === 1 ? c2.advisory : c2.text;
      const ring = Math.max(5, p.radius_m / v.scale);
      if (level) { c.globalAlpha = 0.16; c.fillStyle = tone; c.beginPath(); c.arc(x, y, ring + 8, 0, 7); c.fill(); c.globalAlpha = 1; }
      c.strokeStyle = tone; c.lineWidth = level ? 2 : 1.3; c.beginPath(); c.arc(x, y, ring, 0, 7); c.stroke();
      if (leaks.has(p.index)) this.drawLeak(c, x, y, t - leaks.get(p.index)[1]);
      else { c.fillStyle = tone; c.beginPath(); c.arc(x, y, 1.8, 0, 7); c.fill(); }
    }
    if (this.shown.labels) this.drawLabels(c);
  }

  drawLeak(c, x, y, age) {
    c.fillStyle = this.colour.leaker;
    c.beginPath(); c.moveTo(x - 5, y - 4); c.lineTo(x + 5, y - 4); c.lineTo(x, y + 5); c.closePath(); c.fill();
    if (age < OUTCOME_S) { c.globalAlpha = 1 - age / OUTCOME_S; c.strokeStyle = this.colour.leaker; c.lineWidth = 2; c.beginPath(); c.arc(x, y, 8 + age / 6, 0, 7); c.stroke(); c.globalAlpha = 1; }
  }

  drawLabels(c) {
    const v = this.view, inside = this.places.filter(p => v.x(p.east) > 0 && v.x(p.east) < v.width && v.y(p.north) > 0 && v.y(p.north) < v.height);
    c.font = "600 12px system-ui, sans-serif";
    c.textAlign = "left"; c.textBaseline = "middle";
    if (!this.seats) {
      const points = inside.map(p => ({ x: v.x(p.east), y: v.y(p.north), ring: Math.max(5, p.radius_m / v.scale), width: c.measureText(p.name).width, height: 15 }));
      this.seats = seatLabels(points, [4, 18, v.width - 40, v.height - 24], this.blockedByControls());
    }
    inside.forEach((p, i) => {
      const seat = this.seats[i];
      if (!seat) return;
      if (seat.line) {
        c.beginPath(); c.moveTo(...seat.line[0]); c.lineTo(...seat.line[1]);
        c.lineWidth = 3; c.strokeStyle = this.colour.sea; c.stroke();
        c.lineWidth = 1; c.strokeStyle = this.colour.dim; c.stroke();
      }
      c.lineWidth = 3.5; c.lineJoin = "round"; c.strokeStyle = this.colour.sea; c.strokeText(p.name, seat.left, seat.middle);
      c.fillStyle = p.observed ? this.colour.text : this.colour.dim;
      c.fillText(p.name, seat.left, seat.middle);
    });
    c.textBaseline = "alphabetic";
  }

  blockedByControls() {
    const own = this.canvas.getBoundingClientRect();
    return [...this.canvas.parentElement.querySelectorAll("#layers, #legend, #zoom")].map(node => {
      const box = node.getBoundingClientRect();
      return [box.left - own.left - 4, box.top - own.top - 4, box.right - own.left + 4, box.bottom - own.top + 4];
    });
  }

  pick(x, y) {
    let best = null, least = 16;
    for (const one of this.drawn) {
      const apart = Math.hypot(one.x - x, one.y - y) - (one.threat ? 3 : 0);
      if (apart < least) { least = apart; best = one; }
    }
    return best;
  }
}

// Shape tells identity without colour: hostile diamond, suspect triangle, neutral square, friend circle, unknown dot.
function symbol(c, x, y, size, group, colour, alpha) {
  c.fillStyle = colour;
  c.globalAlpha *= alpha;
  c.beginPath();
  if (group === "hostile") { c.moveTo(x, y - size * 1.25); c.lineTo(x + size * 1.25, y); c.lineTo(x, y + size * 1.25); c.lineTo(x - size * 1.25, y); }
  else if (group === "suspect") { c.moveTo(x, y - size * 1.2); c.lineTo(x + size * 1.15, y + size * 0.85); c.lineTo(x - size * 1.15, y + size * 0.85); }
  else if (group === "neutral") c.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else c.arc(x, y, group === "friend" ? size : size * 0.75, 0, 7);
  c.closePath();
  c.fill();
}
