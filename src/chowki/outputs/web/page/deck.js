// Panels in tabs. Only the one that is shown is painted; the tabs' counts always are.

import { el, setAttr, setHidden, setText } from "./dom.js";

/**
 * @typedef {object} Panel
 * @property {string} name
 * @property {string} title
 * @property {HTMLElement} element
 * @property {import("./store.js").Topic[]} topics that repaint it
 * @property {() => void} paint
 * @property {() => {text: string, urgent?: boolean}} [badge]
 */

/** @typedef {{panel: Panel, tab: HTMLButtonElement, badge: HTMLElement, pane: HTMLElement}} Leaf */

export class Deck {
  /**
   * @param {HTMLElement} element
   * @param {string} label
   * @param {import("./paint.js").Painter} painter
   */
  constructor(element, label, painter) {
    this._painter = painter;
    this._label = label;
    /** @type {Leaf[]} */
    this._leaves = [];
    /** @type {Leaf|null} */
    this._shown = null;
    this._list = el("div", { class: "tabs", role: "tablist", "aria-label": label });
    this._list.addEventListener("keydown", (event) => this._moved(event));
    this._panes = el("div", { class: "panes" });
    element.append(this._list, this._panes);
  }

  /** @param {Panel} panel */
  add(panel) {
    const id = `panel-${panel.name}`;
    const badge = el("span", { class: "badge" });
    const tab = el(
      "button",
      { type: "button", role: "tab", id: `${id}-tab`, "aria-controls": id, class: "tab" },
      el("span", { text: panel.title }),
      badge,
    );
    const pane = el(
      "div",
      { role: "tabpanel", id, "aria-labelledby": `${id}-tab`, class: "pane", tabindex: 0 },
      panel.element,
    );
    const leaf = { panel, tab, badge, pane };
    tab.addEventListener("click", () => this.show(panel.name));
    this._leaves.push(leaf);
    this._list.append(tab);
    this._panes.append(pane);
    setHidden(badge, panel.badge === undefined);
    this._painter.on(() => this._paint(leaf), panel.topics);
    if (this._shown) this._mark(leaf, false);
    else this.show(panel.name);
  }

  /** @param {string} name */
  show(name) {
    const leaf = this._leaves.find((each) => each.panel.name === name);
    if (!leaf) return;
    for (const each of this._leaves) this._mark(each, each === leaf);
    this._shown = leaf;
    this._paint(leaf);
  }

  /** @returns {string} name of the panel that is shown */
  shown() {
    return this._shown?.panel.name ?? "";
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    return this._leaves.some((leaf) => leaf.panel.name === name);
  }

  /** Take a panel out of the page. @param {string} name */
  remove(name) {
    const leaf = this._leaves.find((each) => each.panel.name === name);
    if (!leaf) return;
    leaf.tab.remove();
    leaf.pane.remove();
    this._leaves = this._leaves.filter((each) => each !== leaf);
    if (this._shown === leaf) this.show(this._leaves[0]?.panel.name ?? "");
  }

  /**
   * @param {Leaf} leaf
   * @param {boolean} shown
   */
  _mark(leaf, shown) {
    setAttr(leaf.tab, "aria-selected", String(shown));
    leaf.tab.tabIndex = shown ? 0 : -1;
    setHidden(leaf.pane, !shown);
  }

  /** @param {Leaf} leaf */
  _paint(leaf) {
    const badge = leaf.panel.badge?.();
    if (badge) {
      setText(leaf.badge, badge.text);
      leaf.badge.classList.toggle("urgent", badge.urgent ?? false);
    }
    if (leaf === this._shown) leaf.panel.paint();
  }

  /** @param {KeyboardEvent} event */
  _moved(event) {
    const at = this._leaves.findIndex((leaf) => leaf === this._shown);
    const last = this._leaves.length - 1;
    const steps = /** @type {Record<string, number>} */ ({
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    });
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const next = this._leaves[steps[event.key]];
    this.show(next.panel.name);
    next.tab.focus();
  }
}
