// Reading a block of tracks in real units.

/** @typedef {import("./types.js").TrackBlock} TrackBlock */
/** @typedef {import("./types.js").Hello} Hello */

/** @typedef {{values: ArrayLike<number>, scale: number, missing: number|null}} Reading */

/**
 * @param {Hello} hello
 * @param {TrackBlock} block
 * @param {string} name of a column
 * @returns {Reading|null} null where the block has no such column
 */
export function reading(hello, block, name) {
  const column = hello.track_columns.find((each) => each.name === name);
  const values = block.col[name];
  if (!column || !values) return null;
  return { values, scale: column.scale, missing: column.missing };
}

/**
 * @param {Hello|null} hello
 * @param {TrackBlock|null} block
 * @param {string} name
 * @param {number} row
 * @returns {number|null} in the unit of the column, null where unknown
 */
export function valueOf(hello, block, name, row) {
  if (!hello || !block || row < 0) return null;
  const column = reading(hello, block, name);
  if (!column) return null;
  const raw = column.values[row];
  if (raw === undefined || raw === column.missing || Number.isNaN(raw)) return null;
  return raw * column.scale;
}

/**
 * @param {TrackBlock|null} block
 * @param {number|null} track
 * @returns {number} -1 where it is not there
 */
export function rowOf(block, track) {
  return block && track !== null ? block.rowOf(track) : -1;
}
