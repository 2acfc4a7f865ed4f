// A table whose rows are kept by key: each repaint moves, adds or drops rows and writes only cells
// whose text is other than before.

import { el, setAttr, setClass } from "./dom.js";

/**
 * @template R
 * @typedef {object} Column
 * @property {string} head
 * @property {boolean} [quiet] the head is for screen readers only
 * @property {string} [name] class of the cells
 * @property {boolean} [button] the cell is the row's button, by which the keyboard chooses the row
 * @property {(row: R) => string} [text]
 * @property {(cell: HTMLElement) => ((row: R) => void)} [make] builds a cell, gives its painter
 */

/**
 * @template R
 * @typedef {object} TableOptions
 * @property {string} caption
 * @property {Column<R>[]} columns
 * @property {(row: R) => string|number} key
 * @property {(row: R) => string} [rowClass]
 * @property {(row: R) => boolean} [chosen]
 * @property {(row: R, event: MouseEvent) => void} [choose] on a click on the row or its button
 * @property {string} [empty] words where there is no row
 * @property {string} [name] class of the table
 */

/**
 * @template R
 * @typedef {object} Kept one row of the table
 * @property {R} row
 * @property {HTMLTableRowElement} tr
 * @property {((row: R) => void)[]} paint
 * @property {HTMLElement|null} button
 */

/** @template R */
export class KeyedTable {
  /** @param {TableOptions<R>} options */
  constructor(options) {
    this._options = options;
    /** @type {Map<string|number, Kept<R>>} */
    this._kept = new Map();
    const heads = options.columns.map((column) =>
      el("th", { scope: "col", class: column.name ?? "" },
        el("span", { class: column.quiet ? "unseen" : null, text: column.head })),
    );
    this._body = el("tbody");
    /** The row button that the tab key stops at. @type {HTMLElement|null} */
    this._stop = null;
    this._table = el(
      "table",
      { class: `rows ${options.name ?? ""}` },
      el("caption", { class: "unseen", text: options.caption }),
      el("thead", {}, el("tr", {}, ...heads)),
      this._body,
    );
    this._empty = el("p", { class: "empty", text: options.empty ?? "None.", hidden: true });
    this.element = el("div", { class: "rows-box" }, this._table, this._empty);
    if (options.choose) this._listen();
  }

  /** @param {R[]} rows */
  update(rows) {
    const focused = document.activeElement;
    const held = this._body.contains(focused);
    const left = new Set(this._kept.keys());
    let at = this._body.firstElementChild;
    for (const row of rows) {
      const key = this._options.key(row);
      left.delete(key);
      const kept = this._kept.get(key) ?? this._add(key, row);
      if (kept.tr === at) at = at.nextElementSibling;
      else this._body.insertBefore(kept.tr, at);
      this._paint(kept, row);
    }
    for (const key of left) this._drop(key);
    if (held && focused instanceof HTMLElement && document.activeElement !== focused) {
      if (this._body.contains(focused)) focused.focus({ preventScroll: true });
    }
    if (this._empty.hidden !== rows.length > 0) this._empty.hidden = rows.length > 0;
    this._rove();
  }

  /** @param {string|number} key */
  _drop(key) {
    this._kept.get(key)?.tr.remove();
    this._kept.delete(key);
  }

  /**
   * @param {string|number} key
   * @param {R} row
   */
  _add(key, row) {
    const tr = el("tr");
    const paint = this._options.columns.map((column) => this._cell(tr, column));
    const button = /** @type {HTMLElement|null} */ (tr.querySelector("button.row-key"));
    const kept = { row, tr, paint, button };
    tr.dataset.key = String(key);
    this._kept.set(key, kept);
    return kept;
  }

  /**
   * @param {HTMLTableRowElement} tr
   * @param {Column<R>} column
   * @returns {(row: R) => void}
   */
  _cell(tr, column) {
    const cell = el("td", { class: column.name ?? "" });
    tr.append(cell);
    const button = column.button ?? false;
    const wraps = column.name?.endsWith("wrap") ?? false;
    const inner = button ? el("button", { type: "button", class: "row-key", tabindex: -1 })
      : wraps ? el("span", { class: "clamp" }) : cell;
    if (inner !== cell) cell.append(inner);
    if (column.make) return column.make(inner);
    const text = column.text ?? (() => "");
    const wordy = column.name?.startsWith("text") ?? false;
    let last = "";
    return (row) => {
      const now = text(row);
      if (now === last) return;
      inner.textContent = last = now;
      if (wordy) inner.title = now;
    };
  }

  /**
   * @param {Kept<R>} kept
   * @param {R} row
   */
  _paint(kept, row) {
    kept.row = row;
    for (const paint of kept.paint) paint(row);
    const chosen = this._options.chosen?.(row) ?? false;
    setClass(kept.tr, `${this._options.rowClass?.(row) ?? ""}${chosen ? " chosen" : ""}`);
    if (kept.button && this._options.chosen) setAttr(kept.button, "aria-pressed", String(chosen));
  }

  _listen() {
    this._body.addEventListener("click", (event) => this._clicked(event));
    this._body.addEventListener("keydown", (event) => this._moved(event));
  }

  /** @param {MouseEvent} event */
  _clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const inner = target.closest("button, select, input, a");
    if (inner && !inner.classList.contains("row-key")) return;
    const tr = target.closest("tr");
    const kept = [...this._kept.values()].find((each) => each.tr === tr);
    if (kept) this._options.choose?.(kept.row, event);
  }

  /** Arrow keys go from row to row. @param {KeyboardEvent} event */
  _moved(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!target.classList.contains("row-key")) return;
    const keys = this._keys();
    const at = keys.indexOf(/** @type {HTMLButtonElement} */ (target));
    const steps = /** @type {Record<string, number>} */ ({
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: keys.length - 1,
    });
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const next = keys[Math.max(0, Math.min(keys.length - 1, steps[event.key]))];
    this._rove(next);
    next?.focus();
  }

  /** One row at a time is a stop of the tab key. @param {HTMLElement|null} [wanted] */
  _rove(wanted = null) {
    if (!this._options.choose) return;
    const before = this._stop?.isConnected ? this._stop : null;
    const stop = wanted ?? before ?? this._body.querySelector("button.row-key");
    if (stop === before || !(stop instanceof HTMLElement)) return;
    if (before) before.tabIndex = -1;
    stop.tabIndex = 0;
    this._stop = stop;
  }

  /** @returns {HTMLButtonElement[]} */
  _keys() {
    return [...this._body.querySelectorAll("button")].filter((button) =>
      button.classList.contains("row-key"),
    );
  }
}
