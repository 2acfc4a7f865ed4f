// Puts the page together: one store, one connection, the map, and the panels around it.

import { Acts } from "./acts.js";
import { Siren } from "./alarm.js";
import { Connection } from "./connection.js";
import { Deck } from "./deck.js";
import { byId, setHidden, setText } from "./dom.js";
import { makeFilterChip, makeFilterPanel } from "./filterpanel.js";
import { compileFilter } from "./filters.js";
import { makeHandover } from "./handover.js";
import { makeHelp } from "./help.js";
import { keyTable, listenForKeys } from "./keys.js";
import { createMap } from "./map/map.js";
import { Notes } from "./notes.js";
import { Page } from "./page.js";
import { Painter } from "./paint.js";
import { alarmsPanel } from "./panels/alarms.js";
import { detailsPanel } from "./panels/details.js";
import { eventsPanel } from "./panels/events.js";
import { healthPanel } from "./panels/health.js";
import { proposalsPanel } from "./panels/proposals.js";
import { sectorsPanel } from "./panels/sectors.js";
import { threatsPanel } from "./panels/threats.js";
import { warningsPanel } from "./panels/warnings.js";
import { watchPanel } from "./panels/watch.js";
import { makeReadout } from "./readout.js";
import { makeSearch } from "./search.js";
import { makeSplits } from "./splitter.js";
import { Store } from "./store.js";
import { TimeControl } from "./timecontrol.js";
import { Timeline } from "./timeline.js";
import { makeTools } from "./tools.js";
import { makeTopbar } from "./topbar.js";
import { readAddress, writeAddress } from "./url.js";

/** @typedef {import("./types.js").Hello} Hello */

const MUTE_BY_KEY_MIN = 5;
const ADDRESS_EVERY_MS = 500;

function start() {
  const store = new Store();
  const connection = new Connection(store);
  const notes = new Notes();
  const acts = new Acts(store, connection, notes);
  const time = new TimeControl(store, connection, notes);
  const page = new Page({ store, connection, painter: new Painter(store), notes, acts, time });
  connection.onTold = (words) => notes.show(words);
  const siren = new Siren(page);
  followTheme(page);
  showBanner(page);
  tellTheEnd(page);
  makeTopbar(page, siren);
  makeReadout(page);
  page.map = createMap(byId("map"), store);
  // The first hello says who is here and what this is; the page is built for that.
  const off = store.on("hello", (hello) => {
    off();
    build(page, siren, hello);
    store.on("hello", (next) => reloadIfOther(hello, next));
  });
  // For the console of the browser, and for tests: everything that the page knows.
  Object.assign(globalThis, { chowki: page });
  connection.open();
}

/**
 * @param {Page} page
 * @param {Siren} siren
 * @param {Hello} hello
 */
function build(page, siren, hello) {
  const { store } = page;
  store.sift = compileFilter(hello);
  store.on("hello", (next) => {
    store.sift = compileFilter(next);
  });
  const handover = makeHandover(page);
  makeDecks(page, siren, () => handover.open());
  new Timeline(page);
  makeSplits(() => page.map?.resize());
  const search = makeSearch(page);
  const filters = makeFilterPanel(page);
  const keys = keyTable(page, {
    search: () => search.focus(),
    help: () => help.open(),
    filters: () => filters.toggle(),
    handover: () => handover.open(),
    proposal: () => toFirstProposal(page),
    clear: () => clearSelection(page),
    mute: () => (siren.mutedFor() > 0 ? siren.unmute() : siren.mute(MUTE_BY_KEY_MIN)),
  });
  const help = makeHelp(keys, hello.disclaimer);
  listenForKeys(keys);
  makeTools(page, { search: search.element, chip: makeFilterChip(page), help: () => help.open(),
    filters: () => filters.toggle() });
  keepAddress(page, hello);
}

/**
 * @param {Page} page
 * @param {Siren} siren
 * @param {() => void} writeHandover
 */
