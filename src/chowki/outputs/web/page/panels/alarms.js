// Alarms of the night watch: what rang, who saw it, who acknowledged it; places on the shelf.

import { el, setHidden, setText } from "../dom.js";
import { clock, count, duration } from "../format.js";
import { KeyedTable } from "../rows.js";
import { bareLevel, levelMark, placeName, slug, word } from "../words.js";
import { twoLines } from "./threats.js";

/** @typedef {import("../types.js").Alarm} Alarm */
/** @typedef {import("../types.js").Shelved} Shelved */
/** @typedef {import("../page.js").Page} Page */

const SHELF_S = [900, 1800, 3600, 7200];

/**
 * @param {Page} page
 * @param {import("../alarm.js").Siren} siren
 * @returns {import("../deck.js").Panel}
 */
export function alarmsPanel(page, siren) {
  const { store } = page;
  const table = new KeyedTable({
    caption: "Alarms, open ones first",
    name: "alarms",
    key: (/** @type {Alarm} */ alarm) => alarm.alarm,
    choose: (alarm) => page.goToPlace(alarm.place),
    rowClass: (alarm) => `level-${slug(levelOf(page, alarm))} ${isOpen(alarm) ? "open" : "done"}`,
    empty: "No alarm.",
    columns: alarmColumns(page),
  });
  const shelf = shelfTable(page);
  const bar = muteBar(page, siren);
  const element = el("div", { class: "stack" }, bar.element, table.element, shelf.element);
  return {
    name: "alarms",
    title: "Alarms",
    element,
    topics: ["state", "hello", "settings"],
    badge: () => {
      const open = (store.state?.alarms ?? []).filter(isOpen).length;
      return { text: count(open), urgent: open > 0 };
    },
    paint: () => {
      const alarms = [...(store.state?.alarms ?? [])];
      alarms.sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.raised_s - a.raised_s);
      table.update(alarms.slice(0, 200));
      shelf.paint();
      bar.paint();
      siren.looked(element);
    },
  };
}

/** @param {Alarm} alarm */
export function isOpen(alarm) {
  return alarm.acknowledged_s === null && !alarm.shelved;
}

/** Who knows of an alarm. @param {Alarm} alarm */
function standing(alarm) {
  if (alarm.acknowledged_s !== null) {
    return `✓ ${alarm.acknowledged_by} ${clock(alarm.acknowledged_s)}`;
  }
  const seen = alarm.seen.length ? `seen by ${alarm.seen.join(", ")}` : "not seen yet";
  return alarm.shelved ? `shelved, ${seen}` : seen;
}

/** @param {Page} page @param {Alarm} alarm */
function levelOf(page, alarm) {
  return bareLevel(word(page.store.hello, "level", alarm.level));
}

/**
 * @param {Page} page
 * @returns {import("../rows.js").Column<Alarm>[]}
 */
function alarmColumns(page) {
  return [
    {
      head: "Place, level",
      name: "where",
      button: true,
      make: (cell) => twoLines(cell, (alarm) => [
        placeName(page.store.hello, alarm.place),
        `${levelMark(levelOf(page, alarm))} ${levelOf(page, alarm)}`,
      ]),
    },
    {
      head: "Raised, seen",
      name: "who",
      make: (cell) => twoLines(cell, (alarm) => [clock(alarm.raised_s), standing(alarm)]),
    },
    ...(page.acts.offers("acknowledge")
      ? [{ head: "Act", quiet: true, name: "do",
        make: (/** @type {HTMLElement} */ cell) => alarmButtons(page, cell) }] : []),
  ];
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(alarm: Alarm) => void}
 */
