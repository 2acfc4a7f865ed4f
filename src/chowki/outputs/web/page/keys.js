// Single keys, those of tar1090 where they fit. One table: what is done, and what help says of it.

/** @typedef {import("./page.js").Page} Page */
/**
 * @typedef {object} Key
 * @property {string[]} keys
 * @property {string} words
 * @property {string} group
 * @property {(event: KeyboardEvent) => void} run
 */
/**
 * @typedef {object} Elsewhere what keys start that is not the map's or the store's
 * @property {() => void} search
 * @property {() => void} help
 * @property {() => void} clear
 * @property {() => void} mute
 * @property {() => void} filters
 * @property {() => void} handover
 * @property {() => void} proposal
 */

const PAN_PX = 120;

/**
 * @param {Page} page
 * @param {Elsewhere} elsewhere
 * @returns {Key[]}
 */
export function keyTable(page, elsewhere) {
  return [
    ...mapKeys(page), ...layerKeys(page), ...trackKeys(page), ...timeKeys(page),
    ...pageKeys(elsewhere),
  ];
}

/** @param {Page} page @returns {Key[]} */
function mapKeys(page) {
  const group = "Map";
  const pan = (/** @type {number} */ dx, /** @type {number} */ dy) => () =>
    page.map?.panBy(dx * PAN_PX, dy * PAN_PX);
  return [
    { group, keys: ["ArrowUp", "w"], words: "move up", run: pan(0, -1) },
    { group, keys: ["ArrowLeft", "a"], words: "move left", run: pan(-1, 0) },
    { group, keys: ["ArrowDown", "s"], words: "move down", run: pan(0, 1) },
    { group, keys: ["ArrowRight", "d"], words: "move right", run: pan(1, 0) },
    { group, keys: ["e", "+"], words: "zoom in", run: () => page.map?.zoomBy(1) },
    { group, keys: ["q", "-"], words: "zoom out", run: () => page.map?.zoomBy(-1) },
    { group, keys: ["h"], words: "home: the whole front", run: () => page.map?.home() },
    { group, keys: ["v"], words: "lists hold only what is in the view", run: flip(page, "inView") },
    { group, keys: ["x"], words: "measure bearing and range", run: flip(page, "measure") },
  ];
}

/** Turn a setting on or off. @param {Page} page @param {keyof import("./types.js").Settings} name */
function flip(page, name) {
  return () => page.store.set("settings", { [name]: !page.store.settings[name] });
}

/** Step a setting of three values. @param {Page} page @param {"labels"|"labelDetail"} name */
function cycle(page, name) {
  return () => page.store.set("settings", { [name]: (page.store.settings[name] + 1) % 3 });
}

/** @param {Page} page @returns {Key[]} */
function layerKeys(page) {
  const group = "Layers";
  const { store } = page;
  const numberOnly = () =>
    store.set("settings", { labelDetail: store.settings.labelDetail === 0 ? 1 : 0 });
  const theme = () =>
    store.set("settings", { theme: store.settings.theme === "night" ? "light" : "night" });
  return [
    { group, keys: ["l"], words: "labels: none, ranked, all", run: cycle(page, "labels") },
    { group, keys: ["o"], words: "more in each label", run: cycle(page, "labelDetail") },
    { group, keys: ["k"], words: "labels: track number only", run: numberOnly },
    { group, keys: ["t"], words: "trails of all tracks", run: flip(page, "trails") },
    { group, keys: ["r"], words: "range rings", run: flip(page, "rings") },
    { group, keys: ["g"], words: "graticule", run: flip(page, "graticule") },
    { group, keys: ["c"], words: "coverage of the sensors", run: flip(page, "coverage") },
    { group, keys: ["b"], words: "dim the map", run: flip(page, "dim") },
    { group, keys: ["T"], words: "night or light theme", run: theme },
  ];
}

/** @param {Page} page @returns {Key[]} */
function trackKeys(page) {
  const group = "Tracks";
  return [
    { group, keys: ["n"], words: "next threat", run: () => page.stepThreat(1) },
    { group, keys: ["p"], words: "previous threat", run: () => page.stepThreat(-1) },
    { group, keys: ["f"], words: "follow the selected track", run: flip(page, "follow") },
    { group, keys: ["i"], words: "isolate what is selected", run: flip(page, "isolate") },
    { group, keys: ["m"], words: "select several", run: flip(page, "multi") },
  ];
}

/** @param {Page} page @returns {Key[]} */
function timeKeys(page) {
  const group = "Time";
  const { time } = page;
  return [
    { group, keys: [" "], words: "pause or play", run: () => time.toggle() },
    { group, keys: [","], words: "10 s back", run: () => time.step(-10) },
    { group, keys: ["."], words: "10 s on", run: () => time.step(10) },
    { group, keys: ["<"], words: "slower", run: () => time.stepSpeed(-1) },
    { group, keys: [">"], words: "faster", run: () => time.stepSpeed(1) },
    { group, keys: ["L"], words: "LIVE: to the edge", run: () => time.live() },
  ];
}

/** @param {Elsewhere} elsewhere @returns {Key[]} */
function pageKeys(elsewhere) {
  const group = "Page";
  return [
    { group, keys: ["/"], words: "search", run: () => elsewhere.search() },
    { group, keys: ["F"], words: "filters", run: () => elsewhere.filters() },
    { group, keys: ["u"], words: "mute the sound for 5 minutes", run: () => elsewhere.mute() },
    { group, keys: ["H"], words: "handover note", run: () => elsewhere.handover() },
    { group, keys: ["R"], words: "to the first proposal (operator)",
      run: () => elsewhere.proposal() },
    { group, keys: ["Escape"], words: "clear the selection", run: () => elsewhere.clear() },
    { group, keys: ["?"], words: "these keys", run: () => elsewhere.help() },
  ];
}

/**
 * Listen for the keys, but not where a person types or a control needs them.
 * @param {Key[]} keys
 */
export function listenForKeys(keys) {
  const byKey = new Map(keys.flatMap((key) => key.keys.map((name) => [name, key])));
  releaseFocus();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const key = byKey.get(event.key);
    if (!key || needsIt(event)) return;
    event.preventDefault();
    key.run(event);
  });
}

/**
 * A button pressed by the mouse gives the focus back, so that the next space is for the clock and
 * presses nothing twice. Who came by keyboard stays where they are.
 */
function releaseFocus() {
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = target.closest("button, summary");
    if (event.detail === 0 || !button || target.closest("dialog, .filter-panel")) return;
    if (button instanceof HTMLElement && button === document.activeElement) button.blur();
  });
}

/** Whether the control that has the focus makes use of the key. @param {KeyboardEvent} event */
function needsIt(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  // Also when the focus has left an open dialog for the browser: Esc closes it.
  if (document.querySelector("dialog[open]")) return true;
  if (target.matches("input, textarea, select")) return event.key !== "Escape";
  return event.key === " " && target.matches("button, summary, [role='slider'], [role='tab']");
}
