// Where labels stand: never one over another, the important ones first, and each where it stood
// before as long as that place is free.

/**
 * @typedef {object} Label
 * @property {string} key the same from picture to picture
 * @property {number} tier 0 goes before 1, and so on
 * @property {number} x the point that is labelled, CSS pixels
 * @property {number} y
 * @property {number} reach pixels around the point that stay free
 * @property {number} width
 * @property {number} height
 * @property {number} rings how far from the point it may stand, 1 to 5
 * @property {number} heading degrees that it should not stand in the way of, NaN: none
 * @property {boolean} must is shown even if it covers something
 */

/** @typedef {Label & {dx: number, dy: number}} PlacedLabel corner from the labelled point */
/**
 * Where labels may stand: the canvas, without the boxes of what stands on it; symbols and marks are
 * covered only if it must be.
 * @typedef {{width: number, height: number, blocked: Box[], symbols: Box[], marks: MarkGrid}} Room
 */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */
/**
 * What is settled so far, and what labels that come later would like to keep.
 * @typedef {{room: Room, taken: Box[], wanted: Map<string, Box>, leaders: Leader[]}} Sheet
 */
/** A line from a point to its label. @typedef {{x1: number, y1: number, x2: number, y2: number}} Leader */

/** Rings around the point, pixels: a label that would stand farther out is left out. */
const GAPS = [5, 20, 40, 66, 96];
const CELL_PX = 16;
const AIR_PX = 3;
/** Directions clockwise from north: where a label stands, best first. */
const DIRECTIONS = [90, 60, 120, 270, 300, 240, 30, 150, 330, 210, 0, 180];
const COST_OF_RING = 4;
const COST_OF_SYMBOL = 12;
const COST_OF_CROSSING = 4;
const COST_OF_OTHERS_PLACE = 3;
const COST_OF_MARK = 0.7;
const COST_OF_HEADING = 3;
/** A label of little importance is left out rather than hide more than this. */
const TOO_DEAR = 14;
const DEAR = 40;
/** A label that stands far out comes nearer only for so much. */
const WORTH_A_MOVE = 6;
const IMPORTANT_TIER = 2;

export class LabelPlanner {
  constructor() {
    /** Which candidate each label has. @type {Map<string, number>} */
    this._kept = new Map();
  }

  /** Forget where labels stood. */
  clear() {
    this._kept.clear();
  }

  /**
   * Give each label a place, or leave it out.
   * @param {Label[]} labels
   * @param {Room} room
   * @returns {PlacedLabel[]} by importance
   */
  plan(labels, room) {
    const inTurn = labels.slice().sort((a, b) => this._before(a, b));
    /** @type {Map<string, Box>} */
    const wanted = new Map();
    for (const label of inTurn) {
      const candidate = this._kept.get(label.key);
      if (candidate !== undefined) wanted.set(label.key, boxAt(label, candidate));
    }
    /** @type {Map<string, number>} */
    const kept = new Map();
    /** @type {Box[]} */
    const taken = room.blocked.slice();
    /** @type {PlacedLabel[]} */
    const placed = [];
    /** @type {Leader[]} */
    const leaders = [];
    for (const label of inTurn) {
      wanted.delete(label.key);
      const candidate = this._choose(label, { room, taken, wanted, leaders });
      if (candidate < 0) continue;
      const box = boxAt(label, candidate);
      kept.set(label.key, candidate);
      taken.push(box);
      leaders.push(leaderOf(label, box));
      placed.push({ ...label, dx: box.left - label.x, dy: box.top - label.y });
    }
    this._kept = kept;
    return placed;
  }

  /**
   * @param {Label} a
   * @param {Label} b
   */
  _before(a, b) {
    const tier = a.tier - b.tier;
    if (tier !== 0) return tier;
    const shown = Number(this._kept.has(b.key)) - Number(this._kept.has(a.key));
    return shown !== 0 ? shown : a.key < b.key ? -1 : 1;
  }

  /**
   * @param {Label} label
   * @param {Sheet} sheet
   * @returns {number} a candidate, -1 where there is none
   */
  _choose(label, sheet) {
    const { room, taken } = sheet;
    const before = this._kept.get(label.key);
    const stands = before !== undefined && isFree(boxAt(label, before), room, taken);
    const near = stands && before < DIRECTIONS.length;
    if (near && !covers(boxAt(label, before), room.symbols)) return before;
    const there = stands
      ? costOf(label, before, boxAt(label, before), sheet) - WORTH_A_MOVE : Infinity;
    let best = there < dearest(label) ? before ?? -1 : -1;
    let least = Math.min(there, dearest(label));
    const candidates = DIRECTIONS.length * Math.min(GAPS.length, label.rings);
    for (let candidate = 0; candidate < candidates; candidate++) {
      const box = boxAt(label, candidate);
      const free = isFree(box, room, taken);
      if (!free && !label.must) continue;
      const cost = costOf(label, candidate, box, sheet) + (free ? 0 : 100);
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return best;
  }
}

/** @param {Box} box @param {Box[]} symbols */
function covers(box, symbols) {
  return symbols.some((symbol) => overlap(box, symbol, 0));
}

/** What the place of a label may cost. @param {Label} label */
function dearest({ must, tier }) {
  return must ? Number.POSITIVE_INFINITY : tier > IMPORTANT_TIER ? TOO_DEAR : DEAR;
}

/** How many marks lie in each small square of the canvas. */
export class MarkGrid {
  /**
   * @param {number} width CSS pixels
   * @param {number} height
   */
  constructor(width, height) {
    this.columns = Math.ceil(width / CELL_PX) + 1;
    this.rows = Math.ceil(height / CELL_PX) + 1;
    this._counts = new Uint8Array(this.columns * this.rows);
  }

