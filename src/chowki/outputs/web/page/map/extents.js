// Which part of the map holds some things: metres of the map, west, south, east, north.

import { mercatorX, mercatorY, stretch, unwrapped } from "./geo.js";

/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("./field.js").Field} Field */

/** A lone station is shown with this much around it. */
const AROUND_M = 30000;
const AROUND_TRACK_M = 3000;

/**
 * The defended places, the border and the station.
 * @param {Hello} hello
 * @returns {number[]}
 */
export function extentOfHome({ station, places, border, sensors }) {
  const points = /** @type {[number, number][]} */ ([
    [station.lon, station.lat],
    ...places.map((place) => [place.lon, place.lat]),
    ...(border?.points.slice(0, border.line) ?? []),
    ...sensors.flatMap(({ lon, lat }) => (lon === null || lat === null ? [] : [[lon, lat]])),
  ]);
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
