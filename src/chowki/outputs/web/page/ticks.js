// Event ticks of the time line: each kind has its colour and its shape.

import { themeColour } from "./dom.js";
import { LEFT, RIGHT } from "./timeline.js";

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./timeline.js").Span} Span */

const ROW = 9;
/** Marks of one kind that stand nearer than this are one, px. */
const APART = 4;
/** Kinds by row of the strip: what matters most on top. */
const KIND_ROWS = /** @type {Record<string, number>} */ ({
  alarm: 0, warning: 0, engagement: 1, identity: 1, border: 1, track: 1, sensor: 2, feed: 2, act: 2,
});
/** Kinds in one row are drawn in this order, so that the rarer ones lie on top. */
const ORDER = /** @type {Record<string, number>} */ ({ identity: 1, border: 2, feed: 1, act: 2, alarm: 1 });
const KIND_COLOURS = /** @type {Record<string, string>} */ ({
  alarm: "--take-cover",
  warning: "--advisory",
  engagement: "--accent",
  identity: "--suspect",
  border: "--hostile",
  track: "--text-soft",
  sensor: "--unknown",
  feed: "--unknown",
  act: "--neutral",
});

/** What each canvas shows, so that nothing is drawn twice. @type {WeakMap<HTMLCanvasElement, string>} */
const drawn = new WeakMap();

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./store.js").Store} store
 * @param {Span} span
 * @param {{width: number, height: number}} size px
 */
export function drawTicks(canvas, store, span, size) {
  const { marks, settings } = store;
  const { width, height } = size;
  const edge_s = store.state?.edge_s ?? span.from;
  const scale = (width - LEFT - RIGHT) / (span.to - span.from);
  const edge = Math.round(LEFT + (edge_s - span.from) * scale);
  const key = [width, height, span.from, span.to, edge, marks.version, settings.theme].join();
  if (drawn.get(canvas) === key || width === 0) return;
  drawn.set(canvas, key);
  const context = prepare(canvas, width, height);
  if (!context) return;
  context.fillStyle = themeColour("--raised");
  context.fillRect(LEFT, 0, Math.max(0, edge - LEFT), height);
  context.fillStyle = themeColour("--line-strong");
  context.fillRect(edge - 1, 0, 2, height);
  drawMarks(context, marks.all(), span, scale);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context?.scale(ratio, ratio);
  return context;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Iterable<Mark>} marks
 * @param {Span} span
 * @param {number} scale px per second
 */
function drawMarks(context, marks, span, scale) {
  const colours = Object.fromEntries(
    Object.entries(KIND_COLOURS).map(([kind, name]) => [kind, themeColour(name)]),
  );
  const taken = new Set();
  const inTurn = [...marks].sort((a, b) => (ORDER[a.kind] ?? 0) - (ORDER[b.kind] ?? 0));
  for (const { kind, time_s } of inTurn) {
    if (time_s < span.from || time_s > span.to) continue;
    const x = Math.round(LEFT + (time_s - span.from) * scale);
    const place = `${kind}${Math.floor(x / APART)}`;
    if (taken.has(place)) continue;
    taken.add(place);
    context.fillStyle = context.strokeStyle = colours[kind] ?? colours.track;
    shape(context, kind, x, (KIND_ROWS[kind] ?? 1) * ROW + ROW / 2 + 1);
  }
}

/** Corners of the shapes, in units of their half size. @type {Record<string, number[][]>} */
const CORNERS = {
  alarm: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  warning: [[0, -1], [1, 1], [-1, 1]],
  identity: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
  border: [[-0.5, -1.2], [0.5, -1.2], [0.5, 1.2], [-0.5, 1.2]],
  sensor: [[-1, -1], [1, -1], [0, 1]],
  feed: [[-1, -1], [1, -1], [0, 1]],
};

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 */
function shape(context, kind, x, y) {
  const half = 3.4;
  context.beginPath();
  const corners = CORNERS[kind];
  if (corners) {
    for (const [dx, dy] of corners) context.lineTo(x + dx * half, y + dy * half);
    context.closePath();
  } else if (kind === "engagement") {
    context.rect(x - half, y - 1, 2 * half, 2);
    context.rect(x - 1, y - half, 2, 2 * half);
  } else {
    context.arc(x, y, half - 0.8, 0, 7);
  }
  if (kind === "act" || kind === "feed") context.stroke();
  else context.fill();
}
