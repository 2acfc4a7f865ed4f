// All that is known of the selected track.

import { el, setAttr, setClass, setHidden, setText } from "../dom.js";
import { age, bearing, clock, count, percent, position, quantity, sentence } from "../format.js";
import { rowOf, valueOf } from "../tracks.js";
import { identityClass, identityMark, word } from "../words.js";
import { engagementTable, saidTable, threatTable } from "./detail-tables.js";

/** @typedef {import("../types.js").Detail} Detail */
/** @typedef {import("../page.js").Page} Page */
/** @typedef {{element: HTMLElement, paint: (detail: Detail|null) => void}} Part */

/** Longer words are written smaller. */
const LONG = 10;

/**
 * @param {Page} page
 * @returns {import("../deck.js").Panel}
 */
export function detailsPanel(page) {
  const { store } = page;
  const parts = [
    headPart(page), figuresPart(page), reasonsPart(), classPart(page),
    threatTable(page), engagementTable(page), saidTable(page), agesPart(page), identityPart(page),
  ];
  const picked = pickedBar(page);
  const empty = el("p", { class: "empty",
    text: "No track is selected: click one on the map, or choose one in a list." });
  const body = el("div", { class: "details" }, ...parts.map((part) => part.element));
  return {
    name: "details",
    title: "Track",
    element: el("div", { class: "stack scroll" }, picked.element, empty, body),
    topics: ["detail", "selected", "block", "settings", "picked", "hello"],
    paint: () => {
      picked.paint();
      setHidden(empty, store.selected !== null);
      setHidden(body, store.selected === null);
      if (store.selected === null) return;
      const detail = store.detail?.track === store.selected ? store.detail : null;
      for (const part of parts) part.paint(detail);
    },
  };
}

/** The tracks that were picked beside the selected one. @param {Page} page */
function pickedBar(page) {
  const { store } = page;
  const words = el("span", { class: "grow" });
  const fit = el("button", { type: "button", class: "small", text: "Show all",
    click: () => page.map?.fitTracks([...store.picked]) });
  const clear = el("button", { type: "button", class: "small", text: "Clear picked",
    click: () => store.set("picked", new Set()) });
  const element = el("div", { class: "bar" }, words, fit, clear);
  return {
    element,
    paint: () => {
      setHidden(element, store.picked.size === 0);
      setText(words, `Picked: ${[...store.picked].join(", ")}`);
    },
  };
}

/** Where the pilot is, by the details or else by what Remote ID said. @param {Page} page @param {Detail|null} detail */
function pilot(page, detail) {
  const heard = page.store.state?.pilots?.find((each) => each.track === page.store.selected);
  const where = detail?.pilot ?? heard;
  return where ? position(where.lat, where.lon) : "–";
}

/** A value of the selected track in the block. @param {Page} page @param {string} name */
function now(page, name) {
  const { hello, block, selected } = page.store;
  return valueOf(hello, block, name, rowOf(block, selected));
}

/** @param {Page} page @returns {Part} */
function headPart(page) {
  const { store } = page;
  const mark = el("span", { "aria-hidden": "true" }, el("span"));
  const number = el("strong", { class: "big" });
  const words = el("span", { class: "head-words" });
  const follow = toggle("Follow", () => store.set("settings", { follow: !store.settings.follow }));
  const isolate = toggle("Isolate",
    () => store.set("settings", { isolate: !store.settings.isolate }));
  const centre = el("button", { type: "button", class: "small", text: "Centre",
    click: () => page.centre(store.selected) });
  const clear = el("button", { type: "button", class: "small", text: "Clear",
    click: () => store.set("selected", null) });
  return {
    element: el("div", { class: "detail-head" },
      el("h2", {}, mark, number, words),
      el("div", { class: "choices" }, follow, isolate, centre, clear)),
    paint: (detail) => {
      const gone = rowOf(store.block, store.selected) < 0;
      const identity = word(store.hello, "identity", now(page, "identity") ?? detail?.identity);
      setClass(mark, identityClass(identity));
      setText(/** @type {Node} */ (mark.firstChild), identityMark(identity));
      setText(number, String(store.selected));
      const kind = word(store.hello, "object_class", now(page, "object_class"));
      const status = word(store.hello, "status", now(page, "status") ?? detail?.status);
      const known = [identity, kind, status].filter(Boolean).join(", ");
      setText(words, gone ? "not in the picture at this time" : known);
      setAttr(follow, "aria-pressed", String(store.settings.follow));
      setAttr(isolate, "aria-pressed", String(store.settings.isolate));
    },
  };
}

/** @param {string} text @param {() => void} click */
function toggle(text, click) {
  return el("button", { type: "button", class: "small", text, click });
}

/**
 * A list of names and figures.
 * @param {[string, (detail: Detail|null) => string][]} figures
 * @param {string} name
 * @returns {Part}
 */
function figureList(figures, name) {
  const list = el("dl", { class: name });
  const cells = figures.map(([title, text]) => {
    const cell = el("dd");
    list.append(el("div", {}, el("dt", { text: title }), cell));
    return /** @type {const} */ ([cell, text]);
  });
  return {
    element: list,
    paint: (detail) => {
      for (const [cell, text] of cells) {
        const words = text(detail);
        setText(cell, words);
        cell.classList.toggle("long", words.length > LONG);
      }
    },
  };
}

