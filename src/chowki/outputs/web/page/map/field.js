// All tracks of the block on the map: placed once when it comes, drawn as often as the view moves.

import { IDENTITY, IDENTITY_COLOURS, OBJECT, STATUS } from "./codes.js";
import { mercatorX, stretch, unwrapped } from "./geo.js";
import { marksOf } from "./stamps.js";

/** @typedef {import("../block.js").Block} Block */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./ink.js").Ink} Ink */
/** @typedef {import("./palette.js").Palette} Palette */

const MERCATOR_M = 6378137;
const RAD = Math.PI / 180;
/** Drawn one after the other, the worst ones on top. */
const ORDER = [
  IDENTITY.NEUTRAL,
  IDENTITY.FRIEND,
  IDENTITY.ASSUMED_FRIEND,
  IDENTITY.PENDING,
  IDENTITY.UNKNOWN,
  IDENTITY.SUSPECT,
  IDENTITY.HOSTILE,
];
const STYLES = 3;
const FIRM = 2;
const COASTING = 1;
const FAINT = 0;
/** Birds come first, then each identity in three styles. */
const GROUPS = 1 + ORDER.length * STYLES;
const GROUP_OF_IDENTITY = ORDER.reduce((places, identity, k) => {
  places[identity] = 1 + k * STYLES;
  return places;
}, new Uint8Array(ORDER.length));
const CERTAIN = 0.5;
const SHORTEST_VECTOR_PX = 2;
const MARGIN_PX = 80;

export class Field {
  constructor() {
    /** @type {Block|null} */
    this.block = null;
    this.n = 0;
    /** Position on the map, metres. */
    this.x = new Float64Array(0);
    this.y = new Float64Array(0);
    /** Metres of the map a second. */
    this.vx = new Float32Array(0);
    this.vy = new Float32Array(0);
    /** Rows that are shown, from what is drawn first to what is drawn last. */
    this.shown = new Uint32Array(0);
    this.shownCount = 0;
    /** Rows that have a full symbol, and so no mark. */
    this.symbols = new Uint8Array(0);
    this._starts = new Uint32Array(GROUPS + 1);
    this._groups = new Uint8Array(0);
  }

  /**
   * Take a block: place its tracks on the map.
   * @param {Block|null} block
   * @param {number} nearLon degrees: the turn of longitude that is meant
   */
  take(block, nearLon) {
    this.block = block;
    this.n = block?.n ?? 0;
    if (this.n > this.x.length) this._grow(Math.ceil(this.n * 1.25));
    if (block) this._place(block, nearLon);
    this.symbols.fill(0);
    this.shownCount = 0;
  }

  /** @param {number} size */
  _grow(size) {
    this.x = new Float64Array(size);
    this.y = new Float64Array(size);
    this.vx = new Float32Array(size);
    this.vy = new Float32Array(size);
    this.shown = new Uint32Array(size);
    this.symbols = new Uint8Array(size);
    this._groups = new Uint8Array(size);
  }

  /**
   * @param {Block} block
   * @param {number} nearLon
   */
  _place({ col, scale, missing, n }, nearLon) {
    const { lat, lon, speed, course } = col;
    for (let row = 0; row < n; row++) {
      const north = lat[row];
      this.x[row] = mercatorX(unwrapped(lon[row], nearLon));
      this.y[row] = MERCATOR_M * Math.log(Math.tan(Math.PI / 4 + (north * RAD) / 2));
      const moves = speed[row] !== missing.speed && course[row] !== missing.course;
      const way = moves ? speed[row] * scale.speed * stretch(north) : 0;
      const turn = course[row] * scale.course * RAD;
      this.vx[row] = way * Math.sin(turn);
      this.vy[row] = way * Math.cos(turn);
    }
  }

  /**
   * Sort the rows that are to be seen into the order of drawing.
   * @param {(row: number) => boolean} seen
   */
  sort(seen) {
    const { block, n } = this;
    const counts = new Uint32Array(GROUPS + 1);
    if (block) {
      for (let row = 0; row < n; row++) {
        const group = seen(row) ? groupOf(block, row) : GROUPS;
        this._groups[row] = group;
        counts[group] += 1;
      }
    }
    let sum = 0;
    for (let group = 0; group <= GROUPS; group++) {
      this._starts[group] = sum;
      sum += counts[group];
    }
    this.shownCount = this._starts[GROUPS];
    const next = this._starts.slice();
    for (let row = 0; row < n; row++) {
      const group = this._groups[row];
      if (group < GROUPS) this.shown[next[group]++] = row;
    }
  }

