// Which tracks appear with symbol and label, and where the labels of tracks and places stand. It is
// settled when a picture comes or the view rests; in between all move together.

import { IDENTITY, LEVEL, OBJECT } from "./codes.js";
import { LabelPlanner, MarkGrid } from "./labels.js";
import { minutes, placeWording, trackWording } from "./naming.js";
import { within } from "./viewport.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./labels.js").Label} Label */
/** @typedef {import("./labels.js").Box} Box */
/** @typedef {import("./labels.js").PlacedLabel} PlacedLabel */
/** @typedef {import("./naming.js").Wording} Wording */
/** @typedef {import("./places.js").PlaceMark} PlaceMark */

/**
 * A label and what it belongs to: the track of a row, or a place.
 * @typedef {{label: PlacedLabel, wording: Wording, row: number, place: PlaceMark|null}} Caption
 */

/** Fewer tracks than this in view all have symbols; the second number keeps it from flickering. */
const ROOMY = 150;
const CROWDED = 190;
const LAST_RANK = 30;
const FIRST_RANKS = 10;
const MOST_LABELS = 220;
const MOST_PICKED_FORCED = 12;
/** Farther out than this, places say what they have to say in one line. */
const BRIEF_ZOOM = 7;
const LINE_PX = 15;
const PADDING_PX = 5;
const WIDTH_STEP_PX = 8;
/** Room for the sign of the level before a place's name. */
export const SIGN_PX = 15;
export const SYMBOL_PX = 18;
export const SELECTED_PX = 24;
const TIER = Object.freeze({
  SELECTED: 0,
  PICKED: 1,
  WORST_PLACE: 1.4,
  ALERTED_PLACE: 1.6,
  FIRST: 2,
  RANKED: 3,
  PLACE: 3.5,
  HOSTILE: 4,
  SUSPECT: 5,
  OTHER: 6,
});

export class Cast {
  constructor() {
    /** Rows with a full symbol. @type {number[]} */
    this.symbols = [];
    /** @type {Caption[]} */
    this.captions = [];
    this._planner = new LabelPlanner();
    this._roomy = false;
    this._perPixel = 0;
  }

  /** Forget where labels stood: another session, another scale. */
  clear() {
    this._planner.clear();
    this._roomy = false;
  }

  /**
   * Settle it for a scene.
   * @param {Scene} scene
   * @param {CanvasRenderingContext2D} pen to measure words with
   */
  plan(scene, pen) {
    const { field, port } = scene;
    const rows = field.rowsIn(port);
    if (port.perPixel !== this._perPixel) this._planner.clear();
    this._perPixel = port.perPixel;
    this._roomy = rows.length < (this._roomy ? CROWDED : ROOMY);
    this._cast(scene, rows);
    pen.font = labelFont(scene);
    const wordings = new Map();
    const labels = [
      ...this._placeLabels(scene, pen, wordings),
      ...this._trackLabels(scene, pen, rows, wordings),
    ];
    const { width, height } = port;
    const { blocked } = scene;
    const room = { width, height, blocked, symbols: this._boxes(scene), marks: marksIn(scene, rows) };
    this.captions = this._planner.plan(labels, room).map((label) => ({
      label,
      ...wordings.get(label.key),
    }));
  }

  /**
   * @param {Scene} scene
   * @param {number[]} rows in view, worst last
   */
  _cast({ field, block, picked, selected }, rows) {
    const { rank, track, object_class: kind } = block.col;
    field.symbols.fill(0);
    this.symbols = rows.filter((row) => {
      if (kind[row] === OBJECT.BIRD) return false;
      const chosen = track[row] === selected || picked.has(track[row]);
      return this._roomy || chosen || (rank[row] > 0 && rank[row] <= LAST_RANK);
    });
    for (const row of this.symbols) field.symbols[row] = 1;
  }

