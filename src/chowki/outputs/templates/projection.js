"use strict";
// The map is the station's own east-north plane seen from straight above (orthographic): tracks are
// drawn in metres as they are recorded, and only places, border and graticule are brought into it.
const A_M = 6378137, F = 1 / 298.257223563, E2 = F * (2 - F), RAD = Math.PI / 180;

function ecef(lat, lon, height) {
  const s = Math.sin(lat), c = Math.cos(lat), n = A_M / Math.sqrt(1 - E2 * s * s);
  return [(n + height) * c * Math.cos(lon), (n + height) * c * Math.sin(lon), (n * (1 - E2) + height) * s];
}

function makeProjection(origin) {
  const lat0 = origin[0] * RAD, lon0 = origin[1] * RAD, at = ecef(lat0, lon0, origin[2] || 0);
  const sl = Math.sin(lat0), cl = Math.cos(lat0), so = Math.sin(lon0), co = Math.cos(lon0);
  function forward(lat, lon) {
    const p = ecef(lat * RAD, lon * RAD, 0), x = p[0] - at[0], y = p[1] - at[1], z = p[2] - at[2];
    return [-so * x + co * y, -sl * co * x - sl * so * y + cl * z];
  }
  function inverse(east, north) {
    let lat = origin[0] + north / 111200, lon = origin[1] + east / (111300 * Math.max(0.05, cl));
    for (let i = 0; i < 8; i++) {
      const [e, n] = forward(lat, lon);
      lat += (north - n) / 111200;
      lon += (east - e) / (111300 * Math.max(0.05, Math.cos(lat * RAD)));
    }
    return [lat, lon];
  }
  return { forward, inverse };
}

// What part of the plane the canvas shows: centre in metres, metres per pixel.
class View {
  constructor() { this.east = 0; this.north = 0; this.scale = 1000; this.width = 1; this.height = 1; }
  x(east) { return this.width / 2 + (east - this.east) / this.scale; }
  y(north) { return this.height / 2 - (north - this.north) / this.scale; }
  eastOf(x) { return this.east + (x - this.width / 2) * this.scale; }
  northOf(y) { return this.north - (y - this.height / 2) * this.scale; }
  fit(box, margin) {
    this.east = (box[0] + box[2]) / 2;
    this.north = (box[1] + box[3]) / 2;
    this.scale = Math.max((box[2] - box[0]) / (this.width - 2 * margin), (box[3] - box[1]) / (this.height - 2 * margin), 5);
  }
  zoom(factor, x, y) {
    const east = this.eastOf(x), north = this.northOf(y);
    this.scale = Math.min(8000, Math.max(2, this.scale / factor));
    this.east += east - this.eastOf(x);
    this.north += north - this.northOf(y);
  }
}

// Round steps: of degrees for the graticule, of metres for the scale bar.
function roundStep(least, steps) {
  for (const step of steps) if (step >= least) return step;
  return steps[steps.length - 1];
}
const DEGREE_STEPS = [1 / 60, 2 / 60, 5 / 60, 10 / 60, 0.25, 0.5, 1, 2, 5, 10, 20];

function degrees(value, step, positive, negative) {
  const letter = value < 0 ? negative : positive, whole = Math.abs(value);
  if (step >= 1) return `${Math.round(whole)}°${letter}`;
  const minutes = Math.round(whole * 60);
  return `${Math.floor(minutes / 60)}°${String(minutes % 60).padStart(2, "0")}′${letter}`;
}
