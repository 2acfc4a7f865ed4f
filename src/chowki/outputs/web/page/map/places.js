// Defended places: the ring that is defended, and a mark whose shape and colour tell the level.

import { LEVEL, codeOf } from "./codes.js";
import { arc, mercatorX, mercatorY, unwrapped } from "./geo.js";
import { outOfSight, trace, within } from "./viewport.js";

/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("../types.js").State} State */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** @typedef {{place: Place, x: number, y: number, ring: Float64Array}} PlaceMark */

const SMALLEST_RING_PX = 7;
const CELL_DEG = 0.2;
const WIDTHS = [1, 1.5, 2.5, 1.5];
const DASHES = [[], [7, 4], [], [2, 4]];

export class PlaceMarks {
  constructor() {
    /** @type {PlaceMark[]} */
    this.marks = [];
    /** @type {Map<number, PlaceMark>} */
    this._byIndex = new Map();
    this._nearLon = 0;
  }

  /** @param {Hello} hello */
  take(hello) {
    this._nearLon = hello.station.lon;
    this.marks = hello.places.map((place) => {
      const lon = unwrapped(place.lon, this._nearLon);
      const ring = arc(lon, place.lat, place.radius_m);
      return { place, x: mercatorX(lon), y: mercatorY(place.lat), ring };
    });
    this._byIndex = new Map(this.marks.map((mark) => [mark.place.index, mark]));
  }

  /**
   * @param {number|null} index
   * @returns {PlaceMark|undefined}
   */
  find(index) {
    return index === null ? undefined : this._byIndex.get(index);
  }

  /**
   * The place nearest to a point of the map, if it is near enough.
   * @param {number} x metres of the map
   * @param {number} y
   * @param {number} reach metres of the map
   */
  nearest(x, y, reach) {
    let best = null;
    let least = reach;
    for (const mark of this.marks) {
      const away = Math.hypot(mark.x - x, mark.y - y);
      if (away > least) continue;
      least = away;
      best = mark;
    }
    return best;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {Hello} hello
   * @param {State|null} state
   * @param {number|null} chosen index of the place that the lists are about
   */
  draw(pen, port, palette, hello, state, chosen) {
    const levels = new Map(
      (state?.places ?? []).map((one) => [one.index, codeOf(one.level, hello.words.level)]),
    );
    this._drawCells(pen, port, palette, hello, state);
    for (const mark of this.marks) {
      const level = Math.max(0, levels.get(mark.place.index) ?? 0);
      this._drawRing(pen, port, palette, mark, level);
      if (!within(port, mark.x, mark.y, 12)) continue;
      const x = (mark.x - port.left) / port.perPixel;
      const y = (port.top - mark.y) / port.perPixel;
      drawLevel(pen, palette, level, x, y, 5.5);
      if (mark.place.index === chosen) drawChosen(pen, palette, x, y);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {PlaceMark} mark
   * @param {number} level
   */
  _drawRing(pen, port, palette, mark, level) {
    const radius = (mark.ring[1] - mark.y) / port.perPixel;
    if (Math.abs(radius) < SMALLEST_RING_PX || outOfSight(port, mark.ring)) return;
    pen.strokeStyle = palette.level[level] ?? palette.text;
    pen.lineWidth = WIDTHS[level] ?? 1;
    pen.setLineDash(DASHES[level] ?? []);
    pen.globalAlpha = level === LEVEL.NONE ? 0.55 : 0.9;
    pen.beginPath();
    trace(pen, port, mark.ring);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  /**
   * Warned areas without a place in them.
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {Hello} hello
   * @param {State|null} state
   */
  _drawCells(pen, port, palette, hello, state) {
    for (const { place, lat, lon, level } of state?.warnings ?? []) {
      if (place >= 0 || lat === null || lon === null) continue;
      const square = cellAround(unwrapped(lon, this._nearLon), lat);
      if (outOfSight(port, square)) continue;
      const code = Math.max(0, codeOf(level, hello.words.level));
      pen.strokeStyle = palette.level[code] ?? palette.text;
      pen.lineWidth = WIDTHS[code] ?? 1;
      pen.setLineDash(DASHES[code] ?? []);
      pen.beginPath();
      trace(pen, port, square);
      pen.stroke();
      pen.setLineDash([]);
      const x = (mercatorX(unwrapped(lon, this._nearLon)) - port.left) / port.perPixel;
      drawLevel(pen, palette, code, x, (port.top - mercatorY(lat)) / port.perPixel, 4);
    }
  }
}

/** @param {number} lon @param {number} lat */
function cellAround(lon, lat) {
  const [west, east] = [mercatorX(lon - CELL_DEG / 2), mercatorX(lon + CELL_DEG / 2)];
  const [south, north] = [mercatorY(lat - CELL_DEG / 2), mercatorY(lat + CELL_DEG / 2)];
  return [west, south, east, south, east, north, west, north, west, south];
}

/**
 * Nothing: a ring; advisory: a triangle; take cover: a full square; all clear: a disc.
 * @param {CanvasRenderingContext2D} pen
 * @param {Palette} palette
 * @param {number} level
 * @param {number} x CSS pixels
 * @param {number} y
 * @param {number} size half the width
 */
export function drawLevel(pen, palette, level, x, y, size) {
  pen.beginPath();
  if (level === LEVEL.ADVISORY) {
    pen.moveTo(x, y - size * 1.25);
    pen.lineTo(x + size * 1.2, y + size * 0.9);
    pen.lineTo(x - size * 1.2, y + size * 0.9);
    pen.closePath();
  } else if (level === LEVEL.TAKE_COVER) {
    pen.rect(x - size, y - size, 2 * size, 2 * size);
  } else {
    pen.arc(x, y, level === LEVEL.NONE ? size * 0.7 : size * 0.9, 0, 2 * Math.PI);
  }
  pen.lineWidth = 3;
  pen.strokeStyle = palette.halo;
  pen.stroke();
  pen.fillStyle = level === LEVEL.NONE ? palette.halo : palette.level[level] ?? palette.text;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = palette.level[level] ?? palette.text;
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Palette} palette
 * @param {number} x
 * @param {number} y
 */
function drawChosen(pen, palette, x, y) {
  pen.strokeStyle = palette.focus;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, 12, 0, 2 * Math.PI);
  pen.stroke();
}
