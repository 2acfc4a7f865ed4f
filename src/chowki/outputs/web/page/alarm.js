// The alarm that is heard: it rings while an alarm is open, at once for a new or worse one. Muting
// takes the sound away for a stated time, never the sight of it.

import { levelWeight, placeName, word } from "./words.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./types.js").Alarm} Alarm */

const AGAIN_MS = 6000;
const SEEN_AFTER_MS = 1000;
const MUTED_KEY = "chowki.mutedUntil";
/** Two tones, up and down, s and Hz. */
const TONES = [[0, 880], [0.22, 660], [0.44, 880], [0.66, 660]];

/**
 * The one that the top bar names: of the worst ones the latest.
 * @param {import("./types.js").Hello|null} hello
 * @param {Alarm[]} open at least one, in the order in which they were raised
 * @returns {Alarm}
 */
export function foremost(hello, open) {
  const weight = (/** @type {Alarm} */ alarm) => levelWeight(word(hello, "level", alarm.level));
  return open.reduce((a, b) => (weight(b) >= weight(a) ? b : a));
}

export class Siren {
  /** @param {Page} page */
  constructor(page) {
    this._page = page;
    /** @type {AudioContext|null} */
    this._audio = null;
    this._mutedUntil = Number(sessionStorage.getItem(MUTED_KEY)) || 0;
    this._rangAt = Number.NEGATIVE_INFINITY;
    /** Alarms that were heard, and at which weight. @type {Map<number, number>} */
    this._known = new Map();
    /** When each alarm came on the screen. @type {Map<number, number>} */
    this._shownAt = new Map();
    /** Alarms that this page said were seen. @type {Set<number>} */
    this._said = new Set();
    this._lastEvent = 0;
    /** Until when new alarms flash. */
    this.flashUntil = 0;
    /** Alarms that are open at the edge. @type {Alarm[]} */
    this.open = [];
    /** New alarms at the edge while looking back. @type {string|null} */
    this.behind = null;
    this._listen();
  }

  _listen() {
    const { store } = this._page;
    store.on("state", () => this._look());
    store.on("events", (fresh) => this._heard(fresh));
    store.on("hello", () => this._known.clear());
    for (const kind of ["pointerdown", "keydown"]) {
      window.addEventListener(kind, () => this._wake(), { capture: true, passive: true });
    }
    setInterval(() => this._ringAgain(), 1000);
  }

  /** Browsers let a page sound only after the user did something on it. */
  _wake() {
    this._audio ??= new AudioContext();
    if (this._audio.state === "suspended") this._audio.resume().catch(() => {});
  }

  /** @returns {number} seconds that the sound is still muted for */
  mutedFor() {
    return Math.max(0, (this._mutedUntil - Date.now()) / 1000);
  }

  /** @param {number} minutes */
  mute(minutes) {
    this._setMuted(Date.now() + minutes * 60000);
    this._page.notes.show(`Sound muted for ${minutes} minutes; alarms still flash.`);
    if (this._page.acts.offers("mute")) this._page.acts.act("mute", "", minutes * 60);
  }

  unmute() {
    this._setMuted(0);
    this._page.notes.show("Sound on.");
    this._wake();
  }

  /** @param {number} until */
  _setMuted(until) {
    this._mutedUntil = until;
    sessionStorage.setItem(MUTED_KEY, String(until));
    this._page.store.set("settings", {});
  }

  /** Whether the sound could be heard now. */
  get able() {
    return this._audio?.state === "running";
  }

