// Posture and weapons control status of each sector; the operator of a simulation sets them here.

import { el, setHidden, setText } from "../dom.js";
import { clock } from "../format.js";
import { KeyedTable } from "../rows.js";
import { slug } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").SectorState} SectorState */
/** @typedef {import("../page.js").Page} Page */
/** @typedef {{name: string, allowed: boolean}} Choice */

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function sectorsPanel(page) {
  const { store } = page;
  const table = sectorTable(page);
  const everywhere = everywhereBar(page);
  return {
    name: "sectors",
    title: "Sectors",
    element: el("div", { class: "stack" }, everywhere.element, table.element),
    topics: ["state", "hello"],
    badge: () => {
      const ceased = (store.state?.sectors ?? []).some((each) => each.cease_fire_s !== null);
      return { text: ceased ? "CF" : "", urgent: ceased };
    },
    paint: () => {
      table.update(store.state?.sectors ?? []);
      everywhere.paint();
    },
  };
}

/** Name of a sector's level. @param {Page} page @param {SectorState} sector */
export function levelName(page, sector) {
  const level = sector.level;
  return typeof level === "number" ? page.store.hello?.postures[level]?.name ?? "" : level;
}

/** A station may have one sector, without a name. @param {SectorState} sector */
function sectorName(sector) {
  return sector.sector || "the whole station";
}

/** @param {Page} page */
function sectorTable(page) {
  return new KeyedTable({
    caption: "Sectors: posture and weapons control status",
    name: "sectors",
    key: (/** @type {SectorState} */ sector) => sector.sector,
    rowClass: (sector) =>
      `wcs-${slug(sector.weapons_control_status)}${sector.cease_fire_s === null ? "" : " ceased"}`,
    empty: "No sectors.",
    columns: [
      { head: "Sector, since", name: "where",
        make: (cell) => twoLines(cell, (sector) => [
          sector.sector || "Whole station", since(sector)]) },
      { head: "Posture", name: "posture", make: (cell) => postureCell(page, cell) },
      { head: "Weapons, by", name: "who", make: (cell) => weaponsCell(page, cell) },
      { head: "Cease-fire", name: "do", make: (cell) => ceaseCell(page, cell) },
    ],
  });
}

/** @param {SectorState} sector */
function since(sector) {
  if (sector.since_s === null) return "since the start";
  return `${clock(sector.since_s)}${sector.person ? ` ${sector.person}` : ""}`;
}

/**
 * Levels that this user may set: where the machine releases, an approver says so.
 * @param {Page} page
 * @returns {Choice[]}
 */
function levels(page) {
  return (page.store.hello?.postures ?? []).map((level) => ({
    name: level.name,
    allowed: level.release !== "machine" || page.acts.role === "approver",
  }));
}

/** Weapons control statuses, each by the first level that has it. @param {Page} page */
function statuses(page) {
  const postures = page.store.hello?.postures ?? [];
  const names = [...new Set(postures.map((level) => level.weapons_control_status))];
  const first = names.map((name) => postures.findIndex(
    (level) => level.weapons_control_status === name));
  const allowed = levels(page);
  return names.map((name, at) => ({ name, allowed: allowed[first[at]].allowed }));
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(sector: SectorState) => void}
 */
function postureCell(page, cell) {
  const now = (/** @type {SectorState} */ sector) => levelName(page, sector);
  return choiceCell(page, cell, { verb: "set-posture", title: "Posture", now, all: levels(page) });
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(sector: SectorState) => void}
 */
function weaponsCell(page, cell) {
  const choice = el("span", { class: "upper" });
  const by = el("span", { class: "lower" });
  cell.append(choice, by);
  const paint = choiceCell(page, choice, { verb: "set-weapons-control-status",
    title: "Weapons control status", now: (sector) => sector.weapons_control_status,
    all: statuses(page) });
  return (sector) => {
    paint(sector);
    setText(by, sector.release ? `by ${sector.release}` : "–");
    by.title = sector.release ? `Engagements are released by: ${sector.release}` : "";
  };
}

/**
 * A choice for whoever may set it, words for others.
 * @param {Page} page
 * @param {HTMLElement} cell
 * @param {{verb: "set-posture"|"set-weapons-control-status", title: string, all: Choice[],
 *   now: (sector: SectorState) => string}} what
 * @returns {(sector: SectorState) => void}
 */
function choiceCell(page, cell, { verb, title, all, now }) {
  if (!page.acts.offers(verb)) return (sector) => setText(cell, now(sector) || "–");
  /** @type {SectorState|null} */
  let shown = null;
  // While the list is open it is not changed under the user's hand.
  let choosing = false;
  const begin = () => {
    choosing = true;
  };
  const end = () => {
    choosing = false;
  };
  const choice = el("select", { pointerdown: begin, keydown: begin, blur: end, change: async () => {
    const sector = shown;
    end();
    if (!sector) return;
    const done = await page.acts.act(verb, sector.sector, choice.value, sector.revision);
    if (!done) choice.value = now(sector);
  } });
  choice.append(...all.map(({ name, allowed }) => el("option", { value: name,
    text: allowed ? name : `${name} (an approver sets it)`, disabled: !allowed })));
  cell.append(choice);
  return (sector) => {
    shown = sector;
    choice.setAttribute("aria-label", `${title} of ${sectorName(sector)}`);
    const name = now(sector);
    if (!choosing && choice.value !== name) choice.value = name;
    const over = !page.acts.offers(verb);
    if (choice.disabled !== over) choice.disabled = over;
  };
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(sector: SectorState) => void}
 */
function ceaseCell(page, cell) {
  const words = el("span", { class: "lower" });
  /** @type {SectorState|null} */
  let shown = null;
  const cease = el("button", { type: "button", class: "small", text: "Cease", click: () => {
    if (shown) page.acts.act("cease-fire", shown.sector, "", shown.revision);
  } });
  const lift = el("button", { type: "button", class: "small", text: "Lift", click: () => {
    if (shown) page.acts.act("lift-cease-fire", shown.sector, "", shown.revision);
  } });
  if (page.acts.offers("cease-fire")) cell.append(cease);
  if (page.acts.offers("lift-cease-fire")) cell.append(lift);
  cell.append(words);
  return (sector) => {
    shown = sector;
    const ceased = sector.cease_fire_s !== null;
    setHidden(cease, ceased);
    setHidden(lift, !ceased);
    cease.setAttribute("aria-label", `Cease fire in ${sectorName(sector)}`);
    lift.setAttribute("aria-label", `Lift the cease-fire in ${sectorName(sector)}`);
    setText(words, ceased ? `since ${clock(sector.cease_fire_s)}` : "");
  };
}

/** Posture and cease-fire of all sectors at once. @param {Page} page */
function everywhereBar(page) {
  const choice = el("select", { "aria-label": "Posture for all sectors" });
  const set = el("button", { type: "button", class: "small", text: "Set for all",
    click: () => page.acts.act("set-posture", "", choice.value) });
  const cease = el("button", { type: "button", class: "small", text: "Cease fire everywhere",
    click: () => page.acts.act("cease-fire", "") });
  const element = el("div", { class: "bar" }, choice, set, el("span", { class: "grow" }), cease);
  /** @type {unknown} */
  let filled = null;
  return {
    element,
    paint: () => {
      setHidden(element, !page.acts.offers("set-posture"));
      if (filled === page.store.hello) return;
      filled = page.store.hello;
      choice.replaceChildren(...levels(page).filter((level) => level.allowed)
        .map(({ name }) => el("option", { value: name, text: name })));
    },
  };
}
