// Search: track number, call sign, address, place, sensor, site. Enter goes to the first found.

import { byId, el, setAttr, setHidden } from "./dom.js";
import { remoteId } from "./format.js";
import { rowOf } from "./tracks.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{title: string, kind: string, go: () => void}} Found */
/** @typedef {{track: number, callsign?: string, address?: string}} Named */

const MOST = 10;
const NAMES_KEPT_MS = 10000;
const WAIT_MS = 250;

/** @param {Page} page */
export function makeSearch(page) {
  const input = el("input", {
    type: "search", placeholder: "Search  /", autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-expanded": "false", "aria-controls": "search-found",
    "aria-autocomplete": "list",
    "aria-label": "Search for a track number, call sign, address, place or sensor",
  });
  const list = el("ul", { id: "search-found", role: "listbox", class: "found", hidden: true,
    "aria-label": "Found" });
  const search = new Search(page, input, list);
  return { element: el("div", { class: "search" }, input, list), focus: () => search.focus() };
}

class Search {
  /**
   * @param {Page} page
   * @param {HTMLInputElement} input
   * @param {HTMLUListElement} list
   */
  constructor(page, input, list) {
    this._page = page;
    this._input = input;
    this._list = list;
    /** @type {Found[]} */
    this._found = [];
    this._at = 0;
    /** @type {Named[]} */
    this._names = [];
    this._namedAt = Number.NEGATIVE_INFINITY;
    this._timer = 0;
    input.addEventListener("input", () => this._typed());
    input.addEventListener("keydown", (event) => this._key(event));
    input.addEventListener("blur", () => setTimeout(() => this._close(), 150));
    list.addEventListener("mousedown", (event) => this._clicked(event));
  }

  focus() {
    this._input.focus();
    this._input.select();
  }

  _typed() {
    this._look();
    window.clearTimeout(this._timer);
    if (this._input.value.trim().length < 3) return;
    this._timer = window.setTimeout(() => this._askForNames(), WAIT_MS);
  }

  /** Call signs and addresses are not in the picture: they are asked for when somebody types. */
  async _askForNames() {
    const url = this._page.store.hello?.names;
    if (url && performance.now() - this._namedAt > NAMES_KEPT_MS) {
      this._namedAt = performance.now();
      const answer = await fetch(url).catch(() => null);
      this._names = answer?.ok ? await answer.json().catch(() => []) : [];
    }
    this._look();
  }

  _look() {
    const text = this._input.value.trim().toLowerCase();
    this._found = text ? this._find(text).slice(0, MOST) : [];
    this._at = 0;
    this._show();
  }

  /** @param {string} text @returns {Found[]} */
  _find(text) {
    return [...this._tracks(text), ...this._named(text), ...this._stations(text)];
  }

  /** @param {number} track @param {string} title @returns {Found} */
  _track(track, title) {
    return { title, kind: "track", go: () => {
      this._page.store.set("selected", track);
      this._page.centre(track);
    } };
  }

  /** @param {string} text */
  _tracks(text) {
    const { block } = this._page.store;
    if (!/^\d+$/.test(text) || !block) return [];
    const exact = rowOf(block, Number(text)) >= 0 ? [Number(text)] : [];
    const begin = [];
    const numbers = block.col.track;
    for (let row = 0; row < block.n && begin.length < MOST; row++) {
      if (numbers[row] !== exact[0] && String(numbers[row]).startsWith(text)) begin.push(numbers[row]);
    }
    return [...exact, ...begin.sort((a, b) => a - b)].map((n) => this._track(n, `Track ${n}`));
  }

  /** @param {string} text */
  _named(text) {
    const { state, detail } = this._page.store;
    /** @type {Map<number, string>} */
    const found = new Map();
    const look = (/** @type {number|null} */ track, /** @type {(string|number|null|undefined)[]} */ ...names) => {
      const fits = names.filter((name) => name && String(name).toLowerCase().includes(text));
      if (track !== null && fits.length && !found.has(track)) {
        found.set(track, names.filter(Boolean).join(", "));
      }
    };
    for (const row of this._names) look(row.track, row.callsign, row.address);
    for (const drone of state?.authorised ?? []) {
      look(drone.track, drone.name, remoteId(drone.address));
    }
    for (const pilot of state?.pilots ?? []) look(pilot.track, remoteId(pilot.address));
    if (detail) look(detail.track, detail.callsign, detail.address);
    return [...found].map(([track, names]) => this._track(track, `${names} (track ${track})`));
  }

  /** @param {string} text @returns {Found[]} */
  _stations(text) {
    const { hello } = this._page.store;
    const page = this._page;
    const all = [
      ...(hello?.places ?? []).map((place) => ({ kind: "place", title: place.name,
        go: () => page.goToPlace(place.index) })),
      ...(hello?.sensors ?? []).map((sensor) => ({ kind: "sensor", title: sensor.name,
        go: () => page.goTo(sensor.lon, sensor.lat) })),
      ...(hello?.sites ?? []).map((site) => ({ kind: "site", title: site.name,
        go: () => page.goTo(site.lon, site.lat) })),
    ];
    const begins = (/** @type {Found} */ each) => each.title.toLowerCase().startsWith(text);
    return all.filter((each) => each.title.toLowerCase().includes(text))
      .sort((a, b) => Number(begins(b)) - Number(begins(a)));
  }

  _show() {
    const open = this._input.value.trim() !== "";
    const items = this._found.map((found, k) => el("li", {
      role: "option", id: `found-${k}`, "data-at": k, "aria-selected": String(k === this._at),
    }, el("span", { text: found.title }), el("span", { class: "lower", text: found.kind })));
    if (open && !items.length) {
      items.push(el("li", { role: "option", "aria-disabled": "true", class: "lower",
        text: "Nothing found" }));
    }
    this._list.replaceChildren(...items);
    setHidden(this._list, !open);
    setAttr(this._input, "aria-expanded", String(open));
    setAttr(this._input, "aria-activedescendant", this._found.length ? `found-${this._at}` : null);
  }

  _close() {
    setHidden(this._list, true);
    setAttr(this._input, "aria-expanded", "false");
    setAttr(this._input, "aria-activedescendant", null);
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const last = Math.max(0, this._found.length - 1);
    if (event.key === "ArrowDown") this._at = Math.min(last, this._at + 1);
    else if (event.key === "ArrowUp") this._at = Math.max(0, this._at - 1);
    else if (event.key === "Enter") this._go(this._at);
    else if (event.key === "Escape") {
      this._input.value = "";
      this._close();
      this._input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key.startsWith("Arrow")) this._show();
  }

  /** @param {MouseEvent} event */
  _clicked(event) {
    const item = /** @type {HTMLElement} */ (event.target).closest("li");
    if (!item?.dataset.at) return;
    event.preventDefault();
    this._go(Number(item.dataset.at));
  }

  /** @param {number} at */
  _go(at) {
    const found = this._found[at];
    if (!found) return;
    found.go();
    this._close();
    byId("map").focus({ preventScroll: true });
  }
}
