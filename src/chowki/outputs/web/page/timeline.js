// The time line: from the start to the edge, with what happened, a cursor to drag, and the controls.

import { byId, el, setAttr, setHidden, setText } from "./dom.js";
import { clock, duration } from "./format.js";
import { makeChart } from "./chart.js";
import { drawTicks } from "./ticks.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{from: number, to: number}} Span UTC seconds */

/** Room on both sides, px: the axes of the chart stand there. */
export const LEFT = 52;
export const RIGHT = 44;
/** Height of the strip of ticks, px; timeline.css has it too. */
const STRIP = 30;
const SEND_EVERY_MS = 120;
/** So near to the end of a recording it stands still there. */
const AT_END_S = 0.5;
/** Lengths that the line has, s: it grows in steps and stands still between them. */
const LENGTHS = [600, 1200, 1800, 3600, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 86400];
const WINDOWS = /** @type {[string, string][]} */ ([
  ["0", "All"], ["43200", "12 h"], ["10800", "3 h"], ["3600", "1 h"], ["900", "15 min"],
]);

export class Timeline {
  /** @param {Page} page */
  constructor(page) {
    this._page = page;
    this._sentAt = 0;
    this._dragging = false;
    /** @type {number|null} where the pointer holds the cursor */
    this._held = null;
    this._window_s = 0;
    /** Size of the body, px: kept, since to ask for it makes the browser lay out the page. */
    this._size = { width: 0, height: 0 };
    this._ticks = el("canvas", { class: "ticks", "aria-hidden": "true" });
    this._needle = el("div", { class: "needle" });
    this._hover = el("span", { class: "hover", "aria-hidden": "true" });
    this._plot = el("div", { class: "plot" });
    this._strip = el("div", {
      class: "strip", role: "slider", tabindex: 0, "aria-label": "Time that is shown",
    }, this._ticks);
    this._body = el("div", { class: "time-body" }, this._strip, this._plot, this._needle,
      this._hover);
    this._controls = new Controls(page, (seconds) => this.setWindow(seconds));
    this._chart = makeChart(page, this._plot, (time_s) => this._describe(time_s));
    byId("time").append(el("div", { class: "time-bar" }, ...this._controls.elements,
      this._chart.key), this._body);
    this._listen();
    page.painter.on(() => this.paint(), ["state", "hello", "settings", "series"]);
    new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this._size = { width, height };
      this.paint();
    }).observe(this._body);
  }

  /** Show the last so many seconds only, or all. @param {number} seconds 0: all */
  setWindow(seconds) {
    this._window_s = seconds;
    this.paint();
  }

  /** @returns {Span} */
  span() {
    const { state } = this._page.store;
    const start = state?.start_s ?? 0;
    const edge = state?.edge_s ?? start + 600;
    const whole = { from: start, to: Math.max(edge, this._end(start, edge)) };
    if (!this._window_s || whole.to - whole.from <= this._window_s) return whole;
    const middle = state?.time_s ?? edge;
    const step = this._window_s / 4;
    const to = Math.min(whole.to, Math.ceil((middle + step) / step) * step);
    return { from: Math.max(whole.from, to - this._window_s), to };
  }

  /** Where the line ends: with the scenario, where that is known. @param {number} start @param {number} edge */
  _end(start, edge) {
    const { hello, state } = this._page.store;
    const end = hello?.station.end_s ?? null;
    if (end !== null && state?.clock.live) return end;
    const length = LENGTHS.find((each) => each >= edge - start)
      ?? Math.ceil((edge - start) / 86400) * 86400;
    return Math.min(start + length, end ?? Infinity);
  }

  paint() {
    const { state } = this._page.store;
    this._controls.paint();
    if (!state) return;
    const span = this.span();
    const shown = this._held ?? state.time_s;
    const { width, height } = this._size;
    drawTicks(this._ticks, this._page.store, span, { width, height: STRIP });
    this._chart.paint(span, shown, { width, height: height - STRIP });
    this._moveNeedle(span, shown);
    setAttr(this._strip, "aria-valuemin", String(Math.round(state.start_s)));
    setAttr(this._strip, "aria-valuemax", String(Math.round(state.edge_s)));
    setAttr(this._strip, "aria-valuenow", String(Math.round(shown)));
    setAttr(this._strip, "aria-valuetext", `${clock(shown)} UTC`);
  }

  /** @param {Span} span @param {number} time_s */
  _moveNeedle(span, time_s) {
    const width = this._size.width - LEFT - RIGHT;
    const share = (time_s - span.from) / (span.to - span.from);
    setHidden(this._needle, share < 0 || share > 1);
    this._needle.style.transform = `translateX(${(LEFT + share * width).toFixed(1)}px)`;
  }

  /** @param {number} clientX */
  _timeAt(clientX) {
    const box = this._body.getBoundingClientRect();
    const share = (clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    const span = this.span();
    return span.from + Math.max(0, Math.min(1, share)) * (span.to - span.from);
  }

  _listen() {
    const body = this._body;
    body.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      body.setPointerCapture(event.pointerId);
      this._dragging = true;
      this._drag(event.clientX, true);
    });
    body.addEventListener("pointermove", (event) => {
      if (this._dragging) this._drag(event.clientX, false);
      else this._describe(this._timeAt(event.clientX));
    });
    body.addEventListener("pointerup", (event) => {
      if (!this._dragging) return;
      this._drag(event.clientX, true);
      this._dragging = false;
      this._held = null;
    });
    body.addEventListener("pointercancel", () => {
      this._dragging = false;
      this._held = null;
    });
    body.addEventListener("pointerleave", () => setText(this._hover, ""));
    this._strip.addEventListener("keydown", (event) => this._key(event));
  }

  /** @param {number} clientX @param {boolean} surely sent even when the last was just now */
  _drag(clientX, surely) {
    const state = this._page.store.state;
    if (!state) return;
    this._held = Math.min(this._timeAt(clientX), state.edge_s);
    this._moveNeedle(this.span(), this._held);
    this._describe(this._held);
    const now = performance.now();
    if (!surely && now - this._sentAt < SEND_EVERY_MS) return;
    this._sentAt = now;
    this._page.time.seek(this._held);
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const { time, store } = this._page;
    const steps = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => time.step(-10),
      ArrowRight: () => time.step(10),
      PageDown: () => time.step(-60),
      PageUp: () => time.step(60),
      Home: () => time.seek(store.state?.start_s ?? null),
      End: () => time.live(),
    });
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    steps[event.key]();
  }

  /** Say what time the pointer is at, and what happened next to it. @param {number} time_s */
  _describe(time_s) {
    const span = this.span();
    const near = ((span.to - span.from) / Math.max(1, this._size.width)) * 5;
    const best = this._page.store.marks.near(time_s, near);
    setText(this._hover, best ? `${clock(best.time_s)} ${best.text}` : clock(time_s));
    const width = this._size.width - LEFT - RIGHT;
    const x = LEFT + ((time_s - span.from) / (span.to - span.from)) * width;
    const room = Math.max(0, this._size.width - this._hover.offsetWidth - 4);
    this._hover.style.transform = `translateX(${Math.min(room, Math.max(4, x - 30))}px)`;
  }
}

