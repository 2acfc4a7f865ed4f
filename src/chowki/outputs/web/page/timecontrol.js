// The clock that the page shows: the engine's at the edge of what is known, the user's own when
// looking back.

/** @typedef {import("./store.js").Store} Store */

/** A cursor that stands so far behind the edge is not taken to it again. */
const JUST_BEHIND_S = 0.5;

/** So long it may take until the picture of an asked time is there. */
const ANSWERED_MS = 700;

export class TimeControl {
  /**
   * @param {Store} store
   * @param {import("./connection.js").Connection} connection
   * @param {import("./notes.js").Notes} notes
   */
  constructor(store, connection, notes) {
    this._store = store;
    this._connection = connection;
    this._notes = notes;
    /** The time that was asked for last, and when: steps add up before the picture comes. */
    this._asked_s = /** @type {number|null} */ (null);
    this._askedAt = Number.NEGATIVE_INFINITY;
  }

  /** Whether the engine's clock is the one that runs here. */
  get engine() {
    const state = this._store.state;
    const asked = performance.now() - this._askedAt < ANSWERED_MS;
    if (asked && this._asked_s !== null) return false;
    return state !== null && state.at_edge && state.clock.live;
  }

  /** Whether the engine can be paused and sped up: real feeds cannot. */
  get paced() {
    return this._store.hello?.mode !== "live";
  }

  toggle() {
    const state = this._store.state;
    if (state) this.play({ paused: !state.clock.paused });
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.play({ speed, paused: false });
  }

  /** One speed up or down. @param {1|-1} step */
  stepSpeed(step) {
    const speeds = this._store.hello?.speeds ?? [1];
    const now = this._store.state?.clock.speed ?? 1;
    const at = speeds.findIndex((speed) => speed >= now);
    const next = Math.max(0, Math.min(speeds.length - 1, (at < 0 ? speeds.length : at) + step));
    this.setSpeed(speeds[next]);
  }

  /** @param {{speed?: number, paused?: boolean}} wanted */
  async play(wanted) {
    const clock = this._store.state?.clock;
    if (!clock) return;
    if (!this.engine) {
      const now = { speed: clock.speed, paused: clock.paused, ...wanted };
      this._connection.send({ type: "play", ...now });
      return;
    }
    if (!this.paced) {
      if (wanted.paused) this.seek((this._store.state?.edge_s ?? 0) - JUST_BEHIND_S, true);
      return;
    }
    const verdict = await this._connection.post("/clock", wanted);
    if (!verdict.accepted) this._notes.show(verdict.words, "bad");
  }

  /** Look at another time, some seconds from the one shown. @param {number} seconds */
  step(seconds) {
    const state = this._store.state;
    if (!state) return;
    const asked = performance.now() - this._askedAt < ANSWERED_MS ? this._asked_s : null;
    const from = asked ?? state.time_s;
    this.seek(Math.min(from + seconds, state.edge_s));
  }

  /**
   * @param {number|null} time_s null: the edge
   * @param {boolean} [paused] stand still there
   */
  seek(time_s, paused = false) {
    const state = this._store.state;
    if (!state) return;
    const beyond = time_s === null || time_s >= state.edge_s - 0.25;
    const at = beyond && !paused ? null : Math.max(state.start_s, time_s ?? state.edge_s);
    this._asked_s = at;
    this._askedAt = performance.now();
    this._connection.send({ type: "view", time_s: at });
    if (paused) this._connection.send({ type: "play", speed: 1, paused: true });
  }

  live() {
    this.seek(null);
  }
}
