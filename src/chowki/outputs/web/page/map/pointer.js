// The pointer over the map: selecting, picking, measuring, tool tips, coordinates.

import { latitude, longitude } from "./geo.js";
import { tipOf } from "./tip.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const REACH_PX = 12;
/** What is ranked is taken before what is nearer by this. */
const RANKED_PX = 8;

export class Pointer {
  /**
   * @param {any} map of OpenLayers
   * @param {Store} store
   * @param {{picture: Picture, ground: Ground, port: () => Viewport|null}} parts
   */
  constructor(map, store, parts) {
    this._map = map;
    this._store = store;
    this._parts = parts;
    this._element = /** @type {HTMLElement} */ (map.getTargetElement());
    this._tip = document.createElement("div");
    this._tip.className = "map-tip";
    this._tip.hidden = true;
    this._element.append(this._tip);
    /** @type {[number, number]|null} */
    this._at = null;
    this._frame = 0;
    map.on("click", (/** @type {any} */ event) => this._click(event));
    map.on("singleclick", (/** @type {any} */ event) => this._clickAlone(event));
    map.on("pointermove", (/** @type {any} */ event) => this._move(event));
    map.on("pointerdrag", () => this._drag());
    this._element.addEventListener("pointerleave", () => this._leave());
    store.on("settings", ({ measure }) => this._zoomByClicks(!measure));
  }

  /** Two quick clicks zoom, unless they are the two points of a measure. @param {boolean} wanted */
  _zoomByClicks(wanted) {
    for (const interaction of this._map.getInteractions().getArray()) {
      if (interaction instanceof ol.interaction.DoubleClickZoom) interaction.setActive(wanted);
    }
  }

  /**
   * The track at a point of the map.
   * @param {ArrayLike<number>} px CSS pixels from the map's corner
   * @returns {number|null}
   */
  pick(px) {
    const row = this._rowAt(px[0], px[1]);
    const { block } = this._parts.picture.field;
    return row < 0 || !block ? null : block.col.track[row];
  }

  /**
   * @param {number} px
   * @param {number} py
   */
  _rowAt(px, py) {
    const port = this._parts.port();
    const { field, cast } = this._parts.picture;
    if (!port || !field.block) return -1;
    const { rank } = field.block.col;
    let best = -1;
    let least = REACH_PX;
    for (let k = 0; k < field.shownCount; k++) {
      const row = field.shown[k];
      const dx = (field.x[row] - port.left) / port.perPixel - px;
      if (dx > REACH_PX || dx < -REACH_PX) continue;
      const dy = (port.top - field.y[row]) / port.perPixel - py;
      const away = Math.hypot(dx, dy);
      if (away > REACH_PX) continue;
      const weighed = away - (rank[row] > 0 ? RANKED_PX : 0);
      if (weighed > least) continue;
      least = weighed;
      best = row;
    }
    return best >= 0 ? best : rowOfLabel(cast, field, port, px, py);
  }

  /** @param {any} event */
  _click(event) {
    this._element.focus({ preventScroll: true });
    const track = this.pick(event.pixel);
    if (this._store.settings.measure) {
      const [x, y] = event.coordinate;
      this._parts.picture.measure.click({ track, lon: longitude(x), lat: latitude(y) });
      this._parts.picture.schedule();
      return;
    }
    if (track === null) return;
    if (event.originalEvent.shiftKey || this._store.settings.multi) this._toggle(track);
    else this._store.set("selected", track);
  }

  /** A click on nothing, which is not the first half of a double click. @param {any} event */
  _clickAlone(event) {
    const { measure, multi } = this._store.settings;
    if (measure || multi || event.originalEvent.shiftKey) return;
    if (this._store.selected !== null && this.pick(event.pixel) === null) {
      this._store.set("selected", null);
    }
  }

  /** @param {number} track */
  _toggle(track) {
    const picked = new Set(this._store.picked);
    if (!picked.delete(track)) picked.add(track);
    this._store.set("picked", picked);
  }

  /** Whoever drags the map does not want to be taken back. */
  _drag() {
    this._tip.hidden = true;
    this._at = null;
    if (this._store.settings.follow) this._store.set("settings", { follow: false });
  }

  /** @param {any} event */
  _move(event) {
    if (event.dragging) return;
    this._at = [event.pixel[0], event.pixel[1]];
    if (this._frame) return;
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      this.refresh();
    });
  }

  /** Tell anew what is under the pointer. */
  refresh() {
    const port = this._parts.port();
    if (!this._at || !port) return;
    const [px, py] = this._at;
    const x = port.left + px * port.perPixel;
    const y = port.top - py * port.perPixel;
    const at = { lon: longitude(x), lat: latitude(y) };
    const before = this._store.cursor;
    if (before?.lon !== at.lon || before.lat !== at.lat) this._store.set("cursor", at);
    const row = this._rowAt(px, py);
    this._measureTo(row, at);
    const words = tipOf(this._store, this._parts, row, x, y, REACH_PX * port.perPixel);
    this._showTip(words, px, py, port);
    this._element.classList.toggle("map-over-track", row >= 0 && !this._store.settings.measure);
  }

  /**
   * @param {number} row
   * @param {{lon: number, lat: number}} at
   */
  _measureTo(row, at) {
    const { measure, field } = this._parts.picture;
    if (!this._store.settings.measure || !measure.from || measure.to) return;
    measure.hovered = { track: row < 0 ? null : field.block?.col.track[row] ?? null, ...at };
    this._parts.picture.schedule();
  }

  /**
   * @param {string} words
   * @param {number} px
   * @param {number} py
   * @param {Viewport} port
   */
  _showTip(words, px, py, port) {
    this._tip.hidden = words === "";
    if (!words) return;
    if (this._tip.textContent !== words) this._tip.textContent = words;
    const left = px > port.width - 340 ? px - this._tip.offsetWidth - 14 : px + 16;
    const top = py > port.height - 120 ? py - this._tip.offsetHeight - 10 : py + 14;
    this._tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  _leave() {
    this._at = null;
    this._tip.hidden = true;
    this._store.set("cursor", null);
    if (this._parts.picture.measure.hovered) {
      this._parts.picture.measure.hovered = null;
      this._parts.picture.schedule();
    }
  }
}

/**
 * The track whose label lies under a point.
 * @param {import("./cast.js").Cast} cast
 * @param {import("./field.js").Field} field
 * @param {Viewport} port
 * @param {number} px
 * @param {number} py
 */
function rowOfLabel(cast, field, port, px, py) {
  for (const { label, row } of cast.captions) {
    if (row < 0) continue;
    const left = (field.x[row] - port.left) / port.perPixel + label.dx;
    const top = (port.top - field.y[row]) / port.perPixel + label.dy;
    if (px >= left && px <= left + label.width && py >= top && py <= top + label.height) return row;
  }
  return -1;
}
