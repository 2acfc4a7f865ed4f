// Which tracks pass the filters. A track whose value is unknown is never hidden by a limit on it.

import { noFilters } from "./store.js";
import { reading } from "./tracks.js";

/** @typedef {import("./types.js").Filters} Filters */
/** @typedef {import("./types.js").Hello} Hello */
/** @typedef {import("./types.js").TrackBlock} TrackBlock */

/** Values that every unknown is given: it passes both limits. */
const UNLIMITED = Number.POSITIVE_INFINITY;

/** @param {Filters} filters */
export function anyFilter(filters) {
  return JSON.stringify(filters) !== JSON.stringify(noFilters());
}

/**
 * Make the function that says which rows of a block pass.
 * @param {Hello|null} hello
 * @returns {(block: TrackBlock, filters: Filters) => Uint8Array}
 */
export function compileFilter(hello) {
  return (block, filters) => {
    const passes = new Uint8Array(block.n).fill(1);
    if (!hello || !anyFilter(filters)) return passes;
    keepCodes(passes, hello, block, "object_class", filters.classes);
    keepCodes(passes, hello, block, "identity", filters.identities);
    keepCodes(passes, hello, block, "status", filters.statuses);
    keepRange(passes, hello, block, "agl_m", filters.minHeightM, filters.maxHeightM);
    keepRange(passes, hello, block, "speed", filters.minSpeedMps, filters.maxSpeedMps);
    if (filters.place !== null) keepCodes(passes, hello, block, "place", [filters.place]);
    if (filters.minExistence > 0) {
      keepRange(passes, hello, block, "existence", filters.minExistence, null);
    }
    return passes;
  };
}

/**
 * @param {Uint8Array} passes
 * @param {Hello} hello
 * @param {TrackBlock} block
 * @param {string} name
 * @param {number[]} codes
 */
function keepCodes(passes, hello, block, name, codes) {
  const column = reading(hello, block, name);
  if (!column || !codes.length) return;
  const wanted = new Set(codes);
  const { values } = column;
  for (let row = 0; row < passes.length; row++) {
    if (passes[row] && !wanted.has(values[row])) passes[row] = 0;
  }
}

/**
 * @param {Uint8Array} passes
 * @param {Hello} hello
 * @param {TrackBlock} block
 * @param {string} name
 * @param {number|null} least in the unit of the column
 * @param {number|null} most
 */
function keepRange(passes, hello, block, name, least, most) {
  const column = reading(hello, block, name);
  if (!column || (least === null && most === null)) return;
  const { values, scale, missing } = column;
  const low = least ?? -UNLIMITED;
  const high = most ?? UNLIMITED;
  for (let row = 0; row < passes.length; row++) {
    const raw = values[row];
    if (!passes[row] || raw === missing) continue;
    const value = raw * scale;
    if (value < low || value > high) passes[row] = 0;
  }
}

/** @param {Uint8Array} passes */
export function countPassing(passes) {
  let n = 0;
  for (let row = 0; row < passes.length; row++) n += passes[row];
  return n;
}