  /**
   * @param {Scene} scene
   * @param {CanvasRenderingContext2D} pen
   * @param {Map<string, {wording: Wording, row: number, place: PlaceMark|null}>} wordings
   * @returns {Label[]}
   */
  _placeLabels({ places, state, hello, port, palette }, pen, wordings) {
    const states = new Map((state?.places ?? []).map((one) => [one.index, one]));
    const labels = [];
    for (const mark of places.marks) {
      if (!within(port, mark.x, mark.y)) continue;
      const told = states.get(mark.place.index);
      const wording = placeWording(mark.place.name, told, hello, palette, port.zoom < BRIEF_ZOOM);
      const alerted = wording.level > LEVEL.NONE || (told?.inbound ?? 0) > 0;
      const key = `p${mark.place.index}`;
      wordings.set(key, { wording, row: -1, place: mark });
      labels.push({
        ...labelAt(port, mark.x, mark.y, measure(pen, wording)),
        key,
        tier: placeTier(wording.level, alerted),
        reach: placeReach(mark, port.perPixel),
        rings: alerted ? 4 : 1,
        heading: Number.NaN,
        must: false,
      });
    }
    return labels;
  }

  /**
   * @param {Scene} scene
   * @param {CanvasRenderingContext2D} pen
   * @param {number[]} rows in view
   * @param {Map<string, {wording: Wording, row: number, place: PlaceMark|null}>} wordings
   * @returns {Label[]}
   */
  _trackLabels(scene, pen, rows, wordings) {
    const { field, port, block, settings } = scene;
    if (settings.labels === 0) return [];
    const labels = [];
    for (const { row, tier } of this._labelled(scene, rows)) {
      const wording = trackWording(block, row, scene.hello, scene.palette, moreOf(scene, row, tier));
      const key = `t${block.col.track[row]}`;
      wordings.set(key, { wording, row, place: null });
      labels.push({
        ...labelAt(port, field.x[row], field.y[row], measure(pen, wording)),
        key,
        tier,
        reach: tier === TIER.SELECTED ? 15 : field.symbols[row] ? 11 : 5,
        rings: tier <= TIER.RANKED ? 5 : 2,
        heading: headingOf(scene, row),
        must: tier === TIER.SELECTED || (tier === TIER.PICKED && scene.picked.size <= MOST_PICKED_FORCED),
      });
    }
    return labels;
  }

  /**
   * Rows that are to have a label, with their importance.
   * @param {Scene} scene
   * @param {number[]} rows in view
   */
  _labelled(scene, rows) {
    const found = [];
    const all = this._roomy || scene.settings.labels === 2;
    for (const row of rows) {
      const tier = tierOf(scene, row);
      if (tier <= TIER.RANKED || (all && scene.block.col.object_class[row] !== OBJECT.BIRD)) {
        found.push({ row, tier });
      }
    }
    if (found.length <= MOST_LABELS) return found;
    const { track } = scene.block.col;
    found.sort((a, b) => a.tier - b.tier || track[a.row] - track[b.row]);
    return found.slice(0, MOST_LABELS);
  }

  /** @param {Scene} scene @returns {Box[]} */
  _boxes({ field, port, places }) {
    const boxes = this.symbols.map((row) => boxAround(port, field.x[row], field.y[row], 10));
    for (const mark of places.marks) {
      if (within(port, mark.x, mark.y)) boxes.push(boxAround(port, mark.x, mark.y, 6));
    }
    return boxes;
  }
}

/**
 * @param {Scene} scene
 * @param {number} row
 */
function tierOf({ block, selected, picked }, row) {
  const { track, rank, identity } = block.col;
  if (track[row] === selected) return TIER.SELECTED;
  if (picked.has(track[row])) return TIER.PICKED;
  if (rank[row] > 0 && rank[row] <= FIRST_RANKS) return TIER.FIRST;
  if (rank[row] > 0 && rank[row] <= LAST_RANK) return TIER.RANKED;
  if (identity[row] === IDENTITY.HOSTILE) return TIER.HOSTILE;
  return identity[row] === IDENTITY.SUSPECT ? TIER.SUSPECT : TIER.OTHER;
}

