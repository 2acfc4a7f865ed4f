// The block of tracks as it comes over the wire: flat columns, read where they lie.

/** @typedef {import("./types.js").TrackBlock} TrackBlock */
/** @typedef {import("./types.js").TrackColumn} TrackColumn */
/** @typedef {TrackBlock & {missing: Record<string, number|null>}} Block */
/** @typedef {Float32Array|Uint32Array|Int16Array|Uint16Array|Uint8Array} Column */
/** @typedef {new (buffer: ArrayBuffer, offset: number, length: number) => Column} ColumnType */

const MAGIC = 0x314b4843; // "CHK1", little-endian
const HEAD_BYTES = 16;

/** @type {Record<TrackColumn["dtype"], {make: ColumnType, bytes: number}>} */
const TYPES = {
  f4: { make: Float32Array, bytes: 4 },
  u4: { make: Uint32Array, bytes: 4 },
  i2: { make: Int16Array, bytes: 2 },
  u2: { make: Uint16Array, bytes: 2 },
  u1: { make: Uint8Array, bytes: 1 },
};

/**
 * Read a block: 16 bytes of head (magic, number of tracks, UTC seconds), then the columns in the
 * order in which the hello message names them. Nothing is copied unless a column lies at an odd
 * place.
 * @param {ArrayBuffer} buffer
 * @param {TrackColumn[]} columns
 * @returns {Block}
 * @throws {Error} when it is no block, or has not the length that the columns ask for
 */
export function decodeBlock(buffer, columns) {
  const { n, timeS } = readHead(buffer, columns);
  /** @type {Record<string, Column>} */
  const col = {};
  /** @type {Record<string, number>} */
  const scale = {};
  /** @type {Record<string, number|null>} */
  const missing = {};
  let offset = HEAD_BYTES;
  for (const { name, dtype, scale: factor, missing: lacking } of columns) {
    const { make, bytes } = TYPES[dtype];
    const end = offset + n * bytes;
    col[name] =
      offset % bytes === 0 ? new make(buffer, offset, n) : new make(buffer.slice(offset, end), 0, n);
    scale[name] = factor;
    missing[name] = lacking;
    offset = end;
  }
  return { n, timeS, col, scale, missing, rowOf: rowFinder(col.track, n) };
}

/**
 * @param {ArrayBuffer} buffer
 * @param {TrackColumn[]} columns
 */
function readHead(buffer, columns) {
  if (buffer.byteLength < HEAD_BYTES) throw new Error("A block of tracks is cut short.");
  const head = new DataView(buffer);
  if (head.getUint32(0, true) !== MAGIC) throw new Error("This is no block of tracks.");
  const n = head.getUint32(4, true);
  const each = columns.reduce((sum, column) => sum + TYPES[column.dtype].bytes, 0);
  if (buffer.byteLength !== HEAD_BYTES + n * each) {
    throw new Error(
      `A block of ${n} tracks has ${buffer.byteLength} bytes, not ${HEAD_BYTES + n * each}: ` +
        "reload the page, the server may have been changed.",
    );
  }
  return { n, timeS: head.getFloat64(8, true) };
}

/**
 * Finds rows by track number; its index is made when it is first asked.
 * @param {Column} tracks
 * @param {number} n
 * @returns {(track: number) => number} the row, -1 where the track is not in the block
 */
function rowFinder(tracks, n) {
  /** @type {Map<number, number>|null} */
  let rows = null;
  return (track) => {
    if (rows === null) {
      rows = new Map();
      for (let row = 0; row < n; row++) rows.set(tracks[row], row);
    }
    return rows.get(track) ?? -1;
  };
}

/**
 * A value of a track in its unit.
 * @param {Block} block
 * @param {string} name
 * @param {number} row
 * @returns {number|null} null where nothing is known
 */
export function valueAt(block, name, row) {
  const raw = block.col[name][row];
  return raw === block.missing[name] ? null : raw * block.scale[name];
}
