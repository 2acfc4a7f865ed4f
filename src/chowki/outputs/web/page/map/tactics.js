// What goes on between tracks, places and sites: who threatens whom, engagements, no-fire volumes,
// pilots; and how well the selected track is known.

import { valueAt } from "../block.js";
import { ENGAGED, codeOf } from "./codes.js";
import { arc, ellipsePoints, greatCircle, mercatorX, mercatorY, positionAt, unwrapped } from "./geo.js";
import { outOfSight, trace } from "./viewport.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("../types.js").Engagement} Engagement */

const SMALLEST_VOLUME_PX = 9;
const FADES_S = 60;

/**
 * Dashed circles in which nothing may be engaged.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawVolumes(pen, scene) {
  const { port, palette, state, nearLon } = scene;
  pen.strokeStyle = palette.identity.neutral;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.75;
  pen.setLineDash([4, 4]);
  pen.beginPath();
  for (const { track, lat, lon, radius_m } of state?.volumes ?? []) {
    if (isHidden(scene, track)) continue;
    const ring = arc(unwrapped(lon, nearLon), lat, radius_m, 0, 360, 36);
    const wide = Math.abs(ring[18] - ring[54]) / port.perPixel;
    if (wide < 2 * SMALLEST_VOLUME_PX || outOfSight(port, ring)) continue;
    trace(pen, port, ring);
  }
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

/**
 * Is a track left out because others stand alone?
 * @param {Scene} scene
 * @param {number|null} track
 */
function isHidden({ alone, selected, picked }, track) {
  return alone && track !== selected && (track === null || !picked.has(track));
}

/**
 * From the selected track to what it threatens.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawThreatLines(pen, { port, palette, field, block, detail, selectedRow, places }) {
  if (selectedRow < 0) return;
  const aims = new Set((detail?.threats ?? []).map((threat) => threat.place));
  const worst = valueAt(block, "place", selectedRow);
  if (worst !== null) aims.add(worst);
  const from = positionAt(field.x[selectedRow], field.y[selectedRow]);
  pen.strokeStyle = palette.identity.hostile;
  for (const index of aims) {
    const mark = places.find(index);
    if (!mark) continue;
    pen.lineWidth = index === worst ? 1.75 : 1;
    pen.setLineDash(index === worst ? [8, 5] : [3, 5]);
    pen.beginPath();
    trace(pen, port, greatCircle(from, positionAt(mark.x, mark.y)));
    pen.stroke();
  }
  pen.setLineDash([]);
}

/**
 * Where the selected track may be.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawEllipse(pen, { port, palette, field, detail, selectedRow }) {
  if (selectedRow < 0 || !detail?.ellipse) return;
  const [lon, lat] = positionAt(field.x[selectedRow], field.y[selectedRow]);
  const points = ellipsePoints(lon, lat, detail.ellipse);
  if (outOfSight(port, points)) return;
  pen.beginPath();
  trace(pen, port, points);
  pen.fillStyle = palette.focus;
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 0.9;
  pen.strokeStyle = palette.focus;
  pen.lineWidth = 1.25;
  pen.stroke();
  pen.globalAlpha = 1;
}

/**
 * Who flies a drone, where it says so itself.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawPilots(pen, scene) {
  const { port, palette, field, block, state, nearLon } = scene;
  pen.strokeStyle = palette.accent;
  pen.fillStyle = palette.accent;
  pen.lineWidth = 1.25;
  for (const { lat, lon, track } of state?.pilots ?? []) {
    if (isHidden(scene, track)) continue;
    const x = (mercatorX(unwrapped(lon, nearLon)) - port.left) / port.perPixel;
    const y = (port.top - mercatorY(lat)) / port.perPixel;
    const row = track === null ? -1 : block.rowOf(track);
    if (row >= 0) {
      pen.setLineDash([2, 3]);
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo((field.x[row] - port.left) / port.perPixel, (port.top - field.y[row]) / port.perPixel);
      pen.stroke();
      pen.setLineDash([]);
    }
    drawPerson(pen, x, y);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y */