  /** Take the alarms of the picture: ring for what is new or worse. */
  _look() {
    const { state, hello } = this._page.store;
    if (!state || !hello) return;
    if (!this._page.atEdge()) return;
    this.behind = null;
    this.open = state.alarms.filter((each) => each.acknowledged_s === null && !each.shelved);
    const fresh = this.open.filter((alarm) => {
      const weight = levelWeight(word(hello, "level", alarm.level));
      const worse = weight > (this._known.get(alarm.alarm) ?? -1);
      if (worse) this._known.set(alarm.alarm, weight);
      return worse;
    });
    const waiting = this.open.length ? `(${this.open.length}) ` : "";
    const title = `${waiting}${hello.name} · chowki`;
    if (document.title !== title) document.title = title;
    if (fresh.length) this._raise(fresh.map((alarm) => this._title(alarm)));
    this._seeBanner();
  }

  /** @param {Alarm} alarm */
  _title(alarm) {
    const { hello } = this._page.store;
    return `${word(hello, "level", alarm.level)}, ${placeName(hello, alarm.place)}`;
  }

  /**
   * While looking back the picture is old, but the event log is not.
   * @param {import("./types.js").Happening[]} fresh
   */
  _heard(fresh) {
    const first = this._lastEvent === 0;
    const last = fresh[fresh.length - 1];
    if (last) this._lastEvent = last.id;
    if (first || !this._page.store.state || this._page.atEdge()) return;
    if (!this._page.store.state.clock.live) return;
    const alarms = fresh.filter((event) => event.kind === "alarm");
    if (!alarms.length) return;
    this.behind = alarms[alarms.length - 1].text;
    this._raise(alarms.map((event) => event.text));
  }

  /** @param {string[]} titles */
  _raise(titles) {
    this.flashUntil = performance.now() + 10000;
    this._page.notes.shout(`Alarm: ${titles.slice(0, 3).join("; ")}`);
    this._ring();
  }

  _ringAgain() {
    const waiting = this.open.length > 0 && this._page.rings();
    if (waiting && performance.now() - this._rangAt > AGAIN_MS) this._ring();
  }

  _ring() {
    const audio = this._audio;
    if (this.mutedFor() > 0 || !audio || audio.state !== "running") return;
    this._rangAt = performance.now();
    const gain = audio.createGain();
    gain.gain.value = 0.0001;
    gain.connect(audio.destination);
    for (const [at, hertz] of TONES) {
      const tone = audio.createOscillator();
      tone.type = "square";
      tone.frequency.value = hertz;
      tone.connect(gain);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.2);
    }
    gain.gain.exponentialRampToValueAtTime(0.18, audio.currentTime + 0.02);
    gain.gain.setValueAtTime(0.18, audio.currentTime + 0.8);
    gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.9);
    setTimeout(() => gain.disconnect(), 1500);
  }

  /** One open alarm stands in the top bar: it counts as seen there. */
  _seeBanner() {
    const { hello } = this._page.store;
    if (this.open.length) this._see([foremost(hello, this.open)]);
  }

  /** The list of alarms is on the screen: which of them could be read. @param {HTMLElement} list */
  looked(list) {
    const box = list.getBoundingClientRect();
    if (box.height === 0) return;
    const rows = [...list.querySelectorAll(".alarms tbody tr")];
    const inSight = new Set(rows.flatMap((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      const key = /** @type {HTMLElement} */ (row).dataset.key;
      return top >= box.top && bottom <= box.bottom ? [Number(key)] : [];
    }));
    this._see(this.open.filter((alarm) => inSight.has(alarm.alarm)));
  }

  /** Tell the server once that an alarm stood on the screen for a while. @param {Alarm[]} alarms */
  _see(alarms) {
    const { acts } = this._page;
    if (document.hidden || !acts.offers("seen") || !this._page.atEdge()) return;
    if (!this._page.rings()) return;
    const now = performance.now();
    for (const alarm of alarms) {
      const since = this._shownAt.get(alarm.alarm) ?? now;
      this._shownAt.set(alarm.alarm, since);
      if (now - since < SEEN_AFTER_MS || this._said.has(alarm.alarm)) continue;
      this._said.add(alarm.alarm);
      if (!alarm.seen.includes(acts.person)) acts.act("seen", alarm.alarm);
    }
  }
}
