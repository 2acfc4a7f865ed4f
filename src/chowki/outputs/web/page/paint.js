// When the panels are redrawn: at most twice a second for what the server sends, at the next frame
// for what the user does.

/** @typedef {import("./store.js").Topic} Topic */

const BETWEEN_MS = 480;
/** What a user does is answered at once. @type {Set<Topic>} */
const AT_ONCE = new Set(["selected", "picked", "filters", "settings", "hello", "connection"]);

export class Painter {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this._store = store;
    /** @type {Set<() => void>} */
    this._dirty = new Set();
    this._paintedAt = 0;
    this._frame = 0;
    this._timer = 0;
    /** Time that the last flush took. */
    this.lastMs = 0;
  }

  /**
   * Call `paint` after any of the topics changed.
   * @param {() => void} paint
   * @param {Topic[]} topics
   */
  on(paint, topics) {
    for (const topic of topics) {
      this._store.on(topic, () => this.mark(paint, AT_ONCE.has(topic)));
    }
  }

  /**
   * @param {() => void} paint
   * @param {boolean} atOnce
   */
  mark(paint, atOnce = true) {
    this._dirty.add(paint);
    if (this._frame) return;
    const wait = atOnce ? 0 : this._paintedAt + BETWEEN_MS - performance.now();
    if (wait <= 0) this._soon();
    else if (!this._timer) this._timer = window.setTimeout(() => this._soon(), wait);
  }

  _soon() {
    window.clearTimeout(this._timer);
    this._timer = 0;
    this._frame = requestAnimationFrame(() => this._flush());
  }

  _flush() {
    this._frame = 0;
    this._paintedAt = performance.now();
    const jobs = [...this._dirty];
    this._dirty.clear();
    for (const job of jobs) job();
    this.lastMs = performance.now() - this._paintedAt;
  }
}
