// What the page tells the user in passing: short notes on the screen, and words for screen readers.

import { byId, el, setText } from "./dom.js";

const NOTE_MS = { info: 4000, good: 4000, bad: 9000 };

export class Notes {
  constructor() {
    this._box = byId("notes");
    this._politely = byId("say-politely");
    this._now = byId("say-now");
    /** @type {string[]} */
    this._waiting = [];
    this._timer = 0;
  }

  /**
   * Show words for some seconds, and read them out.
   * @param {string} words
   * @param {"info"|"good"|"bad"} [kind]
   */
  show(words, kind = "info") {
    const note = el("p", { class: `note note-${kind}`, text: words });
    this._box.append(note);
    while (this._box.childElementCount > 3) this._box.firstElementChild?.remove();
    setTimeout(() => note.remove(), NOTE_MS[kind]);
    if (kind === "bad") this.shout(words);
    else this.say(words);
  }

  /** Read words out when the reader has time; of many at once only the latest few. */
  say(/** @type {string} */ words) {
    this._waiting.push(words);
    this._waiting = this._waiting.slice(-3);
    if (this._timer) return;
    this._timer = window.setTimeout(() => {
      this._timer = 0;
      setText(this._politely, this._waiting.join(". "));
      this._waiting = [];
    }, 800);
  }

  /** Read words out at once. @param {string} words */
  shout(words) {
    this._now.textContent = "";
    requestAnimationFrame(() => setText(this._now, words));
  }
}
