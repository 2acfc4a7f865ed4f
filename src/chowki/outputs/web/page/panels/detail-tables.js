// Tables in the details of a track: places it threatens, engagements, what each sensor last said.

import { el, setHidden } from "../dom.js";
import { age, duration, interval, percent, sentence } from "../format.js";
import { KeyedTable } from "../rows.js";
import { placeName, siteName, slug, word } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").Detail} Detail */
/** @typedef {import("../types.js").Engagement} Engagement */
/** @typedef {import("../page.js").Page} Page */
/** @typedef {{element: HTMLElement, paint: (detail: Detail|null) => void}} Part */

/**
 * @template R
 * @param {string} title
 * @param {KeyedTable<R>} table
 * @param {(detail: Detail) => R[]} rows
 * @returns {Part}
 */
function section(title, table, rows) {
  const element = el("section", {}, el("h3", { text: title }), table.element);
  return {
    element,
    paint: (detail) => {
      const found = detail ? rows(detail) : [];
      table.update(found);
      setHidden(element, found.length === 0);
    },
  };
}

/**
 * Rows of `threats` here may come under the names of the record.
 * @param {any} threat
 * @returns {import("../types.js").Threat}
 */
function asTold(threat) {
  return {
    ...threat,
    low_s: threat.low_s ?? threat.time_to_go_low_s ?? null,
    high_s: threat.high_s ?? threat.time_to_go_high_s ?? null,
    armed: threat.armed ?? threat.armed_probability ?? null,
  };
}

/** @param {Page} page @returns {Part} */
export function threatTable(page) {
  const table = new KeyedTable({
    caption: "Places that the track threatens",
    name: "inner",
    key: (/** @type {import("../types.js").Threat} */ threat) => threat.place,
    choose: (threat) => page.goToPlace(threat.place),
    columns: [
      { head: "Place", name: "where", button: true,
        text: (threat) => placeName(page.store.hello, threat.place) },
      { head: "To go", name: "time", text: (threat) => duration(threat.time_to_go_s) },
      { head: "Interval", name: "when", text: (threat) => interval(threat.low_s, threat.high_s) },
      { head: "Prob.", name: "how-sure", text: (threat) => percent(threat.probability) },
    ],
  });
  return section("Threatens", table, (detail) =>
    (detail.threats ?? []).map(asTold).sort((a, b) => a.rank - b.rank));
}

/**
 * Words of an engagement's state, with the reason where the rules refused it.
 * @param {Page} page
 * @param {Engagement} engagement
 */
export function stateWords(page, engagement) {
  const { hello } = page.store;
  const state = word(hello, "state", engagement.state);
  const refusal = word(hello, "refusal", engagement.refusal);
  return state === "refused" && refusal && refusal !== "none" ? `${state}: ${refusal}` : state;
}

/** @param {Page} page @returns {Part} */
export function engagementTable(page) {
  const shown = () => page.store.state?.time_s ?? 0;
  const table = new KeyedTable({
    caption: "Engagements of the track",
    name: "inner",
    key: (/** @type {Engagement} */ engagement) => engagement.engagement,
    rowClass: (engagement) => `state-${slug(word(page.store.hello, "state", engagement.state))}`,
    columns: [
      { head: "Site, effector", name: "where",
        make: (cell) => twoLines(cell, (engagement) => [
          siteName(page.store.hello, engagement.site),
          word(page.store.hello, "effector", engagement.effector)]) },
      { head: "State", name: "text wrap",
        text: (engagement) => sentence(stateWords(page, engagement)) },
      { head: "Meets in", name: "time",
        text: (engagement) => (engagement.intercept_s === null || engagement.intercept_s < shown()
          ? "–" : duration(engagement.intercept_s - shown())) },
      { head: "Kill", name: "how-sure",
        text: (engagement) => percent(engagement.kill_probability) },
    ],
  });
  return section("Engagements (simulated)", table, (detail) => detail.engagements ?? []);
}

/** @param {Page} page @returns {Part} */
export function saidTable(page) {
  /** @typedef {NonNullable<Detail["said"]>[number]} Said */
  const ago = (/** @type {Said} */ said) => age((page.store.state?.time_s ?? 0) - said.time_s);
  const table = new KeyedTable({
    caption: "What each sensor last said",
    name: "inner said",
    key: (/** @type {Said} */ said) => said.sensor,
    columns: [
      { head: "Sensor", name: "where",
        make: (cell) => twoLines(cell, (said) => [said.name, said.kind.replaceAll("_", " ")]) },
      { head: "Said", name: "text wrap", text: (said) => sentence(said.text) },
      { head: "Ago", name: "time", text: ago },
    ],
  });
  return section("What each sensor last said", table, (detail) => detail.said ?? []);
}
