// View, selection, filters and settings live in the address (after #), so that a link shows the
// same picture again.

import { defaultSettings, noFilters } from "./store.js";
import { slug } from "./words.js";

/** @typedef {import("./types.js").Filters} Filters */
/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./types.js").Hello} Hello */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {{lon: number, lat: number, zoom: number}} View */

const NUMBERS = /** @type {const} */ ({
  "min-height": "minHeightM",
  "max-height": "maxHeightM",
  "min-speed": "minSpeedMps",
  "max-speed": "maxSpeedMps",
});

const CODES = /** @type {const} */ ({
  class: ["classes", "object_class"],
  identity: ["identities", "identity"],
  status: ["statuses", "status"],
});

/** Settings that a link carries; what a hand is doing just now is not among them. */
const SETTINGS = /** @type {(keyof Settings)[]} */ ([
  "labels",
  "labelDetail",
  "trails",
  "trailMinutes",
  "vectorMinutes",
  "rings",
  "graticule",
  "coverage",
  "sites",
  "volumes",
  "border",
  "ownLayers",
  "dim",
  "theme",
  "isolate",
  "follow",
  "inView",
]);

/**
 * @param {Store} store
 * @param {View|null} view
 * @returns {string} without the #
 */
export function writeAddress(store, view) {
  const parts = new URLSearchParams();
  if (view) {
    parts.set("view", `${view.lat.toFixed(4)},${view.lon.toFixed(4)},${view.zoom.toFixed(2)}`);
  }
  if (store.selected !== null) parts.set("track", String(store.selected));
  if (store.picked.size) parts.set("picked", [...store.picked].join(","));
  writeFilters(parts, store.filters, store.hello);
  const plain = defaultSettings();
  for (const name of SETTINGS) {
    const value = store.settings[name];
    if (value !== plain[name]) parts.set(kebab(name), String(value));
  }
  return parts.toString().replaceAll("%2C", ",");
}

/**
 * @param {URLSearchParams} parts
 * @param {Filters} filters
 * @param {Hello|null} hello
 */
function writeFilters(parts, filters, hello) {
  for (const [key, [field, list]] of Object.entries(CODES)) {
    const words = filters[field].map((code) => slug(hello?.words[list][code] ?? String(code)));
    if (words.length) parts.set(key, words.join(","));
  }
  for (const [key, field] of Object.entries(NUMBERS)) {
    const value = filters[field];
    if (value !== null) parts.set(key, String(value));
  }
  const place = hello?.places.find((each) => each.index === filters.place);
  if (place) parts.set("place", slug(place.name));
  if (filters.minExistence > 0) parts.set("min-existence", String(filters.minExistence));
}

/**
 * Read an address; what it does not name is as in the beginning.
 * @param {string} hash
 * @param {Hello} hello
 */
export function readAddress(hash, hello) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    view: readView(parts.get("view")),
    track: readNumber(parts.get("track")),
    picked: (parts.get("picked") ?? "").split(",").map(readNumber).filter(isNumber),
    filters: readFilters(parts, hello),
    settings: readSettings(parts),
  };
}

/** @param {string|null} text @returns {View|null} */
function readView(text) {
  const [lat, lon, zoom] = (text ?? "").split(",").map(readNumber);
  return isNumber(lat) && isNumber(lon) && isNumber(zoom) ? { lat, lon, zoom } : null;
}

/**
 * @param {URLSearchParams} parts
 * @param {Hello} hello
 * @returns {Filters}
 */
function readFilters(parts, hello) {
  const filters = noFilters();
  for (const [key, [field, list]] of Object.entries(CODES)) {
    const wanted = (parts.get(key) ?? "").split(",");
    const words = hello.words[list].map(slug);
    filters[field] = words.flatMap((each, code) => (wanted.includes(each) ? [code] : []));
  }
  for (const [key, field] of Object.entries(NUMBERS)) filters[field] = readNumber(parts.get(key));
  const place = hello.places.find((each) => slug(each.name) === parts.get("place"));
  filters.place = place?.index ?? null;
  filters.minExistence = Math.max(0, Math.min(1, readNumber(parts.get("min-existence")) ?? 0));
  return filters;
}

/** @param {URLSearchParams} parts @returns {Partial<Settings>} */
function readSettings(parts) {
  const plain = /** @type {Record<string, any>} */ (defaultSettings());
  const settings = /** @type {Record<string, any>} */ ({});
  for (const name of SETTINGS) {
    const text = parts.get(kebab(name));
    if (text === null) continue;
    if (typeof plain[name] === "boolean") settings[name] = text === "true";
    else if (typeof plain[name] === "number") settings[name] = readNumber(text) ?? plain[name];
    else if (name === "theme") settings[name] = text === "light" ? "light" : "night";
  }
  return settings;
}

/** @param {string|null|undefined} text @returns {number|null} */
function readNumber(text) {
  if (text === null || text === undefined || text.trim() === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** @param {number|null|undefined} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number";
}

/** @param {string} name */
function kebab(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
