// Colours of the map, read from the style sheet so that both themes have one home.

/** @typedef {import("./codes.js").IdentityColour} IdentityColour */

/**
 * @typedef {object} Palette
 * @property {Record<IdentityColour, string>} identity
 * @property {Record<IdentityColour, number>} ink the same as blue-green-red numbers, for pixels
 * @property {Record<IdentityColour, string>} symbol fill of full symbols, bright enough for dark icons
 * @property {string[]} level by code of the warning level
 * @property {string} land
 * @property {string} water
 * @property {string} coast
 * @property {string} line
 * @property {string} text
 * @property {string} soft
 * @property {string} halo
 * @property {string} plate behind labels
 * @property {string} focus
 * @property {string} accent
 * @property {string} bad
 * @property {string} caution
 * @property {string} fill of take cover
 * @property {string} onFill
 * @property {string} border
 * @property {string} font
 * @property {boolean} light
 */

const IDENTITIES = /** @type {IdentityColour[]} */ ([
  "friend",
  "neutral",
  "unknown",
  "suspect",
  "hostile",
]);

/**
 * @param {Element} element
 * @param {boolean} light
 * @returns {Palette}
 */
export function readPalette(element, light) {
  const style = getComputedStyle(element);
  /** @param {string} name @param {string} otherwise */
  const read = (name, otherwise) => style.getPropertyValue(`--${name}`).trim() || otherwise;
  const identity = /** @type {Record<IdentityColour, string>} */ ({});
  const ink = /** @type {Record<IdentityColour, number>} */ ({});
  const symbol = /** @type {Record<IdentityColour, string>} */ ({});
  for (const name of IDENTITIES) {
    identity[name] = read(name, "#cccccc");
    ink[name] = inkOf(identity[name]);
    symbol[name] = read(`symbol-${name}`, identity[name]);
  }
  const text = read("map-text", "#c9d6df");
  const halo = read("map-halo", "#0a1016");
  return {
    identity,
    ink,
    symbol,
    level: [text, read("advisory", "#ffc44d"), read("take-cover", "#ff7a70"), read("all-clear", "#4fd1a5")],
    land: read("map-land", "#18222b"),
    water: read("map-water", "#0a1016"),
    coast: read("map-coast", read("map-line", "#3c4d5a")),
    line: read("map-line", "#3c4d5a"),
    text,
    soft: read("text-soft", "#a9b8c4"),
    halo,
    plate: read("map-plate", halo),
    focus: read("focus", "#ffd24a"),
    accent: read("accent", "#58bdf0"),
    bad: read("bad", "#ff7a70"),
    caution: read("caution", "#ffc44d"),
    fill: read("take-cover-fill", "#b3261e"),
    onFill: read("on-fill", "#ffffff"),
    border: read("map-border", "#b59bd6"),
    font: style.fontFamily || "sans-serif",
    light,
  };
}

/**
 * A colour as a number whose bytes lie as pixels do: red lowest, no opacity.
 * @param {string} colour any CSS colour
 */
export function inkOf(colour) {
  const [red, green, blue] = componentsOf(colour);
  return red | (green << 8) | (blue << 16);
}

/**
 * Red, green and blue, 0 to 255, of any CSS colour.
 * @param {string} colour
 * @returns {[number, number, number]}
 */
function componentsOf(colour) {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return [200, 200, 200];
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
