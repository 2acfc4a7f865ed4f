// Posture and weapons control status of each sector; the operator of a simulation sets them here.

import { el, setHidden, setText } from "../dom.js";
import { clock } from "../format.js";
import { KeyedTable } from "../rows.js";
import { slug } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").SectorState} SectorState */
/** @typedef {import("../page.js").Page} Page */

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
        make: (cell) => twoLines(cell, (sector) => [sector.sector, since(sector)]) },
      { head: "Weapons, by", name: "who",
        make: (cell) => twoLines(cell, (sector) => [
          sector.weapons_control_status || "–", sector.release || "–"]) },
      { head: "Posture", name: "posture", make: (cell) => postureCell(page, cell) },
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
 */
function levels(page) {
  return (page.store.hello?.postures ?? []).map((level) => ({
    name: level.name,
    allowed: level.release !== "machine" || page.acts.role === "approver",
  }));
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(sector: SectorState) => void}
 */
function postureCell(page, cell) {
  if (!page.acts.offers("set-posture")) {
    return (sector) => setText(cell, levelName(page, sector) || "–");
  }
  /** @type {SectorState|null} */
  let shown = null;
  const choice = el("select", { change: async () => {
    const sector = shown;
    if (!sector) return;
    const done = await page.acts.act("set-posture", sector.sector, choice.value, sector.revision);
    if (!done) choice.value = levelName(page, sector);
  } });
  choice.append(...levels(page).map(({ name, allowed }) => el("option", { value: name,
    text: allowed ? name : `${name} (an approver sets it)`, disabled: !allowed })));
  cell.append(choice);
  return (sector) => {
    shown = sector;
    choice.setAttribute("aria-label", `Posture of ${sector.sector}`);
    const name = levelName(page, sector);
    if (document.activeElement !== choice && choice.value !== name) choice.value = name;
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
    cease.setAttribute("aria-label", `Cease fire in ${sector.sector}`);
    lift.setAttribute("aria-label", `Lift the cease-fire in ${sector.sector}`);
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