/** @param {Page} page @returns {Part} */
function figuresPart(page) {
  return figureList([
    ["Height", () => quantity(now(page, "height_m"), "m")],
    ["Above ground", () => quantity(now(page, "agl_m"), "m")],
    ["Speed", () => quantity(now(page, "speed"), "m/s")],
    ["Course", () => bearing(now(page, "course"))],
    ["Climb", () => quantity(now(page, "climb"), "m/s", 1)],
    ["Existence", () => percent(now(page, "existence"))],
    ["Armed", (detail) => percent(detail?.armed)],
    ["Call sign", (detail) => detail?.callsign || "–"],
    ["Address", (detail) => detail?.address || "–"],
  ], "figures large");
}

/** @returns {Part} */
function reasonsPart() {
  const text = el("p", { class: "reasons" });
  return {
    element: el("section", {}, el("h3", { text: "Why this identity" }), text),
    paint: (detail) => {
      const reasons = detail?.reasons ?? "";
      const words = Array.isArray(reasons) ? reasons.join(", ") : reasons;
      setText(text, words ? `${sentence(words)}.` : "No reason is on record.");
    },
  };
}

/** @param {Page} page @returns {Part} */
function classPart(page) {
  const list = el("ul", { class: "bars" });
  /** @type {{name: HTMLElement, fill: HTMLElement, value: HTMLElement}[]} */
  const bars = [];
  const add = () => {
    const name = el("span", { class: "bar-name" });
    const fill = el("span", { class: "bar-fill" });
    const value = el("span", { class: "bar-value" });
    list.append(el("li", {}, name, el("span", { class: "bar-track" }, fill), value));
    bars.push({ name, fill, value });
  };
  return {
    element: el("section", {}, el("h3", { text: "Class" }), list),
    paint: (detail) => {
      const shares = detail?.class_probability ?? [];
      while (bars.length < shares.length) add();
      bars.forEach((bar, code) => {
        const share = shares[code] ?? 0;
        setText(bar.name, word(page.store.hello, "object_class", code));
        setText(bar.value, percent(share));
        const scale = `scaleX(${share.toFixed(3)})`;
        if (bar.fill.style.transform !== scale) bar.fill.style.transform = scale;
      });
    },
  };
}

/** @param {Page} page @returns {Part} */
function agesPart(page) {
  const since = (/** @type {number|null|undefined} */ time_s) => {
    const shown = page.store.state?.time_s;
    return time_s && shown ? `${clock(time_s)} (${age(shown - time_s)} ago)` : "–";
  };
  const part = figureList([
    ["First seen", (detail) => since(detail?.first_s)],
    ["Confirmed", (detail) => since(detail?.confirmed_s)],
    ["Updated", (detail) => since(detail?.updated_s)],
    ["Crossed border", (detail) => (detail?.crossed_border_s ? since(detail.crossed_border_s) : "no")],
    ["Position", () => position(now(page, "lat"), now(page, "lon"))],
    ["Pilot", (detail) => pilot(page, detail)],
    ["Sensors, updates", (detail) => `${count(detail?.sensors)}, ${count(detail?.updates)}`],
    ["Error (1 sd)", (detail) => errors(detail)],
    ["Radar cross-section", (detail) => quantity(detail?.rcs_dbsm, "dBsm", 1)],
    ["Carrier heard", (detail) => carrier(detail?.heard_hz)],
  ], "figures plain");
  return { ...part, element: el("section", {}, el("h3", { text: "History" }), part.element) };
}

/** @param {Detail|null} detail */
function errors(detail) {
  const across = quantity(detail?.sd_horizontal_m, "m");
  return `${across} across, ${quantity(detail?.sd_vertical_m, "m")} in height`;
}

/** @param {number|null|undefined} hertz */
function carrier(hertz) {
  return hertz ? `${(hertz / 1e9).toFixed(2)} GHz` : "–";
}

/** What a person may decide about the track. @param {Page} page @returns {Part} */
function identityPart(page) {
  const { store, acts } = page;
  const choice = el("select", { "aria-label": "Identity that you give the track" });
  const set = el("button", { type: "button", class: "small", text: "Set identity", click: () =>
    acts.act("set-identity", store.selected ?? "", choice.value) });
  const note = el("input", { type: "text", maxlength: 120, placeholder: "Whose, what for",
    "aria-label": "Note on the authorised drone" });
  const authorise = el("button", { type: "button", class: "small", text: "Mark as authorised",
    click: () => acts.act("authorise-drone", address(store.detail), note.value) });
  const drone = el("div", { class: "line-form" }, authorise, note);
  const element = el("section", {}, el("h3", { text: "Decide" }),
    el("div", { class: "line-form" }, choice, set), drone);
  return {
    element,
    paint: (detail) => {
      setHidden(element, !acts.offers("set-identity"));
      setHidden(drone, !address(detail));
      const identities = ["automatic", ...(store.hello?.words.identity ?? [])];
      if (choice.childElementCount === identities.length) return;
      choice.replaceChildren(...identities.map((text) =>
        el("option", { value: text.replaceAll(" ", "-"), text })));
    },
  };
}

/** The Remote ID address of a track, as acts name it. @param {Detail|null} detail */
function address(detail) {
  if (!detail) return "";
  if (detail.remote_id !== undefined) return detail.remote_id ?? "";
  return detail.address?.startsWith("Remote ID") ? detail.address : "";
}