function makeDecks(page, siren, writeHandover) {
  const upper = new Deck(byId("side-upper"), "What threatens", page.painter);
  const lower = new Deck(byId("side-lower"), "What is known", page.painter);
  upper.add(threatsPanel(page));
  upper.add(warningsPanel(page));
  upper.add(alarmsPanel(page, siren));
  // On real feeds nothing is proposed, released or postured: not even hidden in the page.
  if (page.simulated) upper.add(proposalsPanel(page));
  lower.add(detailsPanel(page));
  lower.add(eventsPanel(page));
  lower.add(healthPanel(page));
  lower.add(watchPanel(page, writeHandover));
  if (page.simulated) lower.add(sectorsPanel(page));
  page.show = (name) => (upper.has(name) ? upper : lower).show(name);
  page.store.on("selected", (track) => {
    if (track !== null) lower.show("details");
  });
}

/** Put the focus on the first proposal; to release it takes two presses more. @param {Page} page */
function toFirstProposal(page) {
  if (!page.acts.operator) return;
  page.show("proposals");
  const button = document.querySelector("#panel-proposals .decide button:not(:disabled)");
  if (button instanceof HTMLElement) button.focus();
  else page.notes.show("No proposal waits for you.");
}

/** @param {Page} page */
function clearSelection(page) {
  const { store } = page;
  if (store.settings.measure) store.set("settings", { measure: false });
  else {
    store.set("selected", null);
    store.set("picked", new Set());
    store.set("settings", { isolate: false, follow: false });
  }
  byId("map").focus({ preventScroll: true });
}

/**
 * Take view, selection, filters and settings from the address, then keep them there.
 * @param {Page} page
 * @param {Hello} hello
 */
function keepAddress(page, hello) {
  const { store } = page;
  const apply = () => {
    const wanted = readAddress(location.hash, hello);
    store.set("settings", wanted.settings);
    store.set("filters", wanted.filters);
    store.set("picked", new Set(wanted.picked));
    store.set("selected", wanted.track);
    if (wanted.view) page.map?.setView(wanted.view);
  };
  apply();
  let written = "";
  setInterval(() => {
    const now = writeAddress(store, page.map?.view() ?? null);
    if (now === written) return;
    written = now;
    history.replaceState(null, "", `#${now}`);
  }, ADDRESS_EVERY_MS);
  window.addEventListener("hashchange", apply);
}

/** @param {Page} page */
function followTheme(page) {
  const apply = () => {
    document.documentElement.dataset.theme = page.store.settings.theme;
  };
  page.store.on("settings", apply);
  apply();
}

/** Words over the map while no picture comes. @param {Page} page */
function showBanner(page) {
  const banner = byId("banner");
  page.painter.on(() => {
    const { state, words, retryS } = page.store.connection;
    const away = state === "lost" || state === "refused" || state === "stale";
    setHidden(banner, !away);
    setText(banner, state === "lost" ? `${words}: tried again in ${retryS} s. What is shown is old.`
      : `${words}. What is shown is old.`);
  }, ["connection"]);
}

/** Say once that the run is over; what would be decided then is taken away. @param {Page} page */
function tellTheEnd(page) {
  page.painter.on(() => {
    const { classList } = document.body;
    if (classList.contains("run-ended") === page.ended) return;
    classList.toggle("run-ended", page.ended);
    if (page.ended) {
      page.notes.show("The run has ended. Everything stays here to be read and looked back at.");
    }
  }, ["state"]);
}

/**
 * Another user, role or kind of session needs other panels: the page starts again.
 * @param {Hello} before
 * @param {Hello} now
 */
function reloadIfOther(before, now) {
  const kind = (/** @type {Hello} */ hello) => JSON.stringify(
    [hello.mode, hello.operator, hello.user, hello.name, hello.version, hello.sites.length > 0]);
  if (kind(before) !== kind(now)) location.reload();
}

start();