  /**
   * Rows shown in the view, and not more than some pixels beside it.
   * @param {Viewport} port
   * @param {number} [beside] pixels
   * @returns {number[]}
   */
  rowsIn(port, beside = 0) {
    const rows = [];
    const edge = beside * port.perPixel;
    const west = port.left - edge;
    const east = port.left + port.width * port.perPixel + edge;
    const north = port.top + edge;
    const south = port.top - port.height * port.perPixel - edge;
    for (let k = 0; k < this.shownCount; k++) {
      const row = this.shown[k];
      const x = this.x[row];
      const y = this.y[row];
      if (x >= west && x <= east && y >= south && y <= north) rows.push(row);
    }
    return rows;
  }

  /**
   * Draw vectors, then marks.
   * @param {Ink} ink
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {number} vectorS how far the vectors look ahead, seconds
   */
  draw(ink, port, palette, vectorS) {
    if (!this.block) return;
    const size = this.shownCount > 3000 && port.zoom < 8.5 ? 0 : 1;
    const marks = marksOf(size, port.ratio);
    for (let group = 0; group < GROUPS; group++) {
      const identity = ORDER[Math.max(0, Math.floor((group - 1) / STYLES))];
      const colour = palette.ink[IDENTITY_COLOURS[identity]];
      if (group > 0 && vectorS > 0) this._drawVectors(ink, port, group, colour, vectorS);
    }
    for (let group = 0; group < GROUPS; group++) this._drawMarks(ink, port, group, palette, marks);
  }

  /**
   * @param {Ink} ink
   * @param {Viewport} port
   * @param {number} group
   * @param {number} colour
   * @param {number} vectorS
   */
  _drawVectors(ink, port, group, colour, vectorS) {
    const style = (group - 1) % STYLES;
    const opacity = style === FIRM ? 190 : 110;
    const dash = style === COASTING ? 3 * port.ratio : 0;
    const scale = port.ratio / port.perPixel;
    const ahead = vectorS * scale;
    for (let k = this._starts[group]; k < this._starts[group + 1]; k++) {
      const row = this.shown[k];
      const dx = this.vx[row] * ahead;
      const dy = this.vy[row] * ahead;
      if (Math.abs(dx) + Math.abs(dy) < SHORTEST_VECTOR_PX) continue;
      const x = (this.x[row] - port.left) * scale;
      const y = (port.top - this.y[row]) * scale;
      const margin = MARGIN_PX * port.ratio + Math.abs(dx) + Math.abs(dy);
      if (x < -margin || y < -margin || x > ink.width + margin || y > ink.height + margin) continue;
      ink.line(x, y, x + dx, y - dy, colour, opacity, dash);
    }
  }

  /**
   * @param {Ink} ink
   * @param {Viewport} port
   * @param {number} group
   * @param {Palette} palette
   * @param {ReturnType<typeof marksOf>} marks
   */
  _drawMarks(ink, port, group, palette, marks) {
    const { block } = this;
    if (!block) return;
    const scale = port.ratio / port.perPixel;
    const style = group === 0 ? FAINT : (group - 1) % STYLES;
    const { identity } = block.col;
    for (let k = this._starts[group]; k < this._starts[group + 1]; k++) {
      const row = this.shown[k];
      if (this.symbols[row]) continue;
      const code = identity[row];
      const mark = group === 0 ? marks.bird : marks.identity[code] ?? marks.identity[0];
      const opacity = style === FIRM ? 255 : style === COASTING ? fading(block.col.age[row]) : 130;
      ink.stamp(
        style === COASTING ? mark.hollow : mark.full,
        (this.x[row] - port.left) * scale,
        (port.top - this.y[row]) * scale,
        palette.ink[IDENTITY_COLOURS[code] ?? "unknown"],
        opacity,
      );
    }
  }
}

/** The longer nothing was heard, the fainter. @param {number} age seconds */
export function fading(age) {
  return Math.max(100, Math.round(255 - age * 2.5));
}

/**
 * @param {Block} block
 * @param {number} row
 */
function groupOf({ col, scale }, row) {
  if (col.object_class[row] === OBJECT.BIRD) return 0;
  const first = GROUP_OF_IDENTITY[col.identity[row]] ?? GROUP_OF_IDENTITY[IDENTITY.UNKNOWN];
  const status = col.status[row];
  if (status === STATUS.COASTING || status === STATUS.DROPPED) return first + COASTING;
  if (status === STATUS.TENTATIVE) return first + FAINT;
  return first + (col.existence[row] * scale.existence < CERTAIN ? FAINT : FIRM);
}
