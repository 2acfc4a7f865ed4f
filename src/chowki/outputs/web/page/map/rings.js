// Range rings, and the bearing and range tool.

import { arc, greatCircle, mercatorX, mercatorY, positionAt, rangeAndBearing, unwrapped } from "./geo.js";
import { bearingWording, kilometres, minutes } from "./naming.js";
import { trace } from "./viewport.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {{track: number|null, lon: number, lat: number}} MeasurePoint */

const STEPS_KM = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const CLOSEST_PX = 75;
const RINGS = 5;
const SLOWEST_MPS = 1;

/**
 * Five rings round the selected track, else round the chosen place, else round the station.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawRings(pen, scene) {
  const { port, palette } = scene;
  const [lon, lat] = centreOf(scene);
  const perPixelM = port.perPixel * Math.cos((lat * Math.PI) / 180);
  const step = STEPS_KM.find((km) => (km * 1000) / perPixelM >= CLOSEST_PX);
  if (step === undefined) return;
  pen.strokeStyle = palette.soft;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.5;
  pen.beginPath();
  for (let k = 1; k <= RINGS; k++) trace(pen, port, arc(lon, lat, k * step * 1000));
  pen.stroke();
  pen.globalAlpha = 1;
  pen.font = `600 12px ${palette.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let k = 1; k <= RINGS; k++) {
    const [x, y] = arc(lon, lat, k * step * 1000, 0, 0, 1);
    const km = Number((k * step).toFixed(1));
    plate(pen, scene, `${km} km`, (x - port.left) / port.perPixel, (port.top - y) / port.perPixel);
  }
}

/**
 * @param {Scene} scene
 * @returns {[number, number]} lon, lat
 */
function centreOf({ field, selectedRow, places, chosenPlace, hello }) {
  if (selectedRow >= 0) return positionAt(field.x[selectedRow], field.y[selectedRow]);
  const mark = places.find(chosenPlace);
  return mark ? positionAt(mark.x, mark.y) : [hello.station.lon, hello.station.lat];
}

/**
 * Words on a plate, around a point.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {string} words
 * @param {number} x
 * @param {number} y
 */
function plate(pen, { palette }, words, x, y) {
  const width = pen.measureText(words).width + 8;
  pen.fillStyle = palette.plate;
  pen.fillRect(Math.round(x - width / 2), Math.round(y - 9), Math.ceil(width), 18);
  pen.fillStyle = palette.text;
  pen.fillText(words, x, y + 0.5);
}

/** Two points and what lies between them; a point on a track goes with it. */
export class Measure {
  constructor() {
    /** @type {MeasurePoint|null} */
    this.from = null;
    /** @type {MeasurePoint|null} */
    this.to = null;
    /** Where the pointer is while the second point is not set. @type {MeasurePoint|null} */
    this.hovered = null;
    /** The second point was set, and what lies between was not told yet. */
    this._tell = false;
    /** Is called with the words of each measure that was taken. @type {(words: string) => void} */
    this.onTaken = () => {};
  }

  clear() {
    this.from = null;
    this.to = null;
    this.hovered = null;
  }

  /** First click, second click, and then anew. @param {MeasurePoint} point */
  click(point) {
    if (this.from === null || this.to !== null) {
      this.from = point;
      this.to = null;
      this.hovered = null;
    } else {
      this.to = point;
      this._tell = true;
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Scene} scene
   */
  draw(pen, scene) {
    const { port, palette, nearLon } = scene;
    if (!this.from) return;
    const from = present(this.from, scene);
    const end = this.to ?? this.hovered;
    pen.strokeStyle = palette.focus;
    pen.fillStyle = palette.focus;
    pen.lineWidth = 1.75;
    dot(pen, scene, from);
    if (!end) return;
    const to = present(end, scene);
    if (this.to) dot(pen, scene, to);
    pen.beginPath();
    trace(pen, port, greatCircle([unwrapped(from[0], nearLon), from[1]], to));
    pen.stroke();
    const words = measured(this.from, from, to, scene);
    if (this._tell) this.onTaken(words);
    this._tell = false;
    pen.font = `600 13px ${palette.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const x = (mercatorX(unwrapped(to[0], nearLon)) - port.left) / port.perPixel;
    const y = (port.top - mercatorY(to[1])) / port.perPixel;
    const half = pen.measureText(words).width / 2 + 8;
    plate(pen, scene, words, Math.max(half, Math.min(port.width - half, x)), y > 40 ? y - 20 : y + 22);
  }
}

/**
 * Where a point is now.
 * @param {MeasurePoint} point
 * @param {Scene} scene
 * @returns {[number, number]}
 */
function present({ track, lon, lat }, { block, field }) {
  const row = track === null ? -1 : block.rowOf(track);
  return row < 0 ? [lon, lat] : positionAt(field.x[row], field.y[row]);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {[number, number]} at
 */
function dot(pen, { port, nearLon }, [lon, lat]) {
  const x = (mercatorX(unwrapped(lon, nearLon)) - port.left) / port.perPixel;
  const y = (port.top - mercatorY(lat)) / port.perPixel;
  pen.beginPath();
  pen.arc(x, y, 3.5, 0, 2 * Math.PI);
  pen.fill();
}

/**
 * Bearing and range, and from a track also the time that it takes at its speed.
 * @param {MeasurePoint} point
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {Scene} scene
 */
function measured({ track }, from, to, { block }) {
  const { range_m, bearing_deg } = rangeAndBearing(from, to);
  const parts = [`${bearingWording(bearing_deg)} true`, kilometres(range_m)];
  const row = track === null ? -1 : block.rowOf(track);
  if (row >= 0) {
    const raw = block.col.speed[row];
    const speed = raw === block.missing.speed ? 0 : raw * block.scale.speed;
    if (speed >= SLOWEST_MPS) parts.push(`${minutes(range_m / speed)} at ${Math.round(speed)} m/s`);
  }
  return parts.join("  ");
}
