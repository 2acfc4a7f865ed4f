// Shapes of the small marks: one for each identity, so that colour is never the only sign.

import { IDENTITY } from "./codes.js";

/**
 * A mark as the places of its pixels, from its middle.
 * @typedef {object} Stamp
 * @property {number} reach pixels from the middle to its edge
 * @property {Int8Array} dx
 * @property {Int8Array} dy
 */

/** @typedef {{full: Stamp, hollow: Stamp}} Mark */

/** Full marks in two sizes; the hollow ones are their edges. */
const FRIEND = [
  [".XXX.", "XXXXX", "XXXXX", "XXXXX", ".XXX."],
  ["..XXX..", ".XXXXX.", "XXXXXXX", "XXXXXXX", "XXXXXXX", ".XXXXX.", "..XXX.."],
];
const NEUTRAL = [
  ["XXXX", "XXXX", "XXXX", "XXXX"],
  ["XXXXXX", "XXXXXX", "XXXXXX", "XXXXXX", "XXXXXX", "XXXXXX"],
];
const UNKNOWN = [
  [".XX.", "XXXX", "XXXX", ".XX."],
  [".XX.XX.", "XXX.XXX", "XXXXXXX", "..XXX..", "XXXXXXX", "XXX.XXX", ".XX.XX."],
];
const SUSPECT = [
  ["...X...", "..XXX..", "..XXX..", ".XXXXX.", "XXXXXXX"],
  ["....X....", "....X....", "...XXX...", "...XXX...", "..XXXXX..", "..XXXXX..", ".XXXXXXX.", "XXXXXXXXX"],
];
const HOSTILE = [
  ["...X...", "..XXX..", ".XXXXX.", "XXXXXXX", ".XXXXX.", "..XXX..", "...X..."],
  [
    "....X....",
    "...XXX...",
    "..XXXXX..",
    ".XXXXXXX.",
    "XXXXXXXXX",
    ".XXXXXXX.",
    "..XXXXX..",
    "...XXX...",
    "....X....",
  ],
];
const BIRD = [
  ["X...X", ".X.X.", "..X.."],
  ["X.....X", ".X...X.", "..X.X..", "...X..."],
];

/**
 * The marks by identity, and the one of birds behind them, for a size and for the pixels of the
 * screen.
 * @param {0|1} size
 * @param {number} ratio canvas pixels in one CSS pixel
 * @returns {{identity: Mark[], bird: Mark}}
 */
export function marksOf(size, ratio) {
  const times = Math.max(1, Math.round(ratio));
  /** @param {string[][]} drawings */
  const mark = (drawings) => markOf(enlarged(drawings[size], times));
  const identity = [];
  identity[IDENTITY.PENDING] = mark(UNKNOWN);
  identity[IDENTITY.UNKNOWN] = mark(UNKNOWN);
  identity[IDENTITY.ASSUMED_FRIEND] = mark(FRIEND);
  identity[IDENTITY.FRIEND] = mark(FRIEND);
  identity[IDENTITY.NEUTRAL] = mark(NEUTRAL);
  identity[IDENTITY.SUSPECT] = mark(SUSPECT);
  identity[IDENTITY.HOSTILE] = mark(HOSTILE);
  return { identity, bird: mark(BIRD) };
}

/**
 * @param {string[]} drawing
 * @param {number} times
 */
function enlarged(drawing, times) {
  return drawing.flatMap((line) =>
    Array(times).fill([...line].map((sign) => sign.repeat(times)).join("")),
  );
}

/** @param {string[]} drawing @returns {Mark} */
function markOf(drawing) {
  /** @param {number} x @param {number} y */
  const inked = (x, y) => drawing[y]?.[x] === "X";
  /** @param {number} x @param {number} y */
  const edge = (x, y) =>
    inked(x, y) &&
    !(inked(x - 1, y) && inked(x + 1, y) && inked(x, y - 1) && inked(x, y + 1));
  return { full: stampOf(drawing, inked), hollow: stampOf(drawing, edge) };
}

/**
 * @param {string[]} drawing
 * @param {(x: number, y: number) => boolean} holds
 * @returns {Stamp}
 */
function stampOf(drawing, holds) {
  const width = drawing[0].length;
  const height = drawing.length;
  const dx = [];
  const dy = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!holds(x, y)) continue;
      dx.push(x - (width >> 1));
      dy.push(y - (height >> 1));
    }
  }
  return { reach: (Math.max(width, height) >> 1) + 1, dx: Int8Array.from(dx), dy: Int8Array.from(dy) };
}