/** Change the text of a button, on the screen and as it is read. @param {HTMLElement} button @param {string} text */
function label(button, text) {
  if (button.textContent === text) return;
  button.textContent = text;
  button.setAttribute("aria-label", `${text}: ${button.title}`);
}

/** The row of buttons above the line. */
class Controls {
  /**
   * @param {Page} page
   * @param {(seconds: number) => void} setWindow
   */
  constructor(page, setWindow) {
    this._page = page;
    const { time } = page;
    const button = (/** @type {string} */ text, /** @type {string} */ name,
      /** @type {() => void} */ click) =>
      el("button", { type: "button", text, "aria-label": `${text}: ${name}`, title: name, click });
    this._live = button("LIVE", "go to the edge (L)", () => time.live());
    this._live.className = "live";
    this._pause = button("Pause", "the clock (space)", () => time.toggle());
    this._pause.className = "pause";
    this._speeds = el("span", { class: "speeds", role: "group", "aria-label": "Speed" });
    this._window = el("select", { "aria-label": "Length of the time line",
      change: () => setWindow(Number(this._window.value)) },
      ...WINDOWS.map(([value, text]) => el("option", { value, text })));
    this._words = el("span", { class: "clock-words" });
    this.elements = [
      this._live, this._pause,
      button("−10 s", "ten seconds back (,)", () => time.step(-10)),
      button("+10 s", "ten seconds on (.)", () => time.step(10)),
      this._speeds, this._window, this._words,
    ];
  }

  paint() {
    const { state, hello } = this._page.store;
    if (!state || !hello) return;
    this._fill(hello.speeds);
    const { clock: now } = state;
    setAttr(this._live, "aria-pressed", String(state.at_edge));
    label(this._live, now.live ? "LIVE" : "END");
    const real = hello.mode === "live" && state.at_edge;
    const stands = now.paused || (!now.live && state.time_s >= state.edge_s - AT_END_S);
    label(this._pause, stands ? "Play" : "Pause");
    for (const each of this._speeds.children) {
      const button = /** @type {HTMLButtonElement} */ (each);
      const chosen = Number(button.value) === now.speed;
      setAttr(button, "aria-pressed", String(chosen));
      if (button.disabled !== real) button.disabled = real;
    }
    setText(this._words, this._standing(state));
  }

  /** @param {import("./types.js").State} state */
  _standing(state) {
    const { live, paused } = state.clock;
    if (!live) {
      const what = this._page.ended ? "The run has ended" : "Recording";
      return paused ? `${what}, paused` : what;
    }
    if (state.at_edge) return paused ? "Engine paused" : "";
    return `${duration(state.edge_s - state.time_s)} behind${paused ? ", paused" : ""}`;
  }

  /** @param {number[]} speeds */
  _fill(speeds) {
    if (this._speeds.childElementCount === speeds.length) return;
    this._speeds.replaceChildren(...speeds.map((speed) => el("button", {
      type: "button", value: speed, text: `${speed}×`, "aria-label": `${speed}×: speed`,
      click: () => this._page.time.setSpeed(speed),
    })));
  }
}
