// Health of sensors, of live sources, and rounds left at the sites of the simulation.

import { el, setHidden } from "../dom.js";
import { age, quantity, sentence } from "../format.js";
import { KeyedTable } from "../rows.js";
import { slug, word } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").SensorState} SensorState */
/** @typedef {import("../types.js").SourceState} SourceState */
/** @typedef {import("../types.js").SiteState} SiteState */
/** @typedef {import("../page.js").Page} Page */

const SIGNS = /** @type {Record<string, string>} */ ({ working: "●", degraded: "▲", silent: "■" });
const WEIGHTS = /** @type {Record<string, number>} */ ({ working: 0, degraded: 1 });

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function healthPanel(page) {
  const { store } = page;
  const sources = sourceTable(page);
  const sensors = sensorTable(page);
  const sites = siteTable(page);
  const section = (/** @type {string} */ title, /** @type {HTMLElement} */ element) =>
    el("section", { class: "group" }, el("h2", { class: "part", text: title }), element);
  const sourceGroup = section("Live sources", sources.element);
  const siteGroup = section("Sites (simulated)", sites.element);
  return {
    name: "health",
    title: "Health",
    element: el("div", { class: "stack scroll" }, sourceGroup,
      section("Sensors", sensors.element), siteGroup),
    topics: ["state", "hello"],
    badge: () => {
      const all = [...(store.state?.sensors ?? []), ...(store.state?.sources ?? [])];
      const ill = all.filter((each) => each.state !== "working").length;
      return { text: ill ? String(ill) : "", urgent: false };
    },
    paint: () => {
      sources.update(store.state?.sources ?? []);
      sensors.update([...(store.state?.sensors ?? [])].sort(byHealth));
      sites.update(store.state?.sites ?? []);
      setHidden(sourceGroup, !store.state?.sources.length);
      setHidden(siteGroup, !store.state?.sites.length);
    },
  };
}

/** The ill ones first. @param {SensorState} a @param {SensorState} b */
function byHealth(a, b) {
  return (WEIGHTS[b.state] ?? 2) - (WEIGHTS[a.state] ?? 2) || a.number - b.number;
}

/** @param {string} state */
function stateWords(state) {
  return `${SIGNS[state] ?? "■"} ${state}`;
}

/** @param {Page} page */
function sinceHeard(page, /** @type {number|null} */ last_s) {
  const now = page.store.state?.time_s ?? null;
  return last_s === null || now === null ? "never heard" : `${age(now - last_s)} ago`;
}

/** @param {Page} page */
function sourceTable(page) {
  return new KeyedTable({
    caption: "Live sources",
    name: "health",
    key: (/** @type {SourceState} */ source) => source.name,
    rowClass: (source) => `health-${slug(source.state)}`,
    columns: [
      { head: "Source, state", name: "where",
        make: (cell) => twoLines(cell, (s) => [s.name, stateWords(s.state)]) },
      { head: "Rate, heard", name: "when",
        make: (cell) => twoLines(cell, (s) => [
          quantity(s.rate_hz, "/s", 1), sinceHeard(page, s.last_s)]) },
      { head: "Delay, clock", name: "when",
        make: (cell) => twoLines(cell, (s) => [
          quantity(s.delay_s, "s", 1), signed(s.clock_offset_s)]) },
      { head: "Remark", name: "text wrap", text: (s) => sentence(s.note ?? "") },
    ],
  });
}

/** @param {number|null} seconds */
function signed(seconds) {
  if (seconds === null) return "–";
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(2)} s`;
}

/** @param {Page} page */
function sensorTable(page) {
  const named = (/** @type {SensorState} */ state) =>
    page.store.hello?.sensors.find((sensor) => sensor.number === state.number);
  return new KeyedTable({
    caption: "Sensors, the ill ones first",
    name: "health",
    key: (/** @type {SensorState} */ sensor) => sensor.number,
    rowClass: (sensor) => `health-${slug(sensor.state)}`,
    choose: (sensor) => {
      const known = named(sensor);
      page.goTo(known?.lon ?? null, known?.lat ?? null);
    },
    columns: [
      { head: "Sensor", name: "where", button: true,
        make: (cell) => twoLines(cell, (s) => [
          named(s)?.name ?? `sensor ${s.number}`, kindOf(named(s))]) },
      { head: "State, heard", name: "who",
        make: (cell) => twoLines(cell, (s) => [stateWords(s.state), sinceHeard(page, s.last_s)]) },
      { head: "Bias, clock", name: "when",
        make: (cell) => twoLines(cell, (s) => [
          `${quantity(s.range_bias_m, "m")}, ${quantity(s.azimuth_bias_deg, "°", 2)}`,
          signed(s.clock_bias_s)]) },
      { head: "Faults", name: "text wrap",
        text: (s) => sentence([...s.faults, s.note ?? ""].filter(Boolean).join(", ")) },
    ],
  });
}

/** The kind of a sensor, unless its name tells it already. @param {import("../types.js").Sensor|undefined} sensor */
function kindOf(sensor) {
  if (!sensor || slug(sensor.name).startsWith(slug(sensor.kind))) return "";
  return sensor.kind.replaceAll("_", " ");
}

/** @param {Page} page */
function siteTable(page) {
  const { store } = page;
  const named = (/** @type {SiteState} */ state) =>
    store.hello?.sites.find((site) => site.index === state.index);
  return new KeyedTable({
    caption: "Sites of the simulation",
    name: "health",
    key: (/** @type {SiteState} */ site) => site.index,
    choose: (state) => {
      const site = named(state);
      page.goTo(site?.lon ?? null, site?.lat ?? null);
    },
    columns: [
      { head: "Site, effector", name: "where", button: true,
        make: (cell) => twoLines(cell, (s) => [
          named(s)?.name ?? `site ${s.index}`,
          word(store.hello, "effector", named(s)?.effector)]) },
      { head: "State", name: "who", text: (s) => String(s.state ?? "–") },
      { head: "Rounds left", name: "when",
        text: (s) => `${s.rounds_left ?? "–"} of ${named(s)?.magazine ?? "–"}` },
    ],
  });
}
