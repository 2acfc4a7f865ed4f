// What stands still: graticule, border, coverage, sensors and effector sites. It is drawn on the
// canvas of the land, and anew only when the view moves or one of these changes.

import { codeOf } from "./codes.js";
import { arc, latitude, mercatorX, mercatorY, unwrapped } from "./geo.js";
import { drawSensor, drawSite } from "./glyphs.js";
import { outOfSight, trace, within } from "./viewport.js";

/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("../types.js").State} State */
/** @typedef {import("../types.js").Sensor} Sensor */
/** @typedef {import("../types.js").Site} Site */
/** @typedef {import("../types.js").Settings} Settings */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** @typedef {{sensor: Sensor, x: number, y: number, reach: Float64Array|null}} SensorMark */
/** @typedef {{site: Site, effector: number, x: number, y: number}} SiteMark */

const GRATICULE_DEG = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
const WIDEST_MESH_PX = 320;
/** Sites stand within a kilometre or two of their places: farther out they would be a heap. */
const SITES_FROM_ZOOM = 10;
const ROUNDS_FROM_ZOOM = 12.5;
const SENSORS_FROM_ZOOM = 5.5;
const FULL_TURN = 359.5;

export class Ground {
  constructor() {
    /** @type {SensorMark[]} */
    this.sensors = [];
    /** @type {SiteMark[]} */
    this.sites = [];
    /** @type {{x: number, y: number}[]} */
    this._places = [];
    this._border = new Float64Array(0);
    /** Changes when anything that is drawn here has changed. */
    this._signature = "";
  }

  /** @param {Hello} hello */
  take(hello) {
    const near = hello.station.lon;
    this.sensors = hello.sensors
      .filter((sensor) => sensor.lat !== null && sensor.lon !== null)
      .map((sensor) => sensorMark(sensor, near));
    this.sites = hello.sites.map((site) => ({
      site,
      effector: codeOf(site.effector, hello.words.effector),
      x: mercatorX(unwrapped(site.lon, near)),
      y: mercatorY(site.lat),
    }));
    this._places = hello.places.map((place) => ({
      x: mercatorX(unwrapped(place.lon, near)),
      y: mercatorY(place.lat),
    }));
    const points = hello.border?.points.slice(0, hello.border.line) ?? [];
    this._border = Float64Array.from(
      points.flatMap(([lon, lat]) => [mercatorX(unwrapped(lon, near)), mercatorY(lat)]),
    );
  }

