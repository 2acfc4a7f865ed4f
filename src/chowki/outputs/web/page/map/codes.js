// The numbers of the records, as the map needs them; their words come with the hello message.

/** @typedef {import("../types.js").Coded} Coded */

export const IDENTITY = Object.freeze({
  PENDING: 0,
  UNKNOWN: 1,
  ASSUMED_FRIEND: 2,
  FRIEND: 3,
  NEUTRAL: 4,
  SUSPECT: 5,
  HOSTILE: 6,
});

export const OBJECT = Object.freeze({
  MULTIROTOR: 0,
  FIXED_WING_DRONE: 1,
  LOITERING_MUNITION: 2,
  DECOY: 3,
  AEROPLANE: 4,
  HELICOPTER: 5,
  BIRD: 6,
});

export const STATUS = Object.freeze({ TENTATIVE: 0, CONFIRMED: 1, COASTING: 2, DROPPED: 3 });
export const LEVEL = Object.freeze({ NONE: 0, ADVISORY: 1, TAKE_COVER: 2, ALL_CLEAR: 3 });
export const ENGAGED = Object.freeze({
  REFUSED: 0,
  PROPOSED: 1,
  ORDERED: 2,
  IN_FLIGHT: 3,
  INTERCEPTED: 4,
  MISSED: 5,
});

/** @typedef {"friend"|"neutral"|"unknown"|"suspect"|"hostile"} IdentityColour */

/** Which colour each identity has. @type {readonly IdentityColour[]} */
export const IDENTITY_COLOURS = [
  "unknown",
  "unknown",
  "friend",
  "friend",
  "neutral",
  "suspect",
  "hostile",
];

/** Short names of the classes, for labels. */
export const SHORT_CLASSES = [
  "multirotor",
  "fixed-wing",
  "loitering",
  "decoy",
  "aeroplane",
  "helicopter",
  "bird",
];

/**
 * The code of a value that is sent as a code or as a word.
 * @param {Coded|null|undefined} value
 * @param {string[]|undefined} words
 * @returns {number} -1 where it is not known
 */
export function codeOf(value, words) {
  if (value === null || value === undefined) return -1;
  if (typeof value === "number") return value;
  return words?.indexOf(value.replaceAll("_", " ")) ?? -1;
}
