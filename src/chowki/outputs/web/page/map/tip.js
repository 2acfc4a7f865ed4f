// What the small note at the pointer says.

import { valueAt } from "../block.js";
import { codeOf } from "./codes.js";
import { bearingWording, kilometres, minutes } from "./naming.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./ground.js").Ground} Ground */

/** Sites are drawn from this on, and told of. */
const SITES_PER_PIXEL_M = 155;

/**
 * @param {Store} store
 * @param {{picture: Picture, ground: Ground}} parts
 * @param {number} row of the track under the pointer, -1: none
 * @param {number} x metres of the map
 * @param {number} y
 * @param {number} reach metres of the map
 * @returns {string} empty where there is nothing to tell
 */
export function tipOf(store, { picture, ground }, row, x, y, reach) {
  if (store.settings.measure) return "";
  if (row >= 0) return trackTip(store, picture, row);
  const near = reach * 0.8;
  const place = picture.places.nearest(x, y, near);
  if (place) return placeTip(store, place.place);
  if (store.settings.sites && reach / 12 <= SITES_PER_PIXEL_M) {
    const mark = ground.sites.find((one) => Math.hypot(one.x - x, one.y - y) < near);
    if (mark) return siteTip(store, mark.site);
  }
  const mark = ground.sensors.find((one) => Math.hypot(one.x - x, one.y - y) < near);
  return mark ? sensorTip(store, mark.sensor) : "";
}

/**
 * @param {Store} store
 * @param {Picture} picture
 * @param {number} row
 */
function trackTip({ hello, state }, { field, places }, row) {
  const { block } = field;
  if (!block || !hello) return "";
  const { col } = block;
  const kind = hello.words.object_class[col.object_class[row]] ?? "class not known";
  const identity = hello.words.identity[col.identity[row]] ?? "";
  const status = hello.words.status[col.status[row]] ?? "";
  const lines = [`${col.track[row]}: ${identity}, ${kind}, ${status}`];
  const height = valueAt(block, "height_m", row);
  const above = valueAt(block, "agl_m", row);
  const speed = valueAt(block, "speed", row);
  const course = valueAt(block, "course", row);
  const flown = [];
  if (height !== null) flown.push(`height ${height} m`);
  if (above !== null) flown.push(`${above} m above ground`);
  if (flown.length) lines.push(flown.join(", "));
  if (speed !== null) {
    const towards = course === null ? "" : ` towards ${bearingWording(course)}`;
    lines.push(`${Math.round(speed)} m/s${towards}`);
  }
  const place = places.find(valueAt(block, "place", row));
  const number = col.track[row];
  const threat = state?.threats.find((one) => one.track === number);
  const left = threat?.time_to_go_s;
  if (place && col.rank[row] > 0) {
    const time = left === null || left === undefined ? "" : `, ${minutes(left)} to go`;
    lines.push(`rank ${col.rank[row]}: threatens ${place.place.name}${time}`);
  }
  return lines.join("\n");
}

/**
 * @param {Store} store
 * @param {import("../types.js").Place} place
 */
function placeTip({ hello, state }, place) {
  const told = state?.places.find((one) => one.index === place.index);
  const level = hello?.words.level[codeOf(told?.level, hello.words.level)] ?? "";
  const lines = [place.name, [place.kind, place.sector].filter(Boolean).join(", ")];
  if (level && level !== "none") lines.push(level);
  if (told && told.inbound > 0) {
    const left = told.time_to_go_s === null ? "" : `, first in ${minutes(told.time_to_go_s)}`;
    lines.push(`${told.inbound} inbound${left}`);
  }
  return lines.filter(Boolean).join("\n");
}

/**
 * @param {Store} store
 * @param {import("../types.js").Site} site
 */
function siteTip({ state, hello }, site) {
  const told = state?.sites.find((one) => one.index === site.index);
  const kind = hello?.words.effector[codeOf(site.effector, hello.words.effector)] ?? site.effector;
  const left = told?.rounds_left ?? site.magazine;
  return `${site.name}: ${kind}\n${left} of ${site.magazine} rounds left\nreaches ${kilometres(site.range_m)}`;
}

/**
 * @param {Store} store
 * @param {import("../types.js").Sensor} sensor
 */
function sensorTip({ state }, sensor) {
  const told = state?.sensors.find((one) => one.number === sensor.number);
  const lines = [`${sensor.name}: ${sensor.kind}`];
  if (told) lines.push([told.state, ...told.faults].join(", "));
  if (sensor.range_m) lines.push(`reaches ${kilometres(sensor.range_m)}`);
  return lines.join("\n");
}
