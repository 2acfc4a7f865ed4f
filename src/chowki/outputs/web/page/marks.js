// What happened, thinned for the time line: over the whole span, and never more than some thousand
// marks however long the night is. The event log itself keeps the newest entries only.

/** @typedef {import("./types.js").Happening} Happening */
/** @typedef {{time_s: number, kind: string, severity: number, text: string}} Mark */

/** Mere information has no mark. */
const LEAST_SEVERITY = 1;
const MOST = 6000;
const FINEST_S = 1;

export class Marks {
  constructor() {
    /** Of one kind there is one mark in so many seconds: the worst. */
    this._grain_s = FINEST_S;
    /** @type {Map<string, Mark>} */
    this._kept = new Map();
    /** Changes whenever a mark does. */
    this.version = 0;
  }

  clear() {
    this._grain_s = FINEST_S;
    this._kept.clear();
    this.version += 1;
  }

  /** @param {Happening[]} events */
  add(events) {
    for (const event of events) {
      if (event.severity >= LEAST_SEVERITY) this._keep(event);
    }
    while (this._kept.size > MOST) this._coarsen();
  }

  /** @returns {IterableIterator<Mark>} */
  all() {
    return this._kept.values();
  }

  /**
   * The worst that happened within some seconds of a time, and of the worst the nearest.
   * @param {number} time_s
   * @param {number} within_s
   * @returns {Mark|null}
   */
  near(time_s, within_s) {
    let best = null;
    let least = within_s;
    for (const mark of this._kept.values()) {
      const off = Math.abs(mark.time_s - time_s);
      if (off > within_s || (best && mark.severity < best.severity)) continue;
      if (best && mark.severity === best.severity && off >= least) continue;
      best = mark;
      least = off;
    }
    return best;
  }

  /** @param {Mark} mark */
  _keep({ time_s, kind, severity, text }) {
    const key = `${kind} ${Math.floor(time_s / this._grain_s)}`;
    const there = this._kept.get(key);
    if (there && there.severity >= severity) return;
    this._kept.set(key, { time_s, kind, severity, text });
    this.version += 1;
  }

  _coarsen() {
    const before = [...this._kept.values()];
    this._kept.clear();
    this._grain_s *= 2;
    for (const mark of before) this._keep(mark);
  }
}
