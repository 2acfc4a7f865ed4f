// What a person at the page decides, sent to the server; who may, and what is told when another
// was first.

/** @typedef {import("./types.js").Role} Role */
/**
 * @typedef {"acknowledge"|"seen"|"shelve"|"unshelve"|"mute"|"authorise-drone"
 *   |"withdraw-authorisation"|"handover"|"set-identity"|"send-warning"|"cancel-warning"
 *   |"set-posture"|"set-weapons-control-status"|"cease-fire"|"lift-cease-fire"
 *   |"release"|"refuse"} Verb
 */

const RANK = { viewer: 0, operator: 1, approver: 2 };

/** What needs less or more than an operator. @type {Partial<Record<Verb, Role>>} */
const LEAST = { seen: "viewer", mute: "viewer", "lift-cease-fire": "approver" };

/** Verbs about engagements: in a simulated world in operator mode only. @type {Set<Verb>} */
const ENGAGES = new Set([
  "set-posture",
  "set-weapons-control-status",
  "cease-fire",
  "lift-cease-fire",
  "release",
  "refuse",
]);

/** @type {Set<Verb>} */
const ABOUT_PLACES = new Set(["shelve", "unshelve", "send-warning", "cancel-warning"]);

/** @type {Set<Verb>} */
const QUIET = new Set(["seen", "mute"]);

/** What is said once it is done. @type {Record<Verb, string>} */
const DONE = {
  acknowledge: "Acknowledged alarm",
  seen: "Seen",
  shelve: "Shelved",
  unshelve: "Off the shelf",
  mute: "Sound muted",
  "authorise-drone": "Authorised drone",
  "withdraw-authorisation": "Authorisation withdrawn",
  handover: "Handed over",
  "set-identity": "Identity set for track",
  "send-warning": "Warning sent",
  "cancel-warning": "Warning cancelled",
  "set-posture": "Posture set",
  "set-weapons-control-status": "Weapons control status set",
  "cease-fire": "Cease-fire declared",
  "lift-cease-fire": "Cease-fire lifted",
  release: "Released track",
  refuse: "Refused track",
};

export class Acts {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./connection.js").Connection} connection
   * @param {import("./notes.js").Notes} notes
   */
  constructor(store, connection, notes) {
    this._store = store;
    this._connection = connection;
    this._notes = notes;
    /** Acts under way, so that nothing is sent twice. @type {Set<string>} */
    this._under = new Set();
  }

  /** @returns {Role} */
  get role() {
    return this._store.hello?.user.role ?? "viewer";
  }

  /** @returns {string} */
  get person() {
    return this._store.hello?.user.name ?? "";
  }

  /** Whether this page is the operator's place in a simulation. */
  get operator() {
    const hello = this._store.hello;
    return hello !== null && hello.operator && hello.mode === "simulation";
  }

  /**
   * Whether the user may do it: others are not offered the button, and nobody is after the end.
   * @param {Verb} verb
   */
  offers(verb) {
    if (RANK[this.role] < RANK[LEAST[verb] ?? "operator"]) return false;
    const { hello, state } = this._store;
    if (!hello || hello.mode === "replay" || state?.clock.live === false) return false;
    return this.operator || !ENGAGES.has(verb);
  }

  /**
   * Whether the user may act where that releaser is demanded.
   * @param {string} releaser
   */
  mayRelease(releaser) {
    return this.offers("release") && (releaser !== "senior" || this.role === "approver");
  }

  /**
   * @param {Verb} verb
   * @param {string|number} subject
   * @param {string|number|null} [value]
   * @param {number|null} [revision] of what was seen when deciding
   * @returns {Promise<boolean>} whether it was accepted
   */
  async act(verb, subject, value = "", revision = null) {
    const key = `${verb} ${subject}`;
    if (this._under.has(key)) return false;
    this._under.add(key);
    const body = { verb, subject: String(subject), value: String(value ?? ""), revision };
    const verdict = await this._connection.post("/acts", body);
    this._under.delete(key);
    if (!verdict.accepted) this._refused(verdict);
    else if (!QUIET.has(verb)) this._notes.show(verdict.words || this._done(verb, subject), "good");
    return verdict.accepted;
  }

  /**
   * @param {Verb} verb
   * @param {string|number} subject
   */
  _done(verb, subject) {
    const place = this._store.hello?.places.find((each) => String(each.index) === String(subject))
      ?.name;
    const named = ABOUT_PLACES.has(verb) ? place ?? subject : subject;
    return `${DONE[verb]}${named === "" ? "" : `: ${named}`}`;
  }

  /** @param {{code: number, words: string}} verdict */
  _refused(verdict) {
    const first = verdict.code === 409 ? "Somebody was first: " : "Not done: ";
    this._notes.show(first + (verdict.words || `the server answered ${verdict.code}`), "bad");
  }
}
