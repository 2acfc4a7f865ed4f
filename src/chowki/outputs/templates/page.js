// Ties map, slider, board and charts to one time.
(() => {
  const by = id => document.getElementById(id), scene = JSON.parse(by("scene").textContent), span = scene.span_s;
  const map = new ChowkiMap(by("map"), scene), slider = by("time"), rows = [...document.querySelectorAll(".place")];
  let now = 0, playing = false, before = 0, waiting = false;
  slider.max = Math.ceil(span);

  const clockOf = t => new Date((scene.start_s + t) * 1000).toISOString().slice(11, 19);

  function show(t, keepSlider) {
    now = Math.min(span, Math.max(0, t));
    if (!keepSlider) slider.value = now;
    by("clock").textContent = clockOf(now);
    slider.setAttribute("aria-valuetext", clockOf(now) + " UTC");
    for (const row of rows) {
      const level = map.levelAt(Number(row.dataset.place), now);
      row.classList.toggle("warned", level === 1);
      row.classList.toggle("cover", level === 2);
    }
    placeCursors();
    redraw();
  }

  function placeCursors() {
    const bar = by("boardtime"), lane = document.querySelector(".place svg");
    if (bar && lane) { const box = lane.getBoundingClientRect(), own = bar.parentElement.getBoundingClientRect(); bar.style.left = `${box.left - own.left + box.width * now / span}px`; }
    for (const plot of document.querySelectorAll(".plot")) {
      const left = Number(plot.dataset.left), right = Number(plot.dataset.right);
      plot.querySelector(".now").style.left = `${100 * (left + (1 - left - right) * now / span)}%`;
    }
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; map.draw(now); detail(); });
  }

  function run(stamp) {
    if (!playing) return;
    const step = Math.min(0.2, (stamp - before) / 1000) * Number(by("speed").value);
    before = stamp;
    show(now + step);
    if (now >= span) play(false); else requestAnimationFrame(run);
  }

  function play(on) {
    playing = on;
    by("play").textContent = on ? "\u23F8" : "\u25B6";
    if (on) { if (now >= span) now = 0; before = performance.now(); requestAnimationFrame(run); }
  }

  function detail() {
    const box = by("detail"), one = map.drawn.find(d => d.k === map.chosen);
    if (!one) { box.hidden = true; return; }
    const t = map.tracks, k = one.k, speed = t.speed[one.row] * 2;
    const told = [["identity", scene.identities[t.identity[one.row]]], ["class", scene.kinds[t.kind[k]]],
      ["height", `${Math.round(t.height[one.row] / 10) * 10} m above ground`], ["speed", `${speed} m/s`],
      ["armed", t.kind[k] < DRONE_KINDS ? `${t.armed[k]} % at most` : ""], ["sensors", String(t.sensors[k])],
      ["address", t.names[k] || ""], ["because", t.reasons[k]], ["seen", `${clockOf(t.first(k))} to ${clockOf(t.last(k))}`]];
    box.replaceChildren();
    const head = document.createElement("h3"), list = document.createElement("dl");
    head.textContent = `Track ${t.number[k]}${one.coasting ? ", coasting" : ""}`;
    for (const [name, value] of told) {
      if (!value) continue;
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name; dd.textContent = value;
      list.append(dt, dd);
    }
    box.append(head, list);
    box.hidden = false;
    const right = one.x + 270 > map.view.width, below = one.y + 20 + box.offsetHeight > map.view.height;
    box.style.left = `${right ? Math.max(4, one.x - 268) : one.x + 16}px`;
    box.style.top = `${below ? Math.max(4, one.y - box.offsetHeight - 10) : one.y + 12}px`;
  }

  function look(x, y) {
    const [lat, lon] = map.projection.inverse(map.view.eastOf(x), map.view.northOf(y));
    by("cursor").textContent = `${Math.abs(lat).toFixed(3)}°${lat < 0 ? "S" : "N"} ${Math.abs(lon).toFixed(3)}°${lon < 0 ? "W" : "E"}`;
  }

  function moved() { map.stale = true; redraw(); }

  function pointer() {
    const canvas = by("map"), held = new Map();
    let travelled = 0, gap = 0;
    const where = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    const apart = () => { const [a, b] = [...held.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
    canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); held.set(event.pointerId, where(event)); travelled = 0; if (held.size === 2) gap = apart(); canvas.classList.add("moving"); });
    canvas.addEventListener("pointermove", event => {
      const [x, y] = where(event);
      if (!held.has(event.pointerId)) { const found = map.pick(x, y); look(x, y); if (!pinned) { choose(found ? found.k : -1); } return; }
      const [px, py] = held.get(event.pointerId);
      held.set(event.pointerId, [x, y]);
      travelled += Math.hypot(x - px, y - py);
      if (held.size === 2) { const wide = apart(); map.view.zoom(wide / Math.max(1, gap), x, y); gap = wide; }
      else { map.view.east -= (x - px) * map.view.scale; map.view.north += (y - py) * map.view.scale; }
      moved();
    });
    const up = event => {
      if (held.has(event.pointerId) && travelled < 5 && event.type === "pointerup") { const found = map.pick(...where(event)); pinned = !!found; choose(found ? found.k : -1); }
      held.delete(event.pointerId); canvas.classList.remove("moving");
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("wheel", event => { event.preventDefault(); map.view.zoom(Math.exp(-event.deltaY * 0.0016), ...where(event)); moved(); }, { passive: false });
  }
  let pinned = false;
  function choose(k) { if (k !== map.chosen) { map.chosen = k; redraw(); } }

  function zoomBy(factor) {
    if (!factor) map.home(); else map.view.zoom(factor, map.view.width / 2, map.view.height / 2);
    moved();
  }

  function goTo(index) {
    const place = map.byIndex.get(index);
    if (!place) return;
    map.view.east = place.east; map.view.north = place.north; map.view.scale = Math.min(map.view.scale, 120);
    moved();
  }

  function keys(event) {
    if (event.target.closest("select, button, summary") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 60 : 10, acts = {
      " ": () => play(!playing), ArrowRight: () => show(now + step), ArrowLeft: () => show(now - step), Home: () => show(0), End: () => show(span),
      "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => zoomBy(0), Escape: () => { pinned = false; choose(-1); },
    };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  }

  function legend() {
    const shapes = { hostile: "M7 1 13 7 7 13 1 7z", suspect: "M7 2 13 12H1z", unknown: "M7 3.5a3.5 3.5 0 1 0 .01 0z", neutral: "M2.5 2.5h9v9h-9z", friend: "M7 2a5 5 0 1 0 .01 0z" };
    const rowsOf = Object.entries(shapes).map(([name, d]) => `<span><svg viewBox="0 0 14 14"><path fill="var(--${name})" d="${d}"/></svg>${name}</span>`);
    if (scene.simulated) rowsOf.push(`<span><svg viewBox="0 0 14 14"><path stroke="var(--intercepted)" stroke-width="1.6" d="M3 3l8 8M11 3l-8 8"/></svg>intercepted (model)</span>`, `<span><svg viewBox="0 0 14 14"><path fill="var(--leaker)" d="M1.5 3h11l-5.5 9z"/></svg>leaker (model)</span>`);
    if (scene.places.length) rowsOf.push(`<span><svg viewBox="0 0 14 14"><circle cx="7" cy="7" r="5" fill="none" stroke="var(--advisory)" stroke-width="2"/></svg>place under warning</span>`);
    by("legend").innerHTML = rowsOf.join("");
  }

  function spark() {
    const counts = busy(map.tracks, span, 200), top = Math.max(1, ...counts);
    const points = counts.map((n, i) => `L${i * 5} ${30 - 26 * n / top}L${i * 5 + 5} ${30 - 26 * n / top}`).join("");
    by("spark").innerHTML = `<path d="M0 30${points}L1000 30z"/>`;
    return counts.indexOf(top) < 0 ? 0 : (counts.indexOf(top) + 0.5) / 200 * span;
  }

  // #t=900 (seconds from the start), #t=0.4 (share of the span) or #t=2025-05-09T15:20:00Z; theme=light|dark;
  // place=INDEX; track=NUMBER.
  function asked(peak) {
    const told = new URLSearchParams(location.hash.slice(1).replace(/^\?/, "") || location.search.slice(1)), t = told.get("t");
    if (told.get("theme")) theme(told.get("theme"));
    if (told.get("place")) goTo(Number(told.get("place")));
    const at = t === null ? peak : t.includes("T") ? Date.parse(t) / 1000 - scene.start_s : t.includes(".") && Number(t) <= 1 ? Number(t) * span : Number(t);
    if (told.get("track")) follow(Number(told.get("track")), at);
    return at;
  }

  function follow(number, t) {
    const k = map.tracks.number.indexOf(number), here = k < 0 ? null : map.tracks.at(k, t, map.grace);
    pinned = k >= 0;
    choose(k);
    if (here) { map.view.east = here.east; map.view.north = here.north; map.view.scale = Math.min(map.view.scale, 60); moved(); }
  }

  function theme(name) { document.documentElement.dataset.theme = name; map.colour = null; }

  function wire() {
    by("play").onclick = () => play(!playing);
    slider.oninput = () => { play(false); show(Number(slider.value), true); };
    for (const name of Object.keys(map.shown)) by(`show-${name}`).onchange = event => { map.shown[name] = event.target.checked; moved(); };
    for (const button of document.querySelectorAll("#zoom button")) button.onclick = () => zoomBy(Number(button.dataset.zoom));
    for (const row of rows) {
      row.onclick = event => {
        const lane = row.querySelector("svg").getBoundingClientRect();
        if (event.clientX > lane.left && event.clientX < lane.right) show((event.clientX - lane.left) / lane.width * span);
        else goTo(Number(row.dataset.place));
      };
      row.onkeydown = event => { if (event.key === "Enter") goTo(Number(row.dataset.place)); };
    }
    for (const plot of document.querySelectorAll(".plot")) plot.onclick = event => {
      const box = plot.getBoundingClientRect(), left = Number(plot.dataset.left), right = Number(plot.dataset.right);
      show(((event.clientX - box.left) / box.width - left) / (1 - left - right) * span);
    };
    by("theme").onclick = () => { theme(document.documentElement.dataset.theme === "light" ? "dark" : "light"); moved(); };
    let shown = "dark";
    addEventListener("beforeprint", () => { shown = document.documentElement.dataset.theme; theme("light"); map.stale = true; map.draw(now); });
    addEventListener("afterprint", () => { theme(shown); moved(); });
    addEventListener("keydown", keys);
    addEventListener("resize", () => { map.resize(); show(now); });
    addEventListener("hashchange", () => show(asked(now)));
    pointer();
  }

  legend();
  map.resize();
  map.home();
  const peak = spark();
  wire();
  show(asked(peak));
})();
