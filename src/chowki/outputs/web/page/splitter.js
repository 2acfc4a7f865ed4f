// Bars that are dragged, or moved by arrow keys, to share the room between panels.

import { byId, setAttr } from "./dom.js";

/**
 * @typedef {object} SplitOptions
 * @property {string} id of the bar
 * @property {"x"|"y"} axis
 * @property {string} property custom property of the page that holds the size
 * @property {number} least px
 * @property {() => number} most px
 * @property {() => number} size now, px
 * @property {(event: PointerEvent) => number} sizeAt where the pointer is
 * @property {(size: number) => string} css
 * @property {() => void} changed
 */

const STEP = 24;

/** @param {SplitOptions} options */
function makeSplit(options) {
  const bar = byId(options.id);
  const key = `chowki.${options.property}`;
  const apply = (/** @type {number} */ wanted) => {
    const size = Math.max(options.least, Math.min(options.most(), wanted));
    document.body.style.setProperty(options.property, options.css(size));
    describe(bar, size, options);
    localStorage.setItem(key, String(Math.round(size)));
    options.changed();
  };
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
    bar.focus({ preventScroll: true });
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId)) apply(options.sizeAt(event));
  });
  bar.addEventListener("keydown", (event) => {
    const grow = options.axis === "x" ? "ArrowLeft" : "ArrowDown";
    const shrink = options.axis === "x" ? "ArrowRight" : "ArrowUp";
    if (event.key !== grow && event.key !== shrink) return;
    event.preventDefault();
    event.stopPropagation();
    apply(options.size() + (event.key === grow ? STEP : -STEP));
  });
  const kept = Number(localStorage.getItem(key));
  if (kept > 0) apply(kept);
  else describe(bar, options.size(), options);
}

/**
 * @param {HTMLElement} bar
 * @param {number} size
 * @param {SplitOptions} options
 */
function describe(bar, size, options) {
  setAttr(bar, "aria-valuemin", String(options.least));
  setAttr(bar, "aria-valuemax", String(Math.round(Math.max(size, options.most()))));
  setAttr(bar, "aria-valuenow", String(Math.round(size)));
  setAttr(bar, "aria-valuetext", `${Math.round(size)} pixels`);
}

/**
 * Make both bars work: width of the panels, share of the upper ones.
 * @param {() => void} changed called when the map has another size
 */
export function makeSplits(changed) {
  const side = byId("side");
  const upper = byId("side-upper");
  makeSplit({
    id: "split-side",
    axis: "x",
    property: "--side-width",
    least: 340,
    most: () => Math.max(360, window.innerWidth - 420),
    size: () => side.clientWidth,
    sizeAt: (event) => window.innerWidth - event.clientX - 4,
    css: (size) => `${size}px`,
    changed,
  });
  makeSplit({
    id: "split-deck",
    axis: "y",
    property: "--upper-height",
    least: 96,
    most: () => Math.max(120, side.clientHeight - 110),
    size: () => upper.clientHeight,
    sizeAt: (event) => event.clientY - side.getBoundingClientRect().top - 3,
    css: (size) => `${size}px`,
    changed,
  });
}
