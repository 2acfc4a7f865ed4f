// Proposed engagements, for the operator of a simulation: each is released or refused in two steps
// within its row, so that nothing is released by a slip.

import { el, setAttr, setHidden, setText } from "../dom.js";
import { clock, count, duration, percent, sentence } from "../format.js";
import { KeyedTable } from "../rows.js";
import { placeName, siteName, slug, word } from "../words.js";
import { stateWords } from "./detail-tables.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").Engagement} Engagement */
/** @typedef {import("../page.js").Page} Page */

/** So long a first press stands before it is forgotten. */
const ARMED_MS = 6000;

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function proposalsPanel(page) {
  const { store } = page;
  const decides = page.acts.operator;
  const proposed = engagementsTable(page, "Proposed engagements", decides
    ? [{ head: "Decide", name: "decide", make: (cell) => decision(page, cell) }]
    : [{ head: "State", name: "who", text: () => "Proposed" }]);
  const running = engagementsTable(page, "Engagements under way", [
    { head: "State", name: "who wrap", text: (engagement) => sentence(stateWords(page, engagement)) },
  ]);
  return {
    name: "proposals",
    title: decides ? "Proposals" : "Engagements",
    element: el("div", { class: "stack scroll" }, proposed.element,
      el("h2", { class: "part", text: "Under way, and of the last minute" }), running.element),
    topics: ["state", "selected", "hello"],
    badge: () => {
      const open = proposals(page).length;
      return { text: count(open), urgent: decides && open > 0 };
    },
    paint: () => {
      proposed.update(proposals(page));
      running.update((store.state?.engagements ?? []).filter((each) => !isProposed(page, each)));
    },
  };
}

/** @param {Page} page @param {Engagement} engagement */
function isProposed(page, engagement) {
  return word(page.store.hello, "state", engagement.state) === "proposed";
}

/** The soonest intercept first. @param {Page} page @returns {Engagement[]} */
function proposals(page) {
  const open = (page.store.state?.engagements ?? []).filter((each) => isProposed(page, each));
  const soon = (/** @type {Engagement} */ each) => each.intercept_s ?? Number.MAX_VALUE;
  return open.sort((a, b) => soon(a) - soon(b) || a.engagement - b.engagement);
}

/**
 * @param {Page} page
 * @param {string} caption
 * @param {import("../rows.js").Column<Engagement>[]} last
 */
function engagementsTable(page, caption, last) {
  const { store } = page;
  return new KeyedTable({
    caption,
    name: "engagements",
    key: (/** @type {Engagement} */ engagement) => engagement.engagement,
    chosen: (engagement) => engagement.track === store.selected,
    choose: (engagement) => page.choose(engagement.track),
    rowClass: (engagement) => `state-${slug(word(store.hello, "state", engagement.state))}`,
    empty: "None.",
    columns: [
      { head: "Track, place", name: "who", button: true,
        make: (cell) => twoLines(cell, (each) => [
          String(each.track), placeName(store.hello, each.place)]) },
      { head: "Site; meets, kill, harm", name: "where",
        make: (cell) => twoLines(cell, (each) => [
          siteWords(page, each),
          each.site < 0 ? "" : `${meets(page, each)}, kill ${percent(each.kill_probability)}`
            + `, harm ${harm(each.harm)}`]) },
      ...last,
    ],
  });
}

/** The site, and its effector where the name does not tell. @param {Page} page @param {Engagement} each */
function siteWords(page, each) {
  const site = siteName(page.store.hello, each.site) || "No site";
  const effector = word(page.store.hello, "effector", each.effector);
  return site.includes(effector) ? site : `${site} (${effector})`;
}

/** Expected harm to people on the ground, below. @param {number|null} expected */
function harm(expected) {
  return expected === null ? "–" : expected === 0 ? "0" : expected.toPrecision(1);
}

/** @param {Page} page @param {Engagement} engagement */
function meets(page, engagement) {
  const now = page.store.state?.time_s ?? 0;
  if (engagement.intercept_s === null) return "no time";
  if (engagement.intercept_s < now) {
    return isProposed(page, engagement) ? "late" : `at ${clock(engagement.intercept_s)}`;
  }
  return `in ${duration(engagement.intercept_s - now)}`;
}

/**
 * Who must release an engagement at a place now.
 * @param {Page} page
 * @param {number} place
 */
function releaserOf(page, place) {
  const sector = page.store.hello?.places.find((each) => each.index === place)?.sector;
  return page.store.state?.sectors.find((each) => each.sector === sector)?.release ?? "sector";
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(engagement: Engagement) => void}
 */
function decision(page, cell) {
  if (!page.acts.offers("refuse")) {
    return () => setText(cell, "an operator decides");
  }
  /** @type {Engagement|null} */
  let shown = null;
  const say = (/** @type {"release"|"refuse"} */ verb) => {
    if (shown) page.acts.act(verb, shown.track, "", shown.revision);
  };
  const release = armed("Release", "Release now", "release", () => say("release"));
  const refuse = armed("Refuse", "Refuse now", "refuse", () => say("refuse"));
  const why = el("span", { class: "lower", text: "An approver releases here", hidden: true });
  cell.append(release.element, refuse.element, why);
  return (engagement) => {
    if (shown?.engagement !== engagement.engagement) {
      release.disarm();
      refuse.disarm();
    }
    shown = engagement;
    const may = page.acts.mayRelease(releaserOf(page, engagement.place));
    release.element.disabled = !may;
    setHidden(why, may);
    release.name(`track ${engagement.track}`);
    refuse.name(`track ${engagement.track}`);
  };
}

/**
 * A button that acts on its second press only; the first arms it for some seconds.
 * @param {string} first
 * @param {string} second
 * @param {string} name
 * @param {() => void} act
 */
function armed(first, second, name, act) {
  let subject = "";
  let timer = 0;
  let since = 0;
  const element = el("button", { type: "button", class: `small ${name}`, text: first });
  const label = () => {
    const words = timer ? `${second}? Press again to confirm` : first;
    setAttr(element, "aria-label", `${words}, ${subject}`);
    setText(element, timer ? `${second}?` : first);
    element.classList.toggle("armed", timer !== 0);
  };
  const disarm = () => {
    window.clearTimeout(timer);
    timer = 0;
    label();
  };
  element.addEventListener("click", () => {
    // A double click is one slip, not two decisions.
    if (timer && performance.now() - since < 400) return;
    if (timer) {
      disarm();
      act();
      return;
    }
    since = performance.now();
    timer = window.setTimeout(disarm, ARMED_MS);
    label();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && timer) {
      event.stopPropagation();
      disarm();
    }
  });
  return {
    element,
    disarm,
    name: (/** @type {string} */ now) => {
      if (now === subject) return;
      subject = now;
      label();
    },
  };
}
