// What the page knows, in one place; panels and map listen by topic.

import { Marks } from "./marks.js";

/** @typedef {import("./types.js").Settings} Settings */
/** @typedef {import("./types.js").Filters} Filters */
/** @typedef {import("./types.js").TrackBlock} TrackBlock */
/** @typedef {"hello"|"block"|"state"|"events"|"series"|"detail"|"selected"|"picked"|"filters"
 *   |"settings"|"connection"|"cursor"} Topic */

const EVENTS_KEPT = 20000;
const SERIES_KEPT = 20000;

/** @returns {Settings} */
export function defaultSettings() {
  return {
    labels: 1,
    labelDetail: 1,
    trails: false,
    trailMinutes: 10,
    vectorMinutes: 1,
    rings: false,
    graticule: false,
    coverage: false,
    sites: true,
    volumes: true,
    border: true,
    ownLayers: true,
    dim: false,
    theme: "night",
    isolate: false,
    follow: false,
    measure: false,
    multi: false,
    inView: false,
  };
}

/** @returns {Filters} */
export function noFilters() {
  return {
    classes: [],
    identities: [],
    statuses: [],
    minHeightM: null,
    maxHeightM: null,
    minSpeedMps: null,
    maxSpeedMps: null,
    place: null,
    minExistence: 0,
  };
}

/** @returns {import("./types.js").Series} */
function noSeries() {
  return { time_s: [], tracks: [], suspect_hostile: [], threats: [], warned: [], engaged: [] };
}

export class Store {
  constructor() {
    /** @type {import("./types.js").Hello|null} */
    this.hello = null;
    /** @type {TrackBlock|null} */
    this.block = null;
    /** @type {import("./types.js").State|null} */
    this.state = null;
    /** @type {import("./types.js").Happening[]} */
    this.events = [];
    /** What happened, for the time line. */
    this.marks = new Marks();
    this.series = noSeries();
    /** @type {import("./types.js").Detail|null} */
    this.detail = null;
    /** @type {number|null} */
    this.selected = null;
    /** @type {Set<number>} */
    this.picked = new Set();
    /** 1 for each row of the block that passes the filters. @type {Uint8Array} */
    this.visible = new Uint8Array(0);
    this.filters = noFilters();
    this.settings = defaultSettings();
    /** @type {import("./types.js").Link} */
    this.connection = { state: "connecting", lagMs: null, ageMs: null, retryS: null, words: "" };
    /** @type {{lon: number, lat: number}|null} */
    this.cursor = null;
    /** @type {(block: TrackBlock, filters: Filters) => Uint8Array} */
    this.sift = (block) => new Uint8Array(block.n).fill(1);
    /** @type {Map<Topic, Set<(value: any) => void>>} */
    this._listeners = new Map();
  }

  /**
   * Call `fn` with the new value whenever a topic changes.
   * @param {Topic} topic
   * @param {(value: any) => void} fn
   * @returns {() => void} stops listening
   */
  on(topic, fn) {
    const listeners = this._listeners.get(topic) ?? new Set();
    this._listeners.set(topic, listeners);
    listeners.add(fn);
    return () => listeners.delete(fn);
  }

  /**
   * Take a new value and tell the listeners. Settings are merged, filters too; events and series
   * are messages of the server and are appended.
   * @param {Topic} topic
   * @param {any} value
   */
  set(topic, value) {
    const told = this._take(topic, value);
    for (const fn of this._listeners.get(topic) ?? []) fn(told);
  }

  /**
   * @param {Topic} topic
   * @param {any} value
   * @returns {any}
   */
  _take(topic, value) {
    switch (topic) {
      case "hello":
        return this._begin(value);
      case "events":
        return this._append(value);
      case "series":
        return this._extend(value);
      case "settings":
        return (this.settings = { ...this.settings, ...value });
      case "filters":
        this.filters = { ...this.filters, ...value };
        this._sift();
        return this.filters;
      case "block":
        this.block = value;
        this._sift();
        return value;
      default:
        /** @type {any} */ (this)[topic] = value;
        return value;
    }
  }

  _sift() {
    if (this.block) this.visible = this.sift(this.block, this.filters);
  }

  /**
   * A new session knows other tracks: what is chosen is kept only where it goes on.
   * @param {import("./types.js").Hello} hello
   */
  _begin(hello) {
    const before = this.hello;
    const same =
      before !== null &&
      before.station.name === hello.station.name &&
      before.station.start_s === hello.station.start_s;
    this.hello = hello;
    this.block = null;
    this.state = null;
    this.detail = null;
    this.visible = new Uint8Array(0);
    this.events = [];
    this.marks.clear();
    this.series = noSeries();
    if (before !== null && !same) {
      this.set("selected", null);
      this.set("picked", new Set());
      this.set("filters", { place: null });
    }
    return hello;
  }

  /** @param {import("./types.js").EventsMessage} message */
  _append(message) {
    if (message.reset) {
      this.events = [];
      this.marks.clear();
    }
    const last = this.events.length ? this.events[this.events.length - 1].id : 0;
    const fresh = message.events.filter((event) => event.id > last);
    for (const event of fresh) this.events.push(event);
    this.marks.add(fresh);
    if (this.events.length > EVENTS_KEPT) this.events.splice(0, this.events.length - EVENTS_KEPT);
    return fresh;
  }

  /** @param {import("./types.js").SeriesMessage} message */
  _extend(message) {
    if (message.reset) this.series = noSeries();
    const series = this.series;
    for (const key of /** @type {(keyof import("./types.js").Series)[]} */ (Object.keys(series))) {
      const column = series[key];
      for (const value of message[key] ?? []) column.push(value);
      if (column.length > SERIES_KEPT) column.splice(0, column.length - SERIES_KEPT);
    }
    return series;
  }
}
