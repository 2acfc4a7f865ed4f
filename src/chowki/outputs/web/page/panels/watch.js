// The rest of the night watch: authorised drones, pilots, and the note at handover.

import { el, setHidden, setText } from "../dom.js";
import { age, clock, date, position, remoteId } from "../format.js";
import { KeyedTable } from "../rows.js";

/** @typedef {import("../types.js").Authorised} Authorised */
/** @typedef {import("../types.js").Pilot} Pilot */
/** @typedef {import("../page.js").Page} Page */

/**
 * @param {Page} page
 * @param {() => void} writeHandover opens the dialog
 * @returns {import("../deck.js").Panel}
 */
export function watchPanel(page, writeHandover) {
  const { store, acts } = page;
  const drones = droneTable(page);
  const pilots = pilotTable(page);
  const note = el("p", { class: "handover" });
  const by = el("p", { class: "lower" });
  const write = el("button", { type: "button", class: "small", text: "Write a handover note",
    click: writeHandover });
  const group = (/** @type {string} */ title, /** @type {Node[]} */ ...nodes) =>
    el("section", { class: "group" }, el("h2", { class: "part", text: title }), ...nodes);
  return {
    name: "watch",
    title: "Watch",
    element: el("div", { class: "stack scroll" },
      group("Handover", note, by, write),
      group("Authorised drones", drones.element),
      group("Pilots heard by Remote ID", pilots.element)),
    topics: ["state", "hello"],
    paint: () => {
      const handover = store.state?.handover ?? null;
      setText(note, handover ? handover.note : "No note was handed over.");
      setText(by, handover
        ? `${handover.person}, ${date(handover.time_s)} ${clock(handover.time_s)} UTC` : "");
      setHidden(write, !acts.offers("handover"));
      drones.update(store.state?.authorised ?? []);
      pilots.update(store.state?.pilots ?? []);
    },
  };
}

/** @param {Page} page */
function droneTable(page) {
  return new KeyedTable({
    caption: "Authorised drones",
    name: "drones",
    key: (/** @type {Authorised} */ drone) => drone.address,
    choose: (drone) => page.choose(drone.track),
    empty: "None. Mark one from the details of a track that sends Remote ID.",
    columns: [
      { head: "Address", name: "where", button: true, 
        text: (drone) => drone.name || remoteId(drone.address) },
      { head: "Track", name: "time", text: (drone) => (drone.track === null ? "–" : String(drone.track)) },
      { head: "Note, by", name: "text",
        text: (drone) => [drone.note, drone.person].filter(Boolean).join(", by ") },
      ...(page.acts.offers("withdraw-authorisation") ? [{ head: "Act", quiet: true, name: "do",
        make: (/** @type {HTMLElement} */ cell) => withdraw(page, cell) }] : []),
    ],
  });
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(drone: Authorised) => void}
 */
function withdraw(page, cell) {
  if (!page.acts.offers("withdraw-authorisation")) return () => {};
  let address = "";
  const button = el("button", { type: "button", class: "small", text: "Withdraw",
    click: () => page.acts.act("withdraw-authorisation", address) });
  cell.append(button);
  return (drone) => {
    address = String(drone.address);
    button.setAttribute("aria-label", `Withdraw the authorisation of ${drone.name}`);
  };
}

/** @param {Page} page */
function pilotTable(page) {
  return new KeyedTable({
    caption: "Pilots heard by Remote ID",
    name: "drones",
    key: (/** @type {Pilot} */ pilot) => pilot.address,
    choose: (pilot) => page.goTo(pilot.lon, pilot.lat),
    empty: "None.",
    columns: [
      { head: "Address", name: "where", button: true, 
        text: (pilot) => remoteId(pilot.address) },
      { head: "Track", name: "time", text: (pilot) => (pilot.track === null ? "–" : String(pilot.track)) },
      { head: "Position", name: "text", text: (pilot) => position(pilot.lat, pilot.lon) },
      { head: "Heard", name: "time",
        text: (pilot) => `${age((page.store.state?.time_s ?? 0) - pilot.time_s)} ago` },
    ],
  });
}
