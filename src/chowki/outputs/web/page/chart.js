// Counts over time, on the same axis as the time line.

import { el, setText, themeColour } from "./dom.js";
import { clock, count } from "./format.js";
import { LEFT, RIGHT } from "./timeline.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./timeline.js").Span} Span */
/** @typedef {import("uplot")} Plot */

const SOURCE = "/page/vendor/uPlot.esm.js";
const LINES = /** @type {const} */ ([
  { key: "tracks", title: "Tracks", colour: "--text-soft", dash: [], scale: "tracks" },
  { key: "suspect_hostile", title: "Suspect + hostile", colour: "--suspect", dash: [], scale: "n" },
  { key: "threats", title: "Threats", colour: "--hostile", dash: [6, 3], scale: "n" },
  { key: "warned", title: "Warned", colour: "--advisory", dash: [2, 3], scale: "n" },
]);

/**
 * @param {Page} page
 * @param {HTMLElement} element
 * @param {(time_s: number) => void} hover
 */
export function makeChart(page, element, hover) {
  const { store } = page;
  const key = el("span", { class: "chart-key" });
  const values = LINES.map((line) => {
    const value = el("b");
    key.append(el("span", { class: `key key-${line.key}` },
      el("i", { "aria-hidden": "true" }), `${line.title} `, value));
    return value;
  });
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", "Counts over time: tracks, suspect and hostile, threats, warned");
  /** @type {Plot|null} */
  let plot = null;
  let shown = "";
  const build = async () => {
    const { default: UPlot } = await import(SOURCE);
    plot?.destroy();
    plot = new UPlot(options(element, hover), [[], [], [], [], []], element);
    shown = "";
    page.store.set("series", { reset: false });
  };
  build();
  let theme = store.settings.theme;
  store.on("settings", (settings) => {
    if (settings.theme === theme) return;
    theme = settings.theme;
    requestAnimationFrame(build);
  });
  return {
    key,
    /**
     * @param {Span} span
     * @param {number} time_s
     * @param {{width: number, height: number}} size px
     */
    paint: (span, time_s, { width, height }) => {
      const { series } = store;
      const at = indexAt(series.time_s, time_s);
      LINES.forEach((line, k) => setText(values[k], count(series[line.key][at])));
      const last = series.time_s[series.time_s.length - 1];
      const now = [span.from, span.to, series.time_s.length, last, width, height].join();
      if (!plot || now === shown || width === 0) return;
      shown = now;
      if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
      plot.batch(() => {
        plot?.setData([series.time_s, ...LINES.map((line) => series[line.key])], false);
        plot?.setScale("x", { min: span.from, max: span.to });
      });
    },
  };
}

/** Last row that is not after a time. @param {number[]} times @param {number} time_s */
function indexAt(times, time_s) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time_s) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * @param {HTMLElement} element
 * @param {(time_s: number) => void} hover
 * @returns {import("uplot").Options}
 */
function options(element, hover) {
  const text = themeColour("--text-soft");
  const grid = { stroke: themeColour("--line"), width: 1 };
  const axis = { stroke: text, grid, ticks: { ...grid, size: 4 }, font: "12px system-ui" };
  const upwards = /** @type {import("uplot").Scale.Range} */ (
    (_plot, _low, high) => [0, Math.max(5, (high ?? 0) * 1.1)]);
  return {
    width: Math.max(50, element.clientWidth),
    height: Math.max(50, element.clientHeight),
    padding: [6, 0, 0, 0],
    tzDate: (seconds) => utcDate(seconds),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, auto: false }, tracks: { range: upwards }, n: { range: upwards } },
    axes: [
      { ...axis, size: 22, space: 70, values: (_plot, splits) => timesOfDay(splits) },
      { ...axis, scale: "tracks", size: LEFT, space: 22 },
      { ...axis, scale: "n", side: 1, size: RIGHT, space: 22, grid: { show: false } },
    ],
    series: [{}, ...LINES.map((line) => ({
      label: line.title,
      scale: line.scale,
      stroke: themeColour(line.colour),
      width: 1.6,
      dash: [...line.dash],
      points: { show: false },
    }))],
    hooks: { setCursor: [(plot) => {
      const left = plot.cursor.left ?? -1;
      if (left >= 0) hover(plot.posToVal(left, "x"));
    }] },
  };
}

/** To the minute where that tells them apart. @param {number[]} splits */
function timesOfDay(splits) {
  const digits = splits.length > 1 && splits[1] - splits[0] < 60 ? 8 : 5;
  return splits.map((time_s) => clock(time_s).slice(0, digits));
}

/** uPlot reckons in the zone of the date it is given. @param {number} seconds */
function utcDate(seconds) {
  const moved = new Date(seconds * 1000);
  return new Date(moved.getTime() + moved.getTimezoneOffset() * 60000);
}
