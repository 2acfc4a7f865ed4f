// The bar above the map: search, filters, layers, export, theme, help.

import { byId, el, setAttr, setHidden, setText } from "./dom.js";
import { exportCsv, exportGeoJson, exportPng } from "./export.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {keyof import("./types.js").Settings} Name */

const LABELS = ["none", "ranked", "all"];

/** @type {[Name, string][]} */
const MODES = [
  ["isolate", "Isolated"],
  ["follow", "Following"],
  ["multi", "Picking"],
  ["measure", "Measuring: click two points"],
  ["inView", "Lists: view only"],
];

/** Layers with a button, and the key that does the same. @type {[Name, string, string][]} */
const LAYERS = [
  ["trails", "Trails", "T"],
  ["rings", "Rings", "R"],
  ["graticule", "Graticule", "G"],
  ["coverage", "Coverage", "C"],
  ["sites", "Sites", ""],
  ["volumes", "No-fire volumes", ""],
  ["border", "Border", ""],
  ["dim", "Dim map", "B"],
  ["inView", "Lists: view only", "V"],
  ["multi", "Select several", "M"],
  ["measure", "Measure", "X"],
];

/**
 * @param {Page} page
 * @param {{search: HTMLElement, chip: HTMLElement, filters: () => void, help: () => void}} parts
 */
export function makeTools(page, parts) {
  const { store } = page;
  const filters = el("button", { type: "button", text: "Filters", click: parts.filters });
  const measure = toggle(page, "measure", "Measure");
  const theme = el("button", { type: "button", click: () =>
    store.set("settings", { theme: store.settings.theme === "night" ? "light" : "night" }) });
  const help = el("button", { type: "button", text: "?", "aria-label": "Keys and help",
    click: parts.help });
  byId("tools").append(
    parts.search, filters, parts.chip, modeChips(page),
    menu("Layers", layerItems(page)), measure, menu("Export", exportItems(page)), theme, help);
  page.painter.on(() => {
    theme.textContent = store.settings.theme === "night" ? "Light" : "Night";
    setAttr(theme, "aria-label", `Change to the ${theme.textContent.toLowerCase()} theme`);
  }, ["settings", "hello"]);
}

/** What is switched on and changes what is seen: pressed, it is off again. @param {Page} page */
function modeChips(page) {
  const { store } = page;
  const box = el("span", { class: "grow modes" });
  for (const [name, text] of MODES) {
    const chip = el("button", { type: "button", class: "chip filter-chip", text: `${text} ✕`,
      "aria-label": `${text} ✕: switch off`, click: () => store.set("settings", { [name]: false }) });
    box.append(chip);
    page.painter.on(() => setHidden(chip, !store.settings[name]), ["settings", "hello"]);
  }
  return box;
}

/** @param {Page} page @param {Name} name @param {string} text */
function toggle(page, name, text) {
  const button = el("button", { type: "button", text, click: () =>
    page.store.set("settings", { [name]: !page.store.settings[name] }) });
  page.painter.on(() => setAttr(button, "aria-pressed", String(page.store.settings[name])),
    ["settings", "hello"]);
  return button;
}

/**
 * A button that opens a box below it; Esc or leaving closes the box.
 * @param {string} title
 * @param {Node[]} items
 */
function menu(title, items) {
  const summary = el("summary", { text: title });
  const box = el("details", { class: "menu" }, summary, el("div", { class: "menu-box" }, ...items));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !box.open) return;
    event.stopPropagation();
    box.open = false;
    summary.focus();
  });
  box.addEventListener("focusout", (event) => {
    const to = /** @type {Node|null} */ (event.relatedTarget);
    if (to && !box.contains(to)) box.open = false;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!box.contains(/** @type {Node} */ (event.target))) box.open = false;
  });
  return box;
}

/** @param {Page} page */
function layerItems(page) {
  const { store } = page;
  const boxes = LAYERS.map(([name, text, key]) => {
    const input = el("input", { type: "checkbox", change: () =>
      store.set("settings", { [name]: input.checked }) });
    page.painter.on(() => {
      input.checked = Boolean(store.settings[name]);
    }, ["settings", "hello"]);
    return el("label", {}, input, text, key ? el("kbd", { text: key.toLowerCase() }) : null);
  });
  const labels = LABELS.map((text, value) => /** @type {const} */ ([value, text]));
  return [
    choiceItem(page, "labels", "Labels", labels),
    choiceItem(page, "labelDetail", "In a label",
      [[0, "number"], [1, "class, height, speed"], [2, "all"]]),
    choiceItem(page, "vectorMinutes", "Vectors", [[0, "none"], ...minutes(1, 2, 5, 10)]),
    choiceItem(page, "trailMinutes", "Trail length", minutes(2, 5, 10, 30)),
    ...boxes,
    ownItem(page),
  ];
}

/** The user's own maps, by name, where there are any. @param {Page} page */
function ownItem(page) {
  const { store } = page;
  const input = el("input", { type: "checkbox", change: () =>
    store.set("settings", { ownLayers: input.checked }) });
  const names = el("span");
  const item = el("label", {}, input, names);
  page.painter.on(() => {
    const layers = store.hello?.layers ?? [];
    input.checked = store.settings.ownLayers;
    setText(names, `Own maps: ${layers.map((layer) => layer.name).join(", ")}`);
    setHidden(item, layers.length === 0);
  }, ["settings", "hello"]);
  return item;
}

/** @param {...number} values @returns {[number, string][]} */
function minutes(...values) {
  return values.map((value) => [value, `${value} min`]);
}

/**
 * @param {Page} page
 * @param {Name} name
 * @param {string} text
 * @param {readonly (readonly [number, string])[]} choices
 */
function choiceItem(page, name, text, choices) {
  const choice = el("select", { change: () =>
    page.store.set("settings", { [name]: Number(choice.value) }) },
    ...choices.map(([value, words]) => el("option", { value, text: words })));
  page.painter.on(() => {
    choice.value = String(page.store.settings[name]);
  }, ["settings", "hello"]);
  return el("label", { class: "choice" }, text, choice);
}

/** @param {Page} page */
function exportItems(page) {
  const item = (/** @type {string} */ text, /** @type {() => void} */ click) =>
    el("button", { type: "button", text, click: (/** @type {Event} */ event) => {
      const box = /** @type {HTMLElement} */ (event.currentTarget).closest("details");
      if (box) box.open = false;
      click();
    } });
  return [
    item("Picture of the view (PNG)", () => exportPng(page)),
    item("Tracks in the view (GeoJSON)", () => exportGeoJson(page)),
    item("Tracks in the view (CSV)", () => exportCsv(page)),
  ];
}