function drawPerson(pen, x, y) {
  pen.beginPath();
  pen.arc(x, y - 5, 3, 0, 2 * Math.PI);
  pen.fill();
  pen.beginPath();
  pen.moveTo(x - 5, y + 6);
  pen.quadraticCurveTo(x - 4, y - 2, x, y - 2);
  pen.quadraticCurveTo(x + 4, y - 2, x + 5, y + 6);
  pen.closePath();
  pen.fill();
}

/**
 * From the site to where it is meant to hit, with a mark that tells how it stands.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawEngagements(pen, scene) {
  const { port, palette, hello, state, sites, nearLon } = scene;
  for (const engagement of state?.engagements ?? []) {
    const end = isHidden(scene, engagement.track) ? null : aimOf(engagement, scene);
    if (!end) continue;
    const code = codeOf(engagement.state, hello.words.state);
    const site = sites.get(engagement.site);
    const x1 = (mercatorX(unwrapped(end[0], nearLon)) - port.left) / port.perPixel;
    const y1 = (port.top - mercatorY(end[1])) / port.perPixel;
    pen.globalAlpha = strengthOf(engagement, code, state?.time_s ?? 0);
    pen.strokeStyle = code === ENGAGED.REFUSED ? palette.soft : palette.accent;
    if (site && code !== ENGAGED.REFUSED) {
      const x0 = (mercatorX(unwrapped(site.lon, nearLon)) - port.left) / port.perPixel;
      const y0 = (port.top - mercatorY(site.lat)) / port.perPixel;
      pen.lineWidth = code === ENGAGED.IN_FLIGHT ? 2 : 1.25;
      pen.setLineDash(code === ENGAGED.PROPOSED ? [2, 4] : code === ENGAGED.ORDERED ? [7, 4] : []);
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.lineTo(x1, y1);
      pen.stroke();
      pen.setLineDash([]);
    }
    drawOutcome(pen, scene, code, x1, y1);
    pen.globalAlpha = 1;
  }
}

/**
 * Where it is meant to hit; where that is not said, where its track is.
 * @param {Engagement} engagement
 * @param {Scene} scene
 * @returns {[number, number]|null} lon, lat
 */
function aimOf({ lat, lon, track }, { block, field }) {
  if (lat !== null && lon !== null) return [lon, lat];
  const row = block.rowOf(track);
  return row < 0 ? null : positionAt(field.x[row], field.y[row]);
}

/**
 * What is over fades within a minute.
 * @param {Engagement} engagement
 * @param {number} code
 * @param {number} timeS
 */
function strengthOf(engagement, code, timeS) {
  const over = code === ENGAGED.INTERCEPTED || code === ENGAGED.MISSED || code === ENGAGED.REFUSED;
  if (!over) return 1;
  const sinceS = timeS - (engagement.intercept_s ?? engagement.time_s);
  return Math.max(0.25, Math.min(1, 1 - (0.75 * sinceS) / FADES_S));
}

/**
 * Intercepted: a cross in a disc; missed: an open ring; refused: a barred ring; else a cross-hair.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {number} code
 * @param {number} x
 * @param {number} y
 */
function drawOutcome(pen, { palette }, code, x, y) {
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, 7, 0, 2 * Math.PI);
  if (code === ENGAGED.INTERCEPTED) {
    pen.fillStyle = palette.accent;
    pen.fill();
    pen.strokeStyle = palette.halo;
    pen.beginPath();
    line(pen, x - 3.5, y - 3.5, x + 3.5, y + 3.5);
    line(pen, x + 3.5, y - 3.5, x - 3.5, y + 3.5);
  } else if (code === ENGAGED.REFUSED) {
    line(pen, x - 5, y + 5, x + 5, y - 5);
  } else if (code !== ENGAGED.MISSED) {
    line(pen, x - 11, y, x - 4, y);
    line(pen, x + 4, y, x + 11, y);
    line(pen, x, y - 11, x, y - 4);
    line(pen, x, y + 4, x, y + 11);
  }
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function line(pen, x0, y0, x1, y1) {
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
}
