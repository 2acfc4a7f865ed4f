// Which part of the map holds some things: metres of the map, west, south, east, north.

import { mercatorX, mercatorY, rangeAndBearing, stretch, unwrapped } from "./geo.js";

/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("./field.js").Field} Field */

/** A lone station is shown with this much around it. */
const AROUND_M = 16000;
/** So near to something defended the border is part of the view, and no farther. */
const BORDER_NEAR_M = 40000;
const AROUND_TRACK_M = 3000;

/**
 * The defended places, the station, the sensors, and the border where it is near to them.
 * @param {Hello} hello
 * @returns {number[]}
 */
export function extentOfHome({ station, places, border, sensors }) {
  const own = /** @type {[number, number][]} */ ([
    [station.lon, station.lat],
    ...places.map((place) => [place.lon, place.lat]),
    ...sensors.flatMap(({ lon, lat }) => (lon === null || lat === null ? [] : [[lon, lat]])),
  ]);
  const near = (border?.points.slice(0, border.line) ?? []).filter((corner) =>
    own.some((point) => rangeAndBearing(point, corner).range_m < BORDER_NEAR_M));
  const points = [...own, ...near];
  const extent = around(
    points.map(([lon, lat]) => [mercatorX(unwrapped(lon, station.lon)), mercatorY(lat)]),
  );
  return widened(extent, AROUND_M * stretch(station.lat));
}

/**
 * @param {Field} field
 * @param {number[]} numbers of tracks
 * @returns {number[]|null} null where none of them is there
 */
export function extentOfRows(field, numbers) {
  const rows = numbers.map((number) => field.block?.rowOf(number) ?? -1).filter((row) => row >= 0);
  if (rows.length === 0) return null;
  return widened(around(rows.map((row) => [field.x[row], field.y[row]])), AROUND_TRACK_M);
}

/** @param {number[][]} points */
function around(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * At least so much from the middle to each side.
 * @param {number[]} extent
 * @param {number} least
 */
function widened([west, south, east, north], least) {
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  return [
    Math.min(west, x - least),
    Math.min(south, y - least),
    Math.max(east, x + least),
    Math.max(north, y + least),
  ];
}
