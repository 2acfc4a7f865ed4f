// The event log: newest first, by kind, in words.

import { el, setText } from "../dom.js";
import { clock, count, sentence } from "../format.js";
import { KeyedTable } from "../rows.js";

/** @typedef {import("../types.js").Happening} Happening */
/** @typedef {import("../page.js").Page} Page */

const SHOWN = 500;
export const KINDS = [
  "alarm", "warning", "engagement", "identity", "border", "track", "sensor", "feed", "act",
];

/** Shape of each kind, the same on the time line. @type {Record<string, string>} */
export const KIND_MARKS = {
  alarm: "■",
  warning: "▲",
  engagement: "✚",
  identity: "◆",
  border: "▮",
  track: "●",
  sensor: "▼",
  feed: "▽",
  act: "○",
};

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function eventsPanel(page) {
  const kinds = KINDS.filter((kind) => page.simulated || kind !== "engagement");
  const wanted = new Set(kinds);
  const table = new KeyedTable({
    caption: "Event log, newest first",
    name: "events",
    key: (/** @type {Happening} */ event) => event.id,
    choose: (event) => show(page, event),
    rowClass: (event) => `severity-${event.severity} kind-${event.kind}`,
    empty: "Nothing has happened yet.",
    columns: [
      { head: "Time", name: "time", button: true, text: (event) => clock(event.time_s) },
      { head: "Kind", quiet: true, name: "kind-mark", text: (event) => KIND_MARKS[event.kind] ?? "·" },
      { head: "Event", name: "text", make: textCell },
    ],
  });
  const foot = el("p", { class: "foot" });
  const repaint = () => {
    const rows = chosen(page, wanted);
    table.update(rows.slice(0, SHOWN));
    const cut = rows.length > SHOWN ? `the newest ${SHOWN} of ${count(rows.length)}` : rows.length;
    setText(foot, `${cut} shown. Enter on a time goes there.`);
  };
  return {
    name: "events",
    title: "Events",
    element: el("div", { class: "stack" }, kindBar(kinds, wanted, repaint), table.element, foot),
    topics: ["events", "state", "settings", "hello"],
    paint: repaint,
  };
}

/**
 * Events up to the time that is shown, newest first.
 * @param {Page} page
 * @param {Set<string>} wanted
 */
function chosen(page, wanted) {
  const { events, state } = page.store;
  const until = state && !state.at_edge ? state.time_s : Number.POSITIVE_INFINITY;
  const seen = page.inView();
  const rows = [];
  for (let k = events.length - 1; k >= 0; k--) {
    const event = events[k];
    if (event.time_s > until || !wanted.has(event.kind)) continue;
    if (seen && event.track !== null && !seen.has(event.track)) continue;
    rows.push(event);
  }
  return rows;
}

/** @param {HTMLElement} cell @returns {(event: Happening) => void} */
function textCell(cell) {
  let last = "";
  return (event) => {
    if (event.text === last) return;
    last = event.text;
    cell.title = event.text;
    cell.textContent = sentence(event.text);
  };
}

/** @param {Page} page @param {Happening} event */
function show(page, event) {
  if (event.track !== null) page.store.set("selected", event.track);
  if (event.lat !== null) page.goTo(event.lon, event.lat);
  else if (event.place !== null) page.goToPlace(event.place);
  page.time.seek(event.time_s, true);
}

/**
 * @param {string[]} kinds
 * @param {Set<string>} wanted
 * @param {() => void} repaint
 */
function kindBar(kinds, wanted, repaint) {
  const toggle = (/** @type {Event} */ event) => {
    const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
    const kind = button.value;
    if (!wanted.delete(kind)) wanted.add(kind);
    button.setAttribute("aria-pressed", String(wanted.has(kind)));
    repaint();
  };
  return el(
    "div",
    { class: "kinds", role: "group", "aria-label": "Kinds of event" },
    ...kinds.map((kind) => el(
      "button",
      { type: "button", value: kind, "aria-pressed": "true", class: `chip kind-${kind}`,
        click: toggle },
      el("span", { class: "kind-mark", "aria-hidden": "true", text: KIND_MARKS[kind] }),
      kind,
    )),
  );
}