  /** @param {number} x @param {number} y */
  add(x, y) {
    const column = Math.floor(x / CELL_PX);
    const row = Math.floor(y / CELL_PX);
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return;
    const at = row * this.columns + column;
    if (this._counts[at] < 255) this._counts[at] += 1;
  }

  /** @param {Box} box */
  under({ left, top, right, bottom }) {
    let sum = 0;
    const last = Math.min(this.columns - 1, Math.floor(right / CELL_PX));
    const lowest = Math.min(this.rows - 1, Math.floor(bottom / CELL_PX));
    for (let row = Math.max(0, Math.floor(top / CELL_PX)); row <= lowest; row++) {
      for (let column = Math.max(0, Math.floor(left / CELL_PX)); column <= last; column++) {
        sum += this._counts[row * this.columns + column];
      }
    }
    return sum;
  }
}

/**
 * @param {Label} label
 * @param {number} candidate ring after ring, each in all directions
 * @returns {Box}
 */
export function boxAt(label, candidate) {
  const turn = (DIRECTIONS[candidate % DIRECTIONS.length] * Math.PI) / 180;
  const gap = label.reach + GAPS[Math.floor(candidate / DIRECTIONS.length)];
  const east = Math.sin(turn);
  const south = -Math.cos(turn);
  const left = label.x + gap * east + (label.width / 2) * (Math.sign(round(east)) - 1);
  const top = label.y + gap * south + (label.height / 2) * (Math.sign(round(south)) - 1);
  return { left, top, right: left + label.width, bottom: top + label.height };
}

/** @param {number} value */
function round(value) {
  return Math.abs(value) < 1e-6 ? 0 : value;
}

/**
 * @param {Box} box
 * @param {{width: number, height: number}} scene
 * @param {Box[]} taken
 */
function isFree(box, { width, height }, taken) {
  if (box.left < 2 || box.top < 2 || box.right > width - 2 || box.bottom > height - 2) return false;
  return !taken.some((other) => overlap(box, other, AIR_PX));
}

/**
 * @param {Label} label
 * @param {number} candidate
 * @param {Box} box
 * @param {Sheet} sheet
 */
function costOf(label, candidate, box, { room, taken, wanted, leaders }) {
  const direction = candidate % DIRECTIONS.length;
  let cost = Math.floor(candidate / DIRECTIONS.length) * COST_OF_RING + direction * 0.25;
  if (Number.isFinite(label.heading)) {
    const apart = Math.abs(((DIRECTIONS[direction] - label.heading + 540) % 360) - 180);
    if (apart < 40) cost += COST_OF_HEADING;
  }
  for (const symbol of room.symbols) if (overlap(box, symbol, 0)) cost += COST_OF_SYMBOL;
  for (const other of wanted.values()) if (overlap(box, other, AIR_PX)) cost += COST_OF_OTHERS_PLACE;
  if (candidate >= DIRECTIONS.length) {
    cost += COST_OF_CROSSING * crossings(leaderOf(label, box), leaders, taken);
  }
  return cost + COST_OF_MARK * room.marks.under(box);
}

/**
 * From the labelled point to the nearest point of its label.
 * @param {Label} label
 * @param {Box} box
 * @returns {Leader}
 */
function leaderOf({ x, y }, { left, top, right, bottom }) {
  const x2 = Math.max(left, Math.min(right, x));
  return { x1: x, y1: y, x2, y2: Math.max(top, Math.min(bottom, y)) };
}

/**
 * How many lines and labels a line would cross.
 * @param {Leader} leader
 * @param {Leader[]} leaders
 * @param {Box[]} taken
 */
function crossings(leader, leaders, taken) {
  let sum = 0;
  for (const other of leaders) if (cross(leader, other)) sum += 1;
  for (const { left, top, right, bottom } of taken) {
    const across = { x1: left, y1: top, x2: right, y2: bottom };
    const back = { x1: left, y1: bottom, x2: right, y2: top };
    if (cross(leader, across) || cross(leader, back)) sum += 1;
  }
  return sum;
}

/** @param {Leader} a @param {Leader} b */
function cross(a, b) {
  return apart(a, b.x1, b.y1, b.x2, b.y2) && apart(b, a.x1, a.y1, a.x2, a.y2);
}

/**
 * Do two points lie on different sides of a line?
 * @param {Leader} line
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function apart(line, x1, y1, x2, y2) {
  const dx = line.x2 - line.x1;
  const dy = line.y2 - line.y1;
  const one = dx * (y1 - line.y1) - dy * (x1 - line.x1);
  const two = dx * (y2 - line.y1) - dy * (x2 - line.x1);
  return one * two < 0;
}

/**
 * @param {Box} a
 * @param {Box} b
 * @param {number} air
 */
function overlap(a, b, air) {
  return (
    a.left < b.right + air && b.left < a.right + air && a.top < b.bottom + air && b.top < a.bottom + air
  );
}
