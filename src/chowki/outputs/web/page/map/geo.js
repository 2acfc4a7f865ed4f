// Where things lie on the map: web mercator, and lines over the sphere.

/** Radius of the sphere that web mercator is drawn on, metres. */
const MERCATOR_M = 6378137;
/** Mean radius of WGS 84, metres: ranges and bearings are taken on this sphere. */
const SPHERE_M = 6371008.8;
const RAD = Math.PI / 180;
const STEEPEST_DEG = 85.05;

/** @param {number} lon degrees @returns {number} metres */
export function mercatorX(lon) {
  return MERCATOR_M * lon * RAD;
}

/** @param {number} lat degrees @returns {number} metres */
export function mercatorY(lat) {
  const held = Math.max(-STEEPEST_DEG, Math.min(STEEPEST_DEG, lat));
  return MERCATOR_M * Math.log(Math.tan(Math.PI / 4 + (held * RAD) / 2));
}

/** @param {number} x metres @returns {number} degrees, in [-180, 180) */
export function longitude(x) {
  const lon = x / MERCATOR_M / RAD;
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** @param {number} y metres @returns {number} degrees */
export function latitude(y) {
  return (2 * Math.atan(Math.exp(y / MERCATOR_M)) - Math.PI / 2) / RAD;
}

/**
 * Longitude and latitude of a point of the map; the longitude is not turned back into [-180, 180).
 * @param {number} x metres of the map
 * @param {number} y
 * @returns {[number, number]}
 */
export function positionAt(x, y) {
  return [x / MERCATOR_M / RAD, latitude(y)];
}

/** How many metres of the map one metre on the ground is. @param {number} lat degrees */
export function stretch(lat) {
  return 1 / Math.max(0.05, Math.cos(lat * RAD));
}

/**
 * The same meridian, at the turn that is nearest to another one: things that lie on both sides of
 * the date line stay together.
 * @param {number} lon degrees
 * @param {number} near degrees
 */
export function unwrapped(lon, near) {
  return lon + 360 * Math.round((near - lon) / 360);
}

/**
 * Range and true bearing along the great circle.
 * @param {[number, number]} from lon, lat in degrees
 * @param {[number, number]} to
 * @returns {{range_m: number, bearing_deg: number}}
 */
export function rangeAndBearing([lon1, lat1], [lon2, lat2]) {
  const a = lat1 * RAD;
  const b = lat2 * RAD;
  const turn = (lon2 - lon1) * RAD;
  const half = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(turn / 2) ** 2;
  const bearing = Math.atan2(
    Math.sin(turn) * Math.cos(b),
    Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(turn),
  );
  return {
    range_m: 2 * SPHERE_M * Math.asin(Math.min(1, Math.sqrt(half))),
    bearing_deg: (bearing / RAD + 360) % 360,
  };
}

/**
 * Where one comes to along the great circle.
 * @param {[number, number]} from lon, lat in degrees
 * @param {number} bearing_deg
 * @param {number} range_m
 * @returns {[number, number]} lon, lat; the longitude is not turned back into [-180, 180)
 */
export function destination([lon, lat], bearing_deg, range_m) {
  const a = lat * RAD;
  const way = range_m / SPHERE_M;
  const course = bearing_deg * RAD;
  const b = Math.asin(
    Math.sin(a) * Math.cos(way) + Math.cos(a) * Math.sin(way) * Math.cos(course),
  );
  const turn = Math.atan2(
    Math.sin(course) * Math.sin(way) * Math.cos(a),
    Math.cos(way) - Math.sin(a) * Math.sin(b),
  );
  return [lon + turn / RAD, b / RAD];
}

/**
 * Points of an arc around a place, on the map: x, y, x, y...
 * @param {number} lon degrees
 * @param {number} lat degrees
 * @param {number} range_m
 * @param {number} [from_deg] first bearing
 * @param {number} [span_deg] how far it goes round
 * @param {number} [steps]
 * @returns {Float64Array}
 */
export function arc(lon, lat, range_m, from_deg = 0, span_deg = 360, steps = 72) {
  const points = new Float64Array(2 * (steps + 1));
  for (let k = 0; k <= steps; k++) {
    const [atLon, atLat] = destination([lon, lat], from_deg + (span_deg * k) / steps, range_m);
    points[2 * k] = mercatorX(atLon);
    points[2 * k + 1] = mercatorY(atLat);
  }
  return points;
}

/**
 * Points of an ellipse on the ground, on the map.
 * @param {number} lon degrees
 * @param {number} lat degrees
 * @param {{major_m: number, minor_m: number, bearing_deg: number}} ellipse half axes
 * @returns {Float64Array}
 */
export function ellipsePoints(lon, lat, { major_m, minor_m, bearing_deg }) {
  const steps = 48;
  const points = new Float64Array(2 * (steps + 1));
  const east = Math.sin(bearing_deg * RAD);
  const north = Math.cos(bearing_deg * RAD);
  const wide = stretch(lat);
  for (let k = 0; k <= steps; k++) {
    const along = major_m * Math.cos((2 * Math.PI * k) / steps);
    const across = minor_m * Math.sin((2 * Math.PI * k) / steps);
    points[2 * k] = mercatorX(lon) + wide * (along * east + across * north);
    points[2 * k + 1] = mercatorY(lat) + wide * (along * north - across * east);
  }
  return points;
}

/**
 * Points of the great circle between two places, on the map.
 * @param {[number, number]} from lon, lat in degrees
 * @param {[number, number]} to
 * @returns {Float64Array}
 */
export function greatCircle(from, to) {
  const { range_m, bearing_deg } = rangeAndBearing(from, to);
  const steps = Math.max(1, Math.min(64, Math.round(range_m / 20000)));
  const points = new Float64Array(2 * (steps + 1));
  for (let k = 0; k <= steps; k++) {
    const [lon, lat] = destination(from, bearing_deg, (range_m * k) / steps);
    points[2 * k] = mercatorX(lon);
    points[2 * k + 1] = mercatorY(lat);
  }
  return points;
}
