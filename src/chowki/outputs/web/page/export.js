// What is visible, as files: PNG of the view, GeoJSON and CSV of the tracks in it, real units.

import { valueOf } from "./tracks.js";
import { placeName, slug, word } from "./words.js";

/** @typedef {import("./page.js").Page} Page */

const CODED = /** @type {Record<string, keyof import("./types.js").Words>} */ ({
  identity: "identity",
  object_class: "object_class",
  status: "status",
});
/** Units as they end the names of the house. @type {Record<string, string>} */
const ENDINGS = { "m/s": "_mps", deg: "_deg", m: "_m", s: "_s" };

/** @param {Page} page @returns {number[]} rows in the view that pass the filters */
function rowsShown(page) {
  const { block, visible } = page.store;
  const rows = page.map?.rowsInView() ?? Array.from({ length: block?.n ?? 0 }, (_, row) => row);
  return rows.filter((row) => visible[row] === 1);
}

/** Name of a column with its unit. @param {import("./types.js").TrackColumn} column */
function heading(column) {
  const ending = ENDINGS[column.unit] ?? "";
  return column.name.endsWith(ending) ? column.name : column.name + ending;
}

/**
 * The tracks that are shown, as plain values under names with units.
 * @param {Page} page
 * @returns {Record<string, string|number|null>[]}
 */
function shownTracks(page) {
  const { hello, block } = page.store;
  if (!hello || !block) return [];
  const time = new Date(block.timeS * 1000).toISOString();
  return rowsShown(page).map((row) => {
    /** @type {Record<string, string|number|null>} */
    const track = { time_utc: time };
    for (const column of hello.track_columns) {
      const value = valueOf(hello, block, column.name, row);
      const list = CODED[column.name];
      if (column.name === "place") track.place = value === null ? "" : placeName(hello, value);
      else track[heading(column)] = list ? word(hello, list, value) : plain(value);
    }
    return track;
  });
}

/** No more digits than there are. @param {number|null} value */
function plain(value) {
  return value === null ? null : Number(value.toPrecision(8));
}

/** @param {Page} page */
export function exportCsv(page) {
  const tracks = shownTracks(page);
  const names = Object.keys(tracks[0] ?? { time_utc: "", track: 0 });
  const lines = tracks.map((track) => names.map((name) => quoted(track[name])).join(","));
  save(page, new Blob([[names.join(","), ...lines, ""].join("\r\n")], { type: "text/csv" }), "csv");
}

/** @param {string|number|null} value */
function quoted(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Page} page */
export function exportGeoJson(page) {
  const { hello } = page.store;
  const features = shownTracks(page).map(({ lat_deg, lon_deg, ...properties }) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: [lon_deg, lat_deg] },
    properties,
  }));
  const document = { type: "FeatureCollection", disclaimer: hello?.disclaimer, features };
  const blob = new Blob([JSON.stringify(document, null, 1)], { type: "application/geo+json" });
  save(page, blob, "geojson");
}

/** @param {Page} page */
export async function exportPng(page) {
  const blob = await page.map?.exportPng();
  if (blob) save(page, blob, "png");
  else page.notes.show("The map could not be drawn into a file.", "bad");
}

/** @param {Page} page @param {Blob} blob @param {string} ending */
function save(page, blob, ending) {
  const { hello, state } = page.store;
  const time = new Date((state?.time_s ?? 0) * 1000).toISOString().slice(0, 19).replaceAll(":", "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${slug(hello?.name ?? "chowki")}-${time}Z.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  page.notes.show(`Saved ${link.download}`);
}
