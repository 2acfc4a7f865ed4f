// The socket to the server: takes pictures, keeps itself alive, tells how late it is.

import { decodeBlock } from "./block.js";

/** @typedef {import("./store.js").Store} Store */

const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 8;
const PING_MS = 2000;
const STALE_MS = 3000;

export class Connection {
  /** @param {Store} store */
  constructor(store) {
    this._store = store;
    /** @type {WebSocket|null} */
    this._socket = null;
    this._wait_s = FIRST_WAIT_S;
    this._gotAt = 0;
    this._pongAt = 0;
    /** @type {number|null} */
    this._lagMs = null;
    /** Called with words that the server has for the user. @type {(words: string) => void} */
    this.onTold = () => {};
    store.on("selected", (track) => this.send({ type: "select", track }));
    document.addEventListener("visibilitychange", () => this._tellVisible());
    setInterval(() => this._tick(), PING_MS);
  }

  /** Open the socket; from then on it is opened again whenever it is lost. */
  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this._opened();
    socket.onmessage = (message) => this._take(message.data);
    socket.onclose = (close) => this._lost(close);
    this._socket = socket;
    this._report("connecting", "Connecting");
  }

  /**
   * Send a message, if the socket is open.
   * @param {Record<string, unknown>} message
   */
  send(message) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  /**
   * Post JSON to the server.
   * @param {"/acts"|"/clock"} path
   * @param {Record<string, unknown>} body
   * @returns {Promise<{code: number, accepted: boolean, words: string, revision: number|null}>}
   */
  async post(path, body) {
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const verdict = await response.json().catch(() => ({}));
      return {
        code: response.status,
        accepted: response.ok && verdict.accepted !== false,
        words: verdict.words ?? (response.ok ? "" : `The server answered ${response.status}.`),
        revision: verdict.revision ?? null,
      };
    } catch {
      const words = "The server could not be reached: nothing was sent.";
      return { code: 0, accepted: false, words, revision: null };
    }
  }

  _opened() {
    this._wait_s = FIRST_WAIT_S;
    this._gotAt = this._pongAt = performance.now();
    this._report("open", "Connected");
    this._tellVisible();
    this._ping();
  }

  _tellVisible() {
    this.send({ type: "visible", value: !document.hidden });
  }

  _ping() {
    this.send({ type: "ping", sent: performance.now() });
  }

  /** @param {string|ArrayBuffer} data */
  _take(data) {
    if (typeof data !== "string") {
      this._gotAt = performance.now();
      const hello = this._store.hello;
      if (hello) this._store.set("block", decodeBlock(data, hello.track_columns));
      return;
    }
    const message = JSON.parse(data);
    switch (message.type) {
      case "hello":
        this._begin(message);
        break;
      case "state":
      case "events":
      case "series":
      case "detail":
        this._store.set(message.type, message);
        break;
      case "pong":
        this._pongAt = performance.now();
        this._lagMs = this._pongAt - message.sent;
        this._report("open", "Connected");
        break;
      case "told":
        this.onTold(message.words);
        break;
    }
  }

  /** @param {import("./types.js").Hello} hello */
  _begin(hello) {
    const { hello: before, state } = this._store;
    this._store.set("hello", hello);
    if (this._store.selected !== null) this.send({ type: "select", track: this._store.selected });
    const { name, start_s } = hello.station;
    const same = before?.station.name === name && before.station.start_s === start_s;
    if (same && state && !(state.at_edge && state.clock.live)) this._lookAgain(state);
  }

  /** A new socket looks at the edge: go back to where the user was. @param {import("./types.js").State} state */
  _lookAgain({ time_s, clock }) {
    this.send({ type: "view", time_s });
    this.send({ type: "play", speed: clock.speed, paused: clock.paused });
  }

  /** @param {CloseEvent} close */
  async _lost(close) {
    this._socket = null;
    this._lagMs = null;
    const wait_s = this._wait_s;
    this._wait_s = Math.min(LONGEST_WAIT_S, wait_s * 2);
    this._report("lost", close.reason || "Connection lost", wait_s);
    setTimeout(() => this.open(), wait_s * 1000);
    const answer = await fetch("/state", { method: "GET" }).catch(() => null);
    if (answer?.status === 401) {
      this._report("refused", "Signed out: open the link that chowki serve printed", wait_s);
    }
  }

  _tick() {
    if (this._socket?.readyState !== WebSocket.OPEN) return;
    this._report("open", "Connected");
    this._ping();
  }

  /** Whether pictures should come but do not, or the server does not answer. */
  _quiet() {
    if (document.hidden) return false;
    const now = performance.now();
    const due = this._store.state?.clock.paused === false && this._store.state.clock.live;
    return (due && now - this._gotAt > STALE_MS) || now - this._pongAt > 2 * STALE_MS;
  }

  /**
   * @param {import("./types.js").Link["state"]} state
   * @param {string} words
   * @param {number|null} retryS
   */
  _report(state, words, retryS = null) {
    const ageMs = this._gotAt ? performance.now() - this._gotAt : null;
    const link = { state, lagMs: this._lagMs, ageMs, retryS, words };
    if (state === "open" && this._quiet()) {
      link.state = "stale";
      link.words = "No picture comes";
    }
    this._store.set("connection", link);
  }
}
