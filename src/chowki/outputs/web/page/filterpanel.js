// The panel of filters, and the chip that says how many tracks they leave.

import { byId, el, setAttr, setHidden, setText } from "./dom.js";
import { anyFilter, countPassing } from "./filters.js";
import { count, percent, sentence } from "./format.js";
import { placeOptions } from "./panels/warnings.js";
import { noFilters } from "./store.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./types.js").Filters} Filters */

/** @param {Page} page */
export function makeFilterPanel(page) {
  const panel = byId("filter-panel");
  const fields = [
    codesField(page, "Identity", "identities", "identity"),
    codesField(page, "Class", "classes", "object_class"),
    codesField(page, "Status", "statuses", "status"),
    rangeField(page, "Height above ground, m", "minHeightM", "maxHeightM"),
    rangeField(page, "Speed, m/s", "minSpeedMps", "maxSpeedMps"),
    placeField(page),
    existenceField(page),
  ];
  const clear = el("button", { type: "button", text: "Clear all", click: () => clearFilters(page) });
  const close = el("button", { type: "button", text: "Close", click: () => toggle() });
  panel.append(
    el("div", { class: "dialog-head" }, el("h2", { text: "Filters" }), clear, close),
    ...fields.map((field) => field.element),
    el("p", { class: "lower", text: "A track whose height, speed or existence is unknown stays." }),
  );
  page.painter.on(() => {
    if (!panel.hidden) fields.forEach((field) => field.paint());
  }, ["filters", "hello"]);
  /** @type {HTMLElement|null} */
  let opener = null;
  const toggle = () => {
    const opens = panel.hidden;
    if (opens) opener = /** @type {HTMLElement|null} */ (document.activeElement);
    setHidden(panel, !opens);
    fields.forEach((field) => field.paint());
    if (opens) panel.querySelector("input")?.focus();
    else (opener && opener !== document.body ? opener : byId("map")).focus();
  };
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    toggle();
  });
  return { toggle };
}

/** @param {Page} page */
function clearFilters(page) {
  page.store.set("filters", noFilters());
}

/**
 * The chip: "132 of 540 shown", pressed to clear.
 * @param {Page} page
 */
export function makeFilterChip(page) {
  const chip = el("button", { type: "button", class: "chip filter-chip", hidden: true,
    click: () => clearFilters(page) });
  page.painter.on(() => {
    const { block, visible, filters } = page.store;
    setHidden(chip, !anyFilter(filters));
    if (chip.hidden || !block) return;
    const words = `${count(countPassing(visible))} of ${count(block.n)} shown`;
    setText(chip, `${words}: clear`);
    setAttr(chip, "aria-label", `${words} by the filters. Clear the filters`);
  }, ["block", "filters"]);
  return chip;
}

/**
 * @param {Page} page
 * @param {string} title
 * @param {"identities"|"classes"|"statuses"} field
 * @param {"identity"|"object_class"|"status"} list
 */
function codesField(page, title, field, list) {
  const box = el("fieldset", { class: "codes" }, el("legend", { text: title }));
  const change = () => {
    const chosen = [...box.querySelectorAll("input")].filter((input) => input.checked);
    page.store.set("filters", { [field]: chosen.map((input) => Number(input.value)) });
  };
  let filled = "";
  return {
    element: box,
    paint: () => {
      const words = page.store.hello?.words[list] ?? [];
      if (filled !== words.join()) {
        filled = words.join();
        box.replaceChildren(el("legend", { text: title }), ...words.map((text, code) => el(
          "label", {}, el("input", { type: "checkbox", value: code, change }), sentence(text))));
      }
      for (const input of box.querySelectorAll("input")) {
        input.checked = page.store.filters[field].includes(Number(input.value));
      }
    },
  };
}

/**
 * @param {Page} page
 * @param {string} title
 * @param {"minHeightM"|"minSpeedMps"} least
 * @param {"maxHeightM"|"maxSpeedMps"} most
 */
function rangeField(page, title, least, most) {
  const input = (/** @type {keyof Filters} */ name, /** @type {string} */ words) => {
    const field = el("input", { type: "number", min: 0, step: "any", placeholder: words,
      "aria-label": `${title}: ${words}`, input: () => {
        const value = field.value === "" ? null : field.valueAsNumber;
        page.store.set("filters", { [name]: Number.isNaN(value) ? null : value });
      } });
    return field;
  };
  const low = input(least, "from");
  const high = input(most, "to");
  const show = (/** @type {HTMLInputElement} */ field, /** @type {number|null} */ value) => {
    if (document.activeElement !== field) field.value = value === null ? "" : String(value);
  };
  return {
    element: el("fieldset", { class: "range" }, el("legend", { text: title }), low, high),
    paint: () => {
      show(low, page.store.filters[least]);
      show(high, page.store.filters[most]);
    },
  };
}

/** @param {Page} page */
function placeField(page) {
  const choice = el("select", { "aria-label": "Place that is threatened", change: () =>
    page.store.set("filters", { place: choice.value === "" ? null : Number(choice.value) }) });
  /** @type {unknown} */
  let filled = null;
  return {
    element: el("fieldset", {}, el("legend", { text: "Threatens" }), choice),
    paint: () => {
      if (filled !== page.store.hello) {
        filled = page.store.hello;
        choice.replaceChildren(el("option", { value: "", text: "any place, or none" }),
          ...placeOptions(page));
      }
      choice.value = String(page.store.filters.place ?? "");
    },
  };
}

/** @param {Page} page */
function existenceField(page) {
  const value = el("output");
  const slider = el("input", { type: "range", min: 0, max: 0.99, step: 0.01,
    "aria-label": "Least existence probability",
    input: () => page.store.set("filters", { minExistence: slider.valueAsNumber }) });
  return {
    element: el("fieldset", { class: "range" }, el("legend", { text: "Existence at least" }),
      slider, value),
    paint: () => {
      slider.value = String(page.store.filters.minExistence);
      setText(value, percent(page.store.filters.minExistence));
    },
  };
}
