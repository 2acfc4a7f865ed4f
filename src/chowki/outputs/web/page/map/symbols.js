// Full symbols after APP-6 / MIL-STD-2525D, drawn once each and kept as bitmaps.

import { IDENTITY, IDENTITY_COLOURS, OBJECT } from "./codes.js";

/** @typedef {import("./palette.js").Palette} Palette */

/**
 * @typedef {object} Sprite
 * @property {HTMLCanvasElement} canvas
 * @property {number} width CSS pixels
 * @property {number} height
 * @property {number} anchorX from the left edge to the point that lies on the track
 * @property {number} anchorY
 */

// A symbol's number is made of: version 10; context; standard identity; symbol set; status, command
// and echelon, all none; entity; modifiers, none. The context is always "reality": with "exercise"
// the standard gives a hostile the frame of a friend (a faker), which nobody here should have to
// read. That all is an exercise is said by the page.
const VERSION = "10";
const REALITY = "0";
const PLAIN = "0000";
const NO_MODIFIERS = "0000";
const AIR = "01";
const MISSILE = "02";

/** Digit of the standard identity, by our code. */
const STANDARD = /** @type {Record<number, string>} */ ({
  [IDENTITY.PENDING]: "0",
  [IDENTITY.UNKNOWN]: "1",
  [IDENTITY.ASSUMED_FRIEND]: "2",
  [IDENTITY.FRIEND]: "3",
  [IDENTITY.NEUTRAL]: "4",
  [IDENTITY.SUSPECT]: "5",
  [IDENTITY.HOSTILE]: "6",
});

/** Symbol set and entity of each class, military and civilian. */
const ENTITIES = /** @type {Record<number, [string, string]>} */ ({
  [OBJECT.MULTIROTOR]: [AIR + "110400", AIR + "110400"], // drone with vertical take-off
  [OBJECT.FIXED_WING_DRONE]: [AIR + "110300", AIR + "120300"], // drone with fixed wings
  [OBJECT.LOITERING_MUNITION]: [MISSILE + "110000", MISSILE + "110000"],
  [OBJECT.DECOY]: [AIR + "130200", AIR + "130200"],
  [OBJECT.AEROPLANE]: [AIR + "110100", AIR + "120100"],
  [OBJECT.HELICOPTER]: [AIR + "110200", AIR + "120200"],
});
const NO_ENTITY = AIR + "000000";
const CIVIL = /** @type {Set<number>} */ (new Set([IDENTITY.NEUTRAL, IDENTITY.ASSUMED_FRIEND]));

/**
 * The 20 digits of a symbol.
 * @param {number} identity
 * @param {number} objectClass
 * @returns {string}
 */
export function symbolNumber(identity, objectClass) {
  const standard = STANDARD[identity] ?? STANDARD[IDENTITY.UNKNOWN];
  const pair = ENTITIES[objectClass];
  const entity = pair ? pair[CIVIL.has(identity) ? 1 : 0] : NO_ENTITY;
  const [set, icon] = [entity.slice(0, 2), entity.slice(2)];
  return VERSION + REALITY + standard + set + PLAIN + icon + NO_MODIFIERS;
}

export class SymbolBook {
  constructor() {
    /** @type {Map<number, Sprite>} */
    this._sprites = new Map();
    /** @type {Palette|null} */
    this._palette = null;
    this._ratio = 0;
  }

  /**
   * @param {number} identity
   * @param {number} objectClass
   * @param {number} size of the frame, CSS pixels
   * @param {Palette} palette
   * @param {number} ratio canvas pixels in one CSS pixel
   * @returns {Sprite}
   */
  sprite(identity, objectClass, size, palette, ratio) {
    if (palette !== this._palette || ratio !== this._ratio) {
      this._sprites.clear();
      this._palette = palette;
      this._ratio = ratio;
    }
    const key = (identity * 256 + objectClass) * 256 + size;
    let sprite = this._sprites.get(key);
    if (sprite === undefined) {
      sprite = draw(symbolNumber(identity, objectClass), size, coloursOf(identity, palette), ratio);
      this._sprites.set(key, sprite);
    }
    return sprite;
  }
}

/**
 * Fill and surrounding of a symbol. Icons are black, so by day the fill is brighter than the
 * identity's colour.
 * @param {number} identity
 * @param {Palette} palette
 */
function coloursOf(identity, palette) {
  const name = IDENTITY_COLOURS[identity] ?? "unknown";
  return { fill: palette.symbol[name], halo: palette.halo };
}

/**
 * @param {string} number
 * @param {number} size
 * @param {{fill: string, halo: string}} colours
 * @param {number} ratio
 * @returns {Sprite}
 */
function draw(number, size, { fill, halo }, ratio) {
  const symbol = new ms.Symbol(number, {
    size,
    civilianColor: false,
    fillColor: fill,
    infoFields: false,
    outlineColor: halo,
    outlineWidth: 5,
    strokeWidth: 6,
  });
  const anchor = symbol.getAnchor();
  const extent = symbol.getSize();
  return {
    canvas: symbol.asCanvas(ratio),
    width: extent.width,
    height: extent.height,
    anchorX: anchor.x,
    anchorY: anchor.y,
  };
}
