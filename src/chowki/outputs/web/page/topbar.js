// The bar on top: what this is, what time it is, whether the picture is fresh, and what stands.

import { foremost } from "./alarm.js";
import { byId, el, setAttr, setClass, setHidden, setText } from "./dom.js";
import { clock, count, date, duration, sentence } from "./format.js";
import { bareLevel, placeName, slug, word } from "./words.js";
import { levelName } from "./panels/sectors.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{element: HTMLElement, paint: () => void}} Part */

/**
 * @param {Page} page
 * @param {import("./alarm.js").Siren} siren
 */
export function makeTopbar(page, siren) {
  const parts = [
    namePart(page), clockPart(page), linkPart(page), posturePart(page), countsPart(page),
    alarmPart(page, siren), userPart(page),
  ];
  byId("top").append(...parts.map((part) => part.element));
  const paint = () => parts.forEach((part) => part.paint());
  page.painter.on(paint, ["hello", "state", "connection", "settings", "events"]);
  setInterval(() => page.painter.mark(paint, false), 1000);
}

/** @param {string} name @param {...Node} nodes */
function cell(name, ...nodes) {
  return el("div", { class: `top-cell ${name}` }, ...nodes);
}

const MODES = /** @type {Record<string, string>} */ ({
  simulation: "Simulation",
  replay: "Replay",
  recorded: "Recorded feed",
  live: "Live feed",
});
const ENDED = /** @type {Record<string, string>} */ ({
  simulation: "Run ended",
  recorded: "Feed ended",
  live: "Feed ended",
});

/** @param {Page} page @returns {Part} */
function namePart(page) {
  const name = el("strong", { class: "station" });
  const badge = el("span", { class: "mode" });
  return {
    element: cell("top-name", name, badge),
    paint: () => {
      const { hello } = page.store;
      if (!hello) return;
      setText(name, hello.name);
      name.title = hello.disclaimer;
      const exercise = hello.operator && hello.mode === "simulation";
      const words = exercise && !page.ended ? "Exercise" : (page.ended ? ENDED : MODES)[hello.mode];
      setText(badge, words);
      setClass(badge, `mode mode-${exercise ? "exercise" : hello.mode}`);
    },
  };
}

/** @param {Page} page @returns {Part} */
function clockPart(page) {
  const time = el("span", { class: "time-now" });
  const zone = el("span", { class: "zone", text: "UTC" });
  const day = el("span", { class: "day" });
  const elapsed = el("span", { class: "elapsed" });
  const box = cell("top-clock", el("span", { class: "time-line" }, time, zone),
    el("span", { class: "under" }, day, elapsed));
  return {
    element: box,
    paint: () => {
      const { state, hello } = page.store;
      setText(time, clock(state?.time_s));
      if (!state || !hello) return;
      const back = !state.at_edge && state.clock.live;
      box.classList.toggle("back", back);
      setText(day, back ? `${duration(state.edge_s - state.time_s)} back` : date(state.time_s));
      setText(elapsed, `+${duration(state.time_s - state.start_s)}`);
      elapsed.title = "Since the start of the scenario";
    },
  };
}

const LINK_SIGNS = { connecting: "◌", open: "●", stale: "▲", lost: "■", refused: "■" };

/** @param {Page} page @returns {Part} */
function linkPart(page) {
  const sign = el("span", { class: "sign", "aria-hidden": "true" });
  const words = el("span");
  const lag = el("span", { class: "lower" });
  const box = cell("top-link", el("span", { class: "upper" }, sign, words), lag);
  return {
    element: box,
    paint: () => {
      const link = page.store.connection;
      setText(sign, LINK_SIGNS[link.state]);
      setText(words, { connecting: "Connecting", open: "Connected", stale: "No picture",
        lost: "Lost", refused: "Signed out" }[link.state]);
      setClass(box, `top-cell top-link link-${link.state}`);
      const retry = link.retryS === null ? "–" : `again in ${link.retryS} s`;
      setText(lag, link.lagMs === null ? retry : `lag ${Math.round(link.lagMs)} ms`);
      setAttr(box, "title", link.words);
    },
  };
}

/** The strictest and the loosest status, or the one that all sectors have. @param {Page} page */
function statusWords(page) {
  const statuses = (page.store.state?.sectors ?? []).map((each) => each.weapons_control_status);
  const order = ["hold", "tight", "free"].filter((status) => statuses.includes(status));
  if (!order.length) return "–";
  return order.length === 1 ? order[0] : `${order[0]}–${order[order.length - 1]}`;
}

