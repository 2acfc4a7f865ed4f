// Standing warnings, what is proposed, and, for an operator, sending and cancelling them.

import { el, setHidden, setText } from "../dom.js";
import { clock, count, duration, percent } from "../format.js";
import { KeyedTable } from "../rows.js";
import { bareLevel, levelMark, levelWeight, placeName, slug, word } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").Warning} Warning */
/** @typedef {import("../page.js").Page} Page */

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function warningsPanel(page) {
  const { store } = page;
  const table = new KeyedTable({
    caption: "Warnings that stand",
    name: "warnings",
    key: (/** @type {Warning} */ warning) => warning.warning,
    choose: (warning) => show(page, warning),
    rowClass: (warning) => `level-${slug(levelOf(page, warning))}`,
    empty: "No warning stands.",
    columns: columns(page),
  });
  const sender = senderForm(page);
  return {
    name: "warnings",
    title: "Warnings",
    element: el("div", { class: "stack" }, table.element, sender.element),
    topics: ["state", "hello", "settings"],
    badge: () => {
      const standing = (store.state?.warnings ?? []).filter((each) => !each.proposed);
      const worst = standing.some((each) => levelWeight(levelOf(page, each)) > 1);
      return { text: count(standing.length), urgent: worst };
    },
    paint: () => {
      table.update(ordered(page));
      sender.paint();
    },
  };
}

/** @param {Page} page @param {Warning} warning */
function levelOf(page, warning) {
  return bareLevel(word(page.store.hello, "level", warning.level));
}

/** A place, or else the area in which a track threatens people. @param {Page} page @param {Warning} warning */
function nameOf(page, warning) {
  if (warning.place >= 0) return placeName(page.store.hello, warning.place);
  return warning.track === null || warning.track < 0 ? "Area" : `Area, track ${warning.track}`;
}

/** @param {Warning} warning */
function subjectOf(warning) {
  return warning.place >= 0 ? warning.place : `cell:${warning.cell}`;
}

/** Worst first, then the soonest. @param {Page} page */
function ordered(page) {
  const weight = (/** @type {Warning} */ warning) => levelWeight(levelOf(page, warning));
  const soon = (/** @type {Warning} */ warning) => warning.arrival_s ?? Number.MAX_VALUE;
  const warnings = [...(page.store.state?.warnings ?? [])];
  return warnings.sort(
    (a, b) => weight(b) - weight(a) || soon(a) - soon(b) || a.warning - b.warning,
  );
}

/** @param {Page} page @param {Warning} warning */
function show(page, warning) {
  if (warning.place >= 0) page.goToPlace(warning.place);
  else page.goTo(warning.lat, warning.lon);
}

/** @param {number|null} arrival_s @param {number} now_s */
function arrival(arrival_s, now_s) {
  if (arrival_s === null) return "–";
  return arrival_s <= now_s ? "now" : duration(arrival_s - now_s);
}

/**
 * @param {Page} page
 * @returns {import("../rows.js").Column<Warning>[]}
 */
function columns(page) {
  const time = () => page.store.state?.time_s ?? 0;
  return [
    {
      head: "Place, level",
      name: "where",
      button: true,
      make: (cell) => twoLines(cell, (warning) => [
        nameOf(page, warning),
        `${levelMark(levelOf(page, warning))} ${levelOf(page, warning)}${
          warning.proposed ? ", proposed" : ""}`,
      ]),
    },
    {
      head: "Arrival",
      name: "when",
      make: (cell) => twoLines(cell, (warning) => [
        arrival(warning.arrival_s, time()),
        warning.arrival_s === null ? "" : clock(warning.arrival_s),
      ]),
    },
    {
      head: "Inbound",
      name: "how-sure",
      make: (cell) => twoLines(cell, (warning) => [
        warning.inbound === null ? "–" : String(warning.inbound),
        percent(warning.probability),
      ]),
    },
    {
      head: "Until",
      name: "when",
      make: (cell) => twoLines(cell, (warning) => [
        clock(warning.expires_s),
        warning.issued_s === null ? "not sent" : `sent ${clock(warning.issued_s).slice(0, 5)}`,
      ]),
    },
    ...(page.acts.offers("send-warning")
      ? [{ head: "Act", quiet: true, name: "do",
        make: (/** @type {HTMLElement} */ cell) => buttons(page, cell) }] : []),
  ];
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(warning: Warning) => void}
 */
function buttons(page, cell) {
  /** @type {Warning|null} */
  let shown = null;
  const send = el("button", { type: "button", class: "small", text: "Send", click: () => {
    if (shown) page.acts.act("send-warning", subjectOf(shown),
      levelOf(page, shown).replace(" ", "-"), shown.revision);
  } });
  const cancel = el("button", { type: "button", class: "small", text: "Cancel", click: () => {
    if (shown) page.acts.act("cancel-warning", subjectOf(shown), "", shown.revision);
  } });
  cell.append(send, cancel);
  return (warning) => {
    shown = warning;
    const name = nameOf(page, warning);
    send.setAttribute("aria-label", `Send the warning to ${name}`);
    const drop = warning.proposed ? "Drop" : "Cancel";
    cancel.setAttribute("aria-label", `${drop} the warning of ${name}`);
    setHidden(send, !warning.proposed);
    setHidden(cancel, levelWeight(levelOf(page, warning)) === 0);
    setText(cancel, drop);
  };
}

/** A form that warns a place of the user's choosing. @param {Page} page */
function senderForm(page) {
  const place = el("select", { "aria-label": "Place to warn" });
  const level = el(
    "select",
    { "aria-label": "Level of the warning" },
    el("option", { value: "advisory", text: "advisory" }),
    el("option", { value: "take-cover", text: "take cover" }),
  );
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const now = page.store.state?.warnings.find((each) => each.place === Number(place.value));
    await page.acts.act("send-warning", place.value, level.value, now?.revision ?? null);
  };
  const element = el(
    "form",
    { class: "line-form", submit: send, "aria-label": "Send a warning" },
    el("span", { text: "Warn" }), place, level,
    el("button", { type: "submit", text: "Send" }),
  );
  /** @type {unknown} */
  let filled = null;
  return {
    element,
    paint: () => {
      setHidden(element, !page.acts.offers("send-warning"));
      if (filled === page.store.hello) return;
      filled = page.store.hello;
      place.replaceChildren(...placeOptions(page));
    },
  };
}

/** @param {Page} page @returns {HTMLOptionElement[]} */
export function placeOptions(page) {
  const places = [...(page.store.hello?.places ?? [])];
  places.sort((a, b) => a.name.localeCompare(b.name));
  return places.map((place) => el("option", { value: place.index, text: place.name }));
}
