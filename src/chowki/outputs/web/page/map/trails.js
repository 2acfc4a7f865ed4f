// Where tracks have been, kept from the blocks that came: a ring of points for each track.

/** @typedef {import("../block.js").Block} Block */
/** @typedef {import("./field.js").Field} Field */
/** @typedef {import("./ink.js").Ink} Ink */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const POINTS = 120;
const FORGET_S = 600;
const FIRST_SLOTS = 1024;
/** A picture that is later by more than this does not go on from the one before. */
const LONGEST_GAP_S = 240;
const SEGMENTS_DRAWN = 60000;

/** One track's ring: which slot of the arrays it has, and where it stands in it. */
class Ring {
  /** @param {number} slot */
  constructor(slot) {
    this.slot = slot;
    /** Points written so far; the last POINTS of them are kept. */
    this.written = 0;
    this.seenS = 0;
  }
}

export class Trails {
  constructor() {
    /** @type {Map<number, Ring>} */
    this._rings = new Map();
    /** @type {number[]} */
    this._free = [];
    this._slots = 0;
    /** Positions from the station, metres of the map: small enough for single precision. */
    this._x = new Float32Array(0);
    this._y = new Float32Array(0);
    /** Seconds since the first picture. */
    this._time = new Float32Array(0);
    this._firstS = 0;
    this._lastS = Number.NaN;
    this._sampledS = Number.NaN;
    this._originX = 0;
    this._originY = 0;
  }

  /** How many tracks are remembered. */
  get size() {
    return this._rings.size;
  }

  clear() {
    this._rings.clear();
    this._free = [];
    this._slots = 0;
    this._lastS = Number.NaN;
    this._sampledS = Number.NaN;
  }

  /**
   * Remember where the tracks of a block are.
   * @param {Block} block
   * @param {Field} field that has taken the block
   * @param {number} trailMinutes how long a trail may be
   */
  take(block, field, trailMinutes) {
    const { timeS, n } = block;
    const goesOn = timeS >= this._lastS && timeS - this._lastS <= LONGEST_GAP_S;
    if (!goesOn) this._begin(timeS, field);
    this._lastS = timeS;
    const everyS = Math.max(2, (trailMinutes * 60) / (POINTS - 8));
    if (timeS - this._sampledS < everyS) return;
    this._sampledS = timeS;
    const { track } = block.col;
    for (let row = 0; row < n; row++) this._write(track[row], field.x[row], field.y[row], timeS);
    this._forget(timeS);
  }

  /**
   * @param {number} timeS
   * @param {Field} field
   */
  _begin(timeS, field) {
    this.clear();
    this._firstS = timeS;
    this._originX = field.n ? field.x[0] : 0;
    this._originY = field.n ? field.y[0] : 0;
  }

  /**
   * @param {number} track
   * @param {number} x
   * @param {number} y
   * @param {number} timeS
   */
  _write(track, x, y, timeS) {
    let ring = this._rings.get(track);
    if (ring === undefined) {
      ring = new Ring(this._free.pop() ?? this._newSlot());
      this._rings.set(track, ring);
    }
    const at = ring.slot * POINTS + (ring.written % POINTS);
    this._x[at] = x - this._originX;
    this._y[at] = y - this._originY;
    this._time[at] = timeS - this._firstS;
    ring.written += 1;
    ring.seenS = timeS;
  }

  _newSlot() {
    if ((this._slots + 1) * POINTS > this._x.length) {
      const size = Math.max(FIRST_SLOTS, this._slots * 2) * POINTS;
      this._x = enlarged(this._x, size);
      this._y = enlarged(this._y, size);
      this._time = enlarged(this._time, size);
    }
    return this._slots++;
  }

  /** @param {number} timeS */
  _forget(timeS) {
    for (const [track, ring] of this._rings) {
      if (timeS - ring.seenS <= FORGET_S) continue;
      this._rings.delete(track);
      this._free.push(ring.slot);
    }
  }

  /**
   * Draw the trails of some rows, until there are too many lines: the first rows go before.
   * @param {Ink} ink
   * @param {Viewport} port
   * @param {Field} field
   * @param {ArrayLike<number>} rows
   * @param {(row: number) => number} colourOf
   * @param {{sinceS: number, opacity: number}} look
   */
  draw(ink, port, field, rows, colourOf, look) {
    const { block } = field;
    if (!block) return;
    let budget = SEGMENTS_DRAWN;
    for (let k = 0; k < rows.length && budget > 0; k++) {
      const row = rows[k];
      const ring = this._rings.get(block.col.track[row]);
      if (ring) budget -= this._drawRing(ink, port, field, row, ring, colourOf(row), look);
    }
  }

  /**
   * From the present position back to the oldest point, fading.
   * @param {Ink} ink
   * @param {Viewport} port
   * @param {Field} field
   * @param {number} row
   * @param {Ring} ring
   * @param {number} colour
   * @param {{sinceS: number, opacity: number}} look
   * @returns {number} lines drawn
   */
  _drawRing(ink, port, field, row, ring, colour, { sinceS, opacity }) {
    const scale = port.ratio / port.perPixel;
    const since = sinceS - this._firstS;
    const kept = Math.min(POINTS, ring.written);
    let x0 = (field.x[row] - port.left) * scale;
    let y0 = (port.top - field.y[row]) * scale;
    let drawn = 0;
    for (let back = 1; back <= kept; back++) {
      const at = ring.slot * POINTS + ((ring.written - back) % POINTS);
      if (this._time[at] < since) break;
      const x1 = (this._x[at] + this._originX - port.left) * scale;
      const y1 = (port.top - this._y[at] - this._originY) * scale;
      if (Math.abs(x1 - x0) + Math.abs(y1 - y0) < 1.5 && back < kept) continue;
      if (crosses(ink, x0, y0, x1, y1)) {
        ink.line(x0, y0, x1, y1, colour, Math.round(opacity * (1 - (0.75 * back) / POINTS)), 0);
        drawn += 1;
      }
      x0 = x1;
      y0 = y1;
    }
    return drawn;
  }
}

/**
 * @param {Float32Array} old
 * @param {number} size
 */
function enlarged(old, size) {
  const larger = new Float32Array(size);
  larger.set(old);
  return larger;
}

/**
 * Could a line between two points touch the picture?
 * @param {Ink} ink
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function crosses({ width, height }, x0, y0, x1, y1) {
  return (
    Math.max(x0, x1) >= 0 &&
    Math.min(x0, x1) <= width &&
    Math.max(y0, y1) >= 0 &&
    Math.min(y0, y1) <= height
  );
}
