// The dialog that lists all keys, by group.

import { makeDialog } from "./dialog.js";
import { el } from "./dom.js";

const NAMES = /** @type {Record<string, string>} */ ({
  " ": "space",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
});

/** @param {string} key */
function keyName(key) {
  if (NAMES[key]) return NAMES[key];
  return /^[A-Z]$/.test(key) ? `Shift ${key}` : key;
}

/**
 * @param {import("./keys.js").Key[]} keys
 * @param {string} disclaimer
 */
export function makeHelp(keys, disclaimer) {
  const groups = [...new Set(keys.map((key) => key.group))];
  const columns = groups.map((group) => el(
    "section",
    {},
    el("h3", { text: group }),
    el("dl", {}, ...keys.filter((key) => key.group === group).map((key) => el(
      "div",
      {},
      el("dt", {}, ...key.keys.map((name) => el("kbd", { text: keyName(name) }))),
      el("dd", { text: key.words }),
    ))),
  ));
  const more = el("p", { text: "A click selects a track, Shift and click picks several. In a "
    + "list the arrow keys go from row to row and Enter chooses. All times are UTC." });
  return makeDialog("Keys", el("div", { class: "help" }, ...columns), more,
    el("p", { class: "lower", text: disclaimer }));
}