  /**
   * Has anything changed since this was asked the last time?
   * @param {State|null} state
   * @param {Settings} settings
   */
  changed(state, settings) {
    const { graticule, border, coverage, sites, theme, dim } = settings;
    const signature = JSON.stringify([
      [graticule, border, coverage, sites, theme, dim],
      (state?.sensors ?? []).map((sensor) => [sensor.number, sensor.state]),
      (state?.sites ?? []).map((site) => [site.index, site.rounds_left]),
    ]);
    const different = signature !== this._signature;
    this._signature = signature;
    return different;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {State|null} state
   * @param {Settings} settings
   */
  draw(pen, port, palette, state, settings) {
    if (settings.graticule) drawGraticule(pen, port, palette);
    if (settings.border && this._border.length) this._drawBorder(pen, port, palette);
    this._drawSensors(pen, port, palette, state, settings);
    if (settings.sites && port.zoom >= SITES_FROM_ZOOM) this._drawSites(pen, port, palette, state);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   */
  _drawBorder(pen, port, palette) {
    pen.strokeStyle = palette.border;
    pen.lineWidth = 1.5;
    pen.globalAlpha = 0.8;
    pen.setLineDash([10, 3, 2, 3]);
    pen.beginPath();
    trace(pen, port, this._border);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {State|null} state
   * @param {Settings} settings
   */
  _drawSensors(pen, port, palette, state, settings) {
    const health = new Map((state?.sensors ?? []).map((one) => [one.number, one.state]));
    if (settings.coverage) {
      for (const mark of this.sensors) {
        drawReach(pen, port, palette, mark, health.get(mark.sensor.number) ?? "working");
      }
    }
    if (port.zoom < SENSORS_FROM_ZOOM && !settings.coverage) return;
    for (const { sensor, x, y } of this._sensorsApart(port, health)) {
      const state = health.get(sensor.number) ?? "working";
      const px = (x - port.left) / port.perPixel;
      const py = (port.top - y) / port.perPixel;
      drawSensor(pen, palette, sensor.kind, state, px, py, port.zoom < 8 ? 3.5 : 6);
    }
  }

  /**
   * Sensors in view that stand clear of places and of each other; what is not well goes first.
   * @param {Viewport} port
   * @param {Map<number, string>} health
   */
  _sensorsApart(port, health) {
    const apart = port.perPixel * (port.zoom < 8 ? 13 : 16);
    const taken = this._places.slice();
    const inView = this.sensors.filter(({ x, y }) => within(port, x, y, 10));
    const well = inView.filter(({ sensor }) => (health.get(sensor.number) ?? "working") === "working");
    const unwell = inView.filter((mark) => !well.includes(mark));
    return [...unwell, ...well].filter((mark) => {
      const clear = taken.every(({ x, y }) => Math.hypot(x - mark.x, y - mark.y) > apart);
      if (clear) taken.push(mark);
      return clear;
    });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {State|null} state
   */
  _drawSites(pen, port, palette, state) {
    const rounds = new Map((state?.sites ?? []).map((one) => [one.index, one.rounds_left]));
    pen.font = `600 11px ${palette.font}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (const { site, effector, x, y } of this.sites) {
      if (!within(port, x, y, 30)) continue;
      const left = rounds.get(site.index) ?? site.magazine;
      const px = (x - port.left) / port.perPixel;
      const py = (port.top - y) / port.perPixel;
      drawSite(pen, palette, effector, left === 0, px, py);
      if (port.zoom < ROUNDS_FROM_ZOOM) continue;
      pen.fillStyle = left === 0 ? palette.bad : palette.text;
      pen.fillText(`${left}/${site.magazine}`, px + 10, py);
    }
  }
}

/**
 * @param {Sensor} sensor
 * @param {number} near degrees
 * @returns {SensorMark}
 */
function sensorMark(sensor, near) {
  const lon = unwrapped(sensor.lon ?? 0, near);
  const lat = sensor.lat ?? 0;
  return { sensor, x: mercatorX(lon), y: mercatorY(lat), reach: reachOf(sensor, lon, lat) };
}

/**
 * The outline of what a sensor covers: a circle, or a sector with its sides.
 * @param {Sensor} sensor
 * @param {number} lon
 * @param {number} lat
 * @returns {Float64Array|null}
 */
function reachOf({ range_m, azimuth_from_deg, azimuth_span_deg }, lon, lat) {
  if (!range_m) return null;
  const span = azimuth_span_deg ?? 360;
  if (span >= FULL_TURN) return arc(lon, lat, range_m, 0, 360, 144);
  const edge = arc(lon, lat, range_m, azimuth_from_deg ?? 0, span, 72);
  const outline = new Float64Array(edge.length + 4);
  outline.set([mercatorX(lon), mercatorY(lat)]);
  outline.set(edge, 2);
  outline.set([mercatorX(lon), mercatorY(lat)], edge.length + 2);
  return outline;
}

/**
 * Working: a thin line; degraded: dashed; silent: dotted and faint.
 * @param {CanvasRenderingContext2D} pen
 * @param {Viewport} port
 * @param {Palette} palette
 * @param {SensorMark} mark
 * @param {string} state
 */
function drawReach(pen, port, palette, { reach }, state) {
  if (!reach || outOfSight(port, reach)) return;
  pen.strokeStyle =
    state === "silent" ? palette.bad : state === "degraded" ? palette.caution : palette.accent;
  pen.lineWidth = 1;
  pen.globalAlpha = state === "working" ? 0.4 : 0.75;
  pen.setLineDash(state === "silent" ? [1, 5] : state === "degraded" ? [6, 5] : []);
  pen.beginPath();
  trace(pen, port, reach);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

/**
 * Meridians and parallels at a round distance, with their degrees at the edge.
 * @param {CanvasRenderingContext2D} pen
 * @param {Viewport} port
 * @param {Palette} palette
 */
function drawGraticule(pen, port, palette) {
  const perDegree = mercatorX(1) / port.perPixel;
  const step = GRATICULE_DEG.find((deg) => deg * perDegree <= WIDEST_MESH_PX) ?? 0.01;
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const west = port.left / mercatorX(1);
  const east = west + port.width / perDegree;
  const south = latitude(port.top - port.height * port.perPixel);
  const north = latitude(port.top);
  pen.strokeStyle = palette.line;
  pen.fillStyle = palette.soft;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.7;
  pen.font = `12px ${palette.font}`;
  pen.textAlign = "left";
  pen.textBaseline = "top";
  pen.beginPath();
  for (let k = Math.ceil(west / step); k * step <= east; k++) {
    const x = Math.round((mercatorX(k * step) - port.left) / port.perPixel) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, port.height);
    const lon = ((((k * step + 180) % 360) + 360) % 360) - 180;
    const side = Math.abs(lon) === 180 ? "" : lon < 0 ? " W" : " E";
    pen.fillText(`${Math.abs(lon).toFixed(digits)}°${side}`, x + 4, 4);
  }
  for (let k = Math.ceil(south / step); k * step <= north; k++) {
    const y = Math.round((port.top - mercatorY(k * step)) / port.perPixel) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(port.width, y);
    pen.fillText(`${Math.abs(k * step).toFixed(digits)}° ${k < 0 ? "S" : "N"}`, 4, y + 3);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}
