// Below the map: where the pointer is. What the map has to tell (a measure that was taken, a layer
// that cannot be read) is shown and read out.

import { byId, el, setHidden, setText } from "./dom.js";
import { position } from "./format.js";

/** @param {import("./page.js").Page} page */
export function makeReadout(page) {
  const box = el("div", { class: "map-cursor", hidden: true });
  byId("map").append(box);
  page.store.on("cursor", (cursor) => {
    setHidden(box, cursor === null);
    if (cursor) setText(box, position(cursor.lat, cursor.lon));
  });
  byId("map").addEventListener("map-told", (event) =>
    page.notes.show(/** @type {CustomEvent<string>} */ (event).detail));
}
