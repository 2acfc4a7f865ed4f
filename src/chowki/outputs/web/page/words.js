// Codes and words: what the hello message says of them, and how each is marked on the page.

/** @typedef {import("./types.js").Hello} Hello */
/** @typedef {import("./types.js").Coded} Coded */
/** @typedef {keyof import("./types.js").Words} WordList */

/** Shape and letter of each identity, so that colour is never the only sign. */
const IDENTITY_MARKS = /** @type {Record<string, string>} */ ({
  friend: "F",
  "assumed friend": "A",
  neutral: "N",
  unknown: "U",
  pending: "P",
  suspect: "S",
  hostile: "H",
});

/**
 * The word of a code; a word stays as it is.
 * @param {Hello|null} hello
 * @param {WordList} list
 * @param {Coded|null|undefined} value
 * @returns {string}
 */
export function word(hello, list, value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value.replaceAll("_", " ");
  return value < 0 ? "" : hello?.words[list]?.[value] ?? String(value);
}

/** @param {string} text */
export function slug(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
}

/** @param {string} identity */
export function identityMark(identity) {
  return IDENTITY_MARKS[identity] ?? "?";
}

/** @param {string} identity */
export function identityClass(identity) {
  return `mark mark-${slug(identity) || "unknown"}`;
}

/** A level without the word that it is only proposed. @param {string} level */
export function bareLevel(level) {
  return level.replace("proposed ", "");
}

/** Sign of a warning level. @param {string} level */
export function levelMark(level) {
  const signs = /** @type {Record<string, string>} */ ({
    advisory: "▲",
    "take cover": "■",
    "all clear": "●",
  });
  return signs[bareLevel(level)] ?? "·";
}

/** How bad a level is, to compare. @param {string} level */
export function levelWeight(level) {
  const bare = bareLevel(level);
  return bare === "take cover" ? 2 : bare === "advisory" ? 1 : 0;
}

/**
 * @param {Hello|null} hello
 * @param {number|null|undefined} index
 */
export function placeName(hello, index) {
  if (index === null || index === undefined || index < 0) return "open country";
  return hello?.places.find((place) => place.index === index)?.name ?? `place ${index}`;
}

/**
 * @param {Hello|null} hello
 * @param {number|null|undefined} index
 */
export function siteName(hello, index) {
  if (index === null || index === undefined || index < 0) return "";
  return hello?.sites.find((site) => site.index === index)?.name ?? `site ${index}`;
}