/**
 * The name stands outside the ring while that is small, so as not to cover the sites in it.
 * @param {PlaceMark} mark
 * @param {number} perPixel
 */
function placeReach({ ring, y }, perPixel) {
  const radius = (ring[1] - y) / perPixel;
  return radius > 7 && radius < 70 ? radius + 2 : 7;
}

/**
 * @param {number} level
 * @param {boolean} alerted
 */
function placeTier(level, alerted) {
  if (level === LEVEL.TAKE_COVER) return TIER.WORST_PLACE;
  return alerted ? TIER.ALERTED_PLACE : TIER.PLACE;
}

/**
 * How much a label says: of the selected one also its call sign, its aim and the time to go.
 * @param {Scene} scene
 * @param {number} row
 * @param {number} tier
 */
function moreOf({ settings, detail, state, block, places }, row, tier) {
  const chosen = tier === TIER.SELECTED;
  const detailed = chosen ? 2 : settings.labelDetail ?? 1;
  if (detailed < 2) return { detail: detailed, callsign: null, aim: null };
  const number = block.col.track[row];
  const threat = state?.threats.find((one) => one.track === number);
  const place = places.find(threat?.place ?? null);
  const left = threat?.time_to_go_s;
  const time = left === null || left === undefined ? "" : ` ${minutes(left)}`;
  return {
    detail: detailed,
    callsign: chosen ? detail?.callsign ?? null : null,
    aim: place ? `→ ${place.place.name}${time}` : null,
  };
}

/**
 * Which way a track goes, so that its label does not stand there; NaN where it stands still.
 * @param {Scene} scene
 * @param {number} row
 */
function headingOf({ field }, row) {
  const east = field.vx[row];
  const north = field.vy[row];
  return east * east + north * north < 1 ? Number.NaN : (Math.atan2(east, north) * 180) / Math.PI;
}

/**
 * @param {import("./viewport.js").Viewport} port
 * @param {number} x metres of the map
 * @param {number} y
 * @param {{width: number, height: number}} size
 */
function labelAt(port, x, y, size) {
  return { x: (x - port.left) / port.perPixel, y: (port.top - y) / port.perPixel, ...size };
}

/**
 * The width is rounded up, so that a changing digit does not change it.
 * @param {CanvasRenderingContext2D} pen
 * @param {Wording} wording
 */
function measure(pen, { lines, level }) {
  const indent = level > LEVEL.NONE ? SIGN_PX : 0;
  const widest = Math.max(...lines.map((line, k) => pen.measureText(line).width + (k ? 0 : indent)));
  return {
    width: Math.ceil((widest + 2 * PADDING_PX) / WIDTH_STEP_PX) * WIDTH_STEP_PX,
    height: lines.length * LINE_PX + 3,
  };
}

/** @param {Scene} scene */
export function labelFont({ palette }) {
  return `600 12px ${palette.font}`;
}

/**
 * @param {import("./viewport.js").Viewport} port
 * @param {number} x metres of the map
 * @param {number} y
 * @param {number} half
 * @returns {Box}
 */
function boxAround(port, x, y, half) {
  const px = (x - port.left) / port.perPixel;
  const py = (port.top - y) / port.perPixel;
  return { left: px - half, top: py - half, right: px + half, bottom: py + half };
}

/**
 * @param {Scene} scene
 * @param {number[]} rows
 */
function marksIn({ field, port }, rows) {
  const grid = new MarkGrid(port.width, port.height);
  for (const row of rows) {
    if (field.symbols[row]) continue;
    grid.add((field.x[row] - port.left) / port.perPixel, (port.top - field.y[row]) / port.perPixel);
  }
  return grid;
}