/** @param {Page} page @returns {Part} */
function posturePart(page) {
  const status = el("span", { class: "upper" });
  const posture = el("span", { class: "lower" });
  const list = el("ul", { class: "sector-list" });
  const summary = el("summary", { title: "All sectors" }, status, posture);
  const box = el("details", { class: "top-cell top-posture" }, summary, list);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) {
      box.open = false;
      event.stopPropagation();
      summary.focus();
    }
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(/** @type {Node|null} */ (event.relatedTarget))) box.open = false;
  });
  return {
    element: box,
    paint: () => {
      const sectors = page.store.state?.sectors ?? [];
      setHidden(box, sectors.length === 0 || !page.simulated);
      const ceased = sectors.filter((each) => each.cease_fire_s !== null).length;
      const names = [...new Set(sectors.map((each) => levelName(page, each)))];
      const words = ceased ? `cease-fire in ${ceased} of ${sectors.length}` : `posture ${names.join(", ") || "–"}`;
      setText(status, `Weapons ${statusWords(page)}`);
      setText(posture, words);
      if (!box.open) return;
      const lines = sectors.map((each) => `${each.sector}: weapons ${each.weapons_control_status}`
        + `, posture ${levelName(page, each)}, released by ${each.release}`
        + (each.cease_fire_s === null ? "" : `, cease-fire since ${clock(each.cease_fire_s)}`));
      if (list.textContent !== lines.join("")) {
        list.replaceChildren(...lines.map((text) => el("li", { text })));
      }
    },
  };
}

const COUNTS = /** @type {const} */ ([
  ["tracks", "Tracks"],
  ["drones", "Drones"],
  ["suspect", "Suspect"],
  ["hostile", "Hostile"],
  ["threats", "Threats"],
  ["warned", "Warned"],
]);

/** @param {Page} page @returns {Part} */
function countsPart(page) {
  const list = el("dl", { class: "top-cell top-counts" });
  const cells = COUNTS.map(([key, title]) => {
    const value = el("dd");
    list.append(el("div", { class: `count-${key}` }, el("dt", { text: title }), value));
    return /** @type {const} */ ([key, value]);
  });
  return {
    element: list,
    paint: () => {
      for (const [key, value] of cells) setText(value, count(page.store.state?.counts[key]));
    },
  };
}

/**
 * @param {Page} page
 * @param {import("./alarm.js").Siren} siren
 * @returns {Part}
 */
function alarmPart(page, siren) {
  const words = el("span", { class: "upper" });
  const sound = el("span", { class: "lower" });
  const button = el("button", { type: "button", class: "top-cell top-alarm",
    click: () => (siren.behind === null ? page.show("alarms") : page.time.live()) }, words, sound);
  return {
    element: button,
    paint: () => {
      const [title, level, more] = alarmWords(page, siren);
      const flash = performance.now() < siren.flashUntil;
      setText(words, title);
      const muted = siren.mutedFor();
      const able = siren.able ? "sound on" : "sound: click once";
      setText(sound, more + (muted > 0 ? `muted ${duration(muted)}` : able));
      setClass(button, `top-cell top-alarm alarm-${level}${flash ? " flash" : ""}`);
    },
  };
}

/**
 * @param {Page} page
 * @param {import("./alarm.js").Siren} siren
 * @returns {[string, string, string]} words, level, how many more
 */
function alarmWords(page, siren) {
  const { hello, state } = page.store;
  if (siren.behind !== null) return ["New alarm: go live", "take-cover", ""];
  const open = page.atEdge() ? siren.open
    : (state?.alarms ?? []).filter((each) => each.acknowledged_s === null && !each.shelved);
  if (!open.length) return ["No open alarm", "none", ""];
  const first = foremost(hello, open);
  const worst = bareLevel(word(hello, "level", first.level));
  const more = open.length > 1 ? `${open.length - 1} more, ` : "";
  return [`${sentence(worst)}: ${placeName(hello, first.place)}`, slug(worst), more];
}

/** @param {Page} page @returns {Part} */
function userPart(page) {
  const name = el("span", { class: "upper" });
  const role = el("span", { class: "lower" });
  return {
    element: cell("top-user", name, role),
    paint: () => {
      setText(name, page.store.hello?.user.name ?? "");
      setText(role, page.store.hello?.user.role ?? "");
    },
  };
}