function alarmButtons(page, cell) {
  /** @type {Alarm|null} */
  let shown = null;
  const acknowledge = el("button", { type: "button", class: "small", text: "Acknowledge",
    click: () => {
      if (shown) page.acts.act("acknowledge", shown.alarm, "", shown.revision);
    } });
  const shelve = el(
    "select",
    { class: "small", change: () => {
      if (shown && shelve.value) page.acts.act("shelve", shown.place, shelve.value);
      shelve.value = "";
    } },
    el("option", { value: "", text: "Shelve…" }),
    ...SHELF_S.map((s) => el("option", { value: s, text: `${s / 60} min` })),
  );
  cell.append(acknowledge, shelve);
  return (alarm) => {
    shown = alarm;
    const name = placeName(page.store.hello, alarm.place);
    acknowledge.setAttribute("aria-label", `Acknowledge the alarm for ${name}`);
    shelve.setAttribute("aria-label", `Shelve alarms of ${name}`);
    setHidden(acknowledge, alarm.acknowledged_s !== null);
    setHidden(shelve, alarm.shelved || alarm.place < 0);
  };
}

/**
 * @param {Page} page
 * @param {import("../alarm.js").Siren} siren
 */
function muteBar(page, siren) {
  const words = el("span", { class: "grow" });
  const mute = (/** @type {number} */ minutes) =>
    el("button", { type: "button", class: "small", text: `${minutes} min`,
      "aria-label": `Mute the sound for ${minutes} min`, click: () => siren.mute(minutes) });
  const choices = el("span", { class: "choices", role: "group", "aria-label": "Mute the sound" },
    el("span", { text: "Mute" }), mute(5), mute(15), mute(30));
  const unmute = el("button", { type: "button", class: "small", text: "Sound on",
    click: () => siren.unmute() });
  const all = el("button", { type: "button", class: "small", text: "Acknowledge all seen",
    click: () => acknowledgeSeen(page) });
  return {
    element: el("div", { class: "bar" }, words, choices, unmute, all),
    paint: () => {
      const left = siren.mutedFor();
      setHidden(choices, left > 0);
      setHidden(unmute, left <= 0);
      setText(words, left > 0 ? `Muted, ${duration(left)} left` : siren.words());
      setHidden(all, !page.acts.offers("acknowledge"));
      const mine = (page.store.state?.alarms ?? []).some((alarm) => seenOpen(page, alarm));
      if (all.disabled === mine) all.disabled = !mine;
    },
  };
}

/** @param {Page} page @param {Alarm} alarm */
function seenOpen(page, alarm) {
  return isOpen(alarm) && alarm.seen.includes(page.acts.person);
}

/** Only what this very person has had on the screen is acknowledged. @param {Page} page */
async function acknowledgeSeen(page) {
  for (const alarm of (page.store.state?.alarms ?? []).filter((each) => seenOpen(page, each))) {
    await page.acts.act("acknowledge", alarm.alarm, "", alarm.revision);
  }
}

/** @param {Page} page */
function shelfTable(page) {
  const table = new KeyedTable({
    caption: "Places on the shelf",
    name: "shelf",
    key: (/** @type {Shelved} */ shelved) => shelved.place,
    columns: [
      { head: "Shelved place", name: "where",
        text: (shelved) => placeName(page.store.hello, shelved.place) },
      { head: "Left", name: "time",
        text: (shelved) => duration(shelved.until_s - (page.store.state?.time_s ?? 0)) },
      { head: "By", name: "who", text: (shelved) => shelved.person },
      ...(page.acts.offers("unshelve") ? [{ head: "Act", quiet: true, name: "do",
        make: (/** @type {HTMLElement} */ cell) => unshelve(page, cell) }] : []),
    ],
  });
  return {
    element: table.element,
    paint: () => {
      const shelved = page.store.state?.shelved ?? [];
      setHidden(table.element, shelved.length === 0);
      table.update(shelved);
    },
  };
}

/**
 * @param {Page} page
 * @param {HTMLElement} cell
 * @returns {(shelved: Shelved) => void}
 */
function unshelve(page, cell) {
  let place = -1;
  cell.append(el("button", { type: "button", class: "small", text: "Take off the shelf",
    click: () => page.acts.act("unshelve", place) }));
  return (shelved) => {
    place = shelved.place;
  };
}
