// Ranked threats: what, where to, how long still, how sure.

import { el, setClass, setText } from "../dom.js";
import { count, duration, interval, percent } from "../format.js";
import { KeyedTable } from "../rows.js";
import { rowOf, valueOf } from "../tracks.js";
import { identityClass, identityMark, placeName, word } from "../words.js";

/** @typedef {import("../types.js").Threat} Threat */
/** @typedef {import("../page.js").Page} Page */

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function threatsPanel(page) {
  const { store } = page;
  const table = new KeyedTable({
    caption: "Threats, worst first",
    name: "threats",
    key: (/** @type {Threat} */ threat) => `${threat.track}-${threat.place}`,
    chosen: (threat) => threat.track === store.selected,
    choose: (threat, event) => page.choose(threat.track, event.shiftKey),
    empty: "No threat.",
    columns: columns(page),
  });
  const hidden = el("p", { class: "foot", hidden: true });
  return {
    name: "threats",
    title: "Threats",
    element: el("div", { class: "stack" }, table.element, hidden),
    topics: ["state", "selected", "filters", "settings", "hello"],
    badge: () => ({ text: count(store.state?.counts.threats ?? 0) }),
    paint: () => {
      const shown = page.threats();
      table.update(shown);
      const left = (store.state?.threats.length ?? 0) - shown.length;
      hidden.hidden = left <= 0;
      setText(hidden, `${left} more not shown: hidden by a filter, or out of the view.`);
    },
  };
}

/**
 * @param {Page} page
 * @returns {import("../rows.js").Column<Threat>[]}
 */
function columns(page) {
  const { store } = page;
  const code = (/** @type {Threat} */ threat, /** @type {string} */ name) =>
    valueOf(store.hello, store.block, name, rowOf(store.block, threat.track));
  return [
    { head: "#", name: "rank", text: (threat) => String(threat.rank) },
    {
      head: "Track, class",
      name: "who",
      button: true,
      make: (cell) => trackCell(cell, (threat) => ({
        track: threat.track,
        identity: word(store.hello, "identity", code(threat, "identity")),
        kind: word(store.hello, "object_class", code(threat, "object_class")),
      })),
    },
    {
      head: "Place, armed",
      name: "where",
      make: (cell) => twoLines(cell, (threat) => [
        placeName(store.hello, threat.place),
        `armed ${percent(threat.armed)}`,
      ]),
    },
    {
      head: "To go",
      name: "when",
      make: (cell) => twoLines(cell, (threat) => [
        duration(threat.time_to_go_s),
        interval(threat.low_s, threat.high_s),
      ]),
    },
    { head: "Prob.", name: "how-sure", text: (threat) => percent(threat.probability) },
  ];
}

/**
 * A cell of two lines, the upper one larger.
 * @template R
 * @param {HTMLElement} cell
 * @param {(row: R) => [string, string]} text
 * @returns {(row: R) => void}
 */
export function twoLines(cell, text) {
  const upper = el("span", { class: "upper" });
  const lower = el("span", { class: "lower" });
  cell.append(upper, lower);
  let last = "";
  return (row) => {
    const [above, below] = text(row);
    const now = `${above}\n${below}`;
    if (now === last) return;
    last = now;
    setText(upper, above);
    setText(lower, below);
    cell.title = `${above}, ${below}`;
  };
}

/**
 * A cell with number, mark (shape, letter, colour) and word of the identity, and class.
 * @template R
 * @param {HTMLElement} cell
 * @param {(row: R) => {track: number, identity: string, kind: string}} read
 * @returns {(row: R) => void}
 */
function trackCell(cell, read) {
  const letter = el("span");
  const mark = el("span", { "aria-hidden": "true" }, letter);
  const number = el("span");
  const identity = el("span", { class: "said-identity" });
  const kind = el("span", { class: "lower" });
  cell.append(el("span", { class: "upper" }, mark, number, identity), kind);
  return (row) => {
    const now = read(row);
    setClass(mark, identityClass(now.identity));
    setText(letter, identityMark(now.identity));
    setText(number, String(now.track));
    setText(identity, now.identity || "gone");
    setText(kind, now.kind || "–");
    const words = `${now.track} ${now.identity}, ${now.kind}`;
    if (cell.title !== words) cell.title = words;
  };
}
