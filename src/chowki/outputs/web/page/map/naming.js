// What labels say.

import { valueAt } from "../block.js";
import { IDENTITY_COLOURS, LEVEL, SHORT_CLASSES, codeOf } from "./codes.js";

/** @typedef {import("../block.js").Block} Block */
/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("../types.js").PlaceState} PlaceState */
/** @typedef {import("./palette.js").Palette} Palette */

/**
 * @typedef {object} Wording
 * @property {string[]} lines the first is written in the colour
 * @property {string} colour
 * @property {number} level of warning, 0 for tracks
 */

const CLIMBS_MPS = 2;

/**
 * @param {Block} block
 * @param {number} row
 * @param {Hello} hello
 * @param {Palette} palette
 * @param {{detail: number, callsign: string|null, aim: string|null}} more
 * @returns {Wording}
 */
export function trackWording(block, row, hello, palette, { detail, callsign, aim }) {
  const { col } = block;
  const identity = col.identity[row];
  const colour = palette.identity[IDENTITY_COLOURS[identity] ?? "unknown"];
  const number = String(col.track[row]);
  if (detail === 0) return { lines: [number], colour, level: LEVEL.NONE };
  const kind = SHORT_CLASSES[col.object_class[row]];
  const lines = [kind ? `${number} ${kind}` : number];
  const identityWord = hello.words.identity[identity] ?? "";
  lines.push([identityWord, motionWording(block, row)].filter(Boolean).join(" "));
  if (detail > 1 && callsign) lines[0] += ` ${callsign}`;
  if (detail > 1 && aim) lines.push(aim);
  return { lines, colour, level: LEVEL.NONE };
}

/**
 * Height and speed.
 * @param {Block} block
 * @param {number} row
 */
function motionWording(block, row) {
  const height = valueAt(block, "height_m", row);
  const climb = valueAt(block, "climb", row) ?? 0;
  const speed = valueAt(block, "speed", row);
  const trend = climb > CLIMBS_MPS ? "↑" : climb < -CLIMBS_MPS ? "↓" : "";
  const parts = [];
  if (height !== null) parts.push(`${Math.round(height)} m${trend}`.replace("-", "−"));
  if (speed !== null) parts.push(`${Math.round(speed)} m/s`);
  return parts.join(" ");
}

/**
 * @param {string} name
 * @param {PlaceState|undefined} state
 * @param {Hello} hello
 * @param {Palette} palette
 * @param {boolean} brief in one line, where many stand close together
 * @returns {Wording}
 */
export function placeWording(name, state, hello, palette, brief) {
  const level = Math.max(LEVEL.NONE, codeOf(state?.level, hello.words.level));
  const colour = palette.level[level] ?? palette.text;
  if (!state || state.inbound <= 0) return { lines: [name], colour, level };
  const left = state.time_to_go_s === null ? null : minutes(state.time_to_go_s);
  const inbound = left === null ? `${state.inbound}` : `${state.inbound} in ${left}`;
  if (brief) return { lines: [`${name}: ${inbound}`], colour, level };
  const more = left === null ? "" : `, ${left}`;
  return { lines: [name, `${state.inbound} inbound${more}`], colour, level };
}

/** Time as m:ss, or h:mm:ss. @param {number} seconds */
export function minutes(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const rest = String(whole % 60).padStart(2, "0");
  const full = Math.floor(whole / 60);
  if (full < 60) return `${full}:${rest}`;
  return `${Math.floor(full / 60)}:${String(full % 60).padStart(2, "0")}:${rest}`;
}

/** @param {number} metres */
export function kilometres(metres) {
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 100000 ? 1 : 0)} km`;
}

/** @param {number} degrees */
export function bearingWording(degrees) {
  return `${String(Math.round(degrees) % 360).padStart(3, "0")}°`;
}
