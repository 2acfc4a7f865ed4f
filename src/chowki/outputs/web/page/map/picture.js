// The picture over the land: one canvas, drawn when something changed and at most once a frame.

import { Cast } from "./cast.js";
import { drawCaptions, drawChosen, drawSymbols } from "./captions.js";
import { IDENTITY_COLOURS, OBJECT } from "./codes.js";
import { Field } from "./field.js";
import { mercatorX, mercatorY, unwrapped } from "./geo.js";
import { Ink } from "./ink.js";
import { PlaceMarks } from "./places.js";
import { Measure, drawRings } from "./rings.js";
import { SymbolBook } from "./symbols.js";
import { drawEllipse, drawEngagements, drawPilots, drawThreatLines, drawVolumes } from "./tactics.js";
import { Trails } from "./trails.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../block.js").Block} Block */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const MOST_TRAILS = 2000;
const MINUTES_APART_PX = 24;

export class Picture {
  /**
   * @param {HTMLElement} parent
   * @param {Store} store
   * @param {{port: () => Viewport|null, palette: () => Palette}} map
   */
  constructor(parent, store, map) {
    this._store = store;
    this._map = map;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "map-picture";
    this.canvas.setAttribute("aria-hidden", "true");
    parent.append(this.canvas);
    this._pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this._ink = new Ink(this._pen);
    this.field = new Field();
    this.trails = new Trails();
    this.cast = new Cast();
    this.places = new PlaceMarks();
    this.measure = new Measure();
    this._book = new SymbolBook();
    /** @type {Map<number, import("../types.js").Site>} */
    this._sites = new Map();
    /** Where labels may not stand, CSS pixels. @type {import("./labels.js").Box[]} */
    this.blocked = [];
    this._frame = 0;
    this._planDue = true;
    this._nearLon = 0;
    /** How long the last paint took, milliseconds, and how many there were. */
    this.lastMs = 0;
    this.paints = 0;
  }

  /** A new session. @param {import("../types.js").Hello} hello */
  begin(hello) {
    this.places.take(hello);
    this._sites = new Map(hello.sites.map((site) => [site.index, site]));
    // A connection that was lost for a moment goes on with the same tracks.
    if (hello.station.lon !== this._nearLon) this.trails.clear();
    this._nearLon = hello.station.lon;
    this.cast.clear();
    this.measure.clear();
    this.takeBlock();
  }

  /** The store has another block. */
  takeBlock() {
    const block = /** @type {Block|null} */ (this._store.block);
    this.field.take(block, this._nearLon);
    if (block) this.trails.take(block, this.field, this._store.settings.trailMinutes);
    this.resort();
  }

  /** Other rows are to be seen: filters, isolation, selection. */
  resort() {
    const { block, visible, selected, picked } = this._store;
    const alone = this._alone();
    const tracks = block?.col.track;
    this.field.sort((row) => {
      if (visible[row] === 0) return false;
      if (!alone || !tracks) return true;
      return tracks[row] === selected || picked.has(tracks[row]);
    });
    this.replan();
  }

  /** Are only the chosen tracks shown? Without any the setting says nothing. */
  _alone() {
    const { settings, selected, picked } = this._store;
    return settings.isolate && (selected !== null || picked.size > 0);
  }

  /** Symbols and labels are to be settled anew, and the picture drawn. */
  replan() {
    this._planDue = true;
    this.schedule();
  }

  /** Draw at the next frame. */
  schedule() {
    if (this._frame) return;
    this._frame = requestAnimationFrame(() => this.paint());
  }

  /** Draw now; what was scheduled is done with this. */
  paint() {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    const port = this._map.port();
    if (!port) return;
    const began = performance.now();
    this._fit(port);
    this._ink.clear();
    this._ink.weight = Math.max(1, Math.round(port.ratio));
    const scene = this._scene(port);
    if (scene) this._paintScene(scene);
    else this._ink.show();
    this.lastMs = performance.now() - began;
    this.paints += 1;
  }

  /** @param {Viewport} port */
  _fit({ width, height, ratio }) {
    const wide = Math.round(width * ratio);
    const high = Math.round(height * ratio);
    if (this.canvas.width === wide && this.canvas.height === high) return;
    this.canvas.width = wide;
    this.canvas.height = high;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this._planDue = true;
  }

  /**
   * @param {Viewport} port
   * @returns {Scene|null} null while nothing has come
   */
  _scene(port) {
    const { hello, state, detail, settings, selected, picked, filters } = this._store;
    const { block } = this.field;
    if (!hello || !block) return null;
    const found = selected === null ? -1 : block.rowOf(selected);
    return {
      port,
      palette: this._map.palette(),
      hello,
      block,
      state,
      detail: detail && detail.known && detail.track === selected ? detail : null,
      settings,
      field: this.field,
      places: this.places,
      sites: this._sites,
      selected,
      selectedRow: found >= 0 && this._store.visible[found] === 0 ? -1 : found,
      picked,
      alone: this._alone(),
      chosenPlace: filters.place,
      blocked: this.blocked,
      nearLon: this._nearLon,
    };
  }

  /** @param {Scene} scene */
  _paintScene(scene) {
    const pen = this._pen;
    const { port, palette, settings } = scene;
    if (this._planDue) {
      this.cast.plan(scene, pen);
      this._planDue = false;
    }
    pen.setTransform(1, 0, 0, 1, 0, 0);
    this._inkTrails(scene);
    this.field.draw(this._ink, port, palette, settings.vectorMinutes * 60);
    this._ink.show();
    pen.setTransform(port.ratio, 0, 0, port.ratio, 0, 0);
    if (settings.volumes) drawVolumes(pen, scene);
    const { hello, state, chosenPlace } = scene;
    this.places.draw(pen, port, palette, hello, state, chosenPlace);
    if (settings.rings) drawRings(pen, scene);
    drawThreatLines(pen, scene);
    drawEngagements(pen, scene);
    drawPilots(pen, scene);
    drawEllipse(pen, scene);
    drawSymbols(pen, scene, this.cast, this._book);
    drawChosen(pen, scene);
    drawCaptions(pen, scene, this.cast);
    if (settings.measure) this.measure.draw(pen, scene);
  }

  /**
   * Of all tracks while they are not too many, else of the ranked ones; always of the chosen ones.
   * @param {Scene} scene
   */
  _inkTrails(scene) {
    const { port, palette, field, block, settings, detail, selected, picked } = scene;
    const { identity, track, rank, object_class: kind } = block.col;
    /** @param {number} row */
    const colourOf = (row) => palette.ink[IDENTITY_COLOURS[identity[row]] ?? "unknown"];
    const sinceS = block.timeS - settings.trailMinutes * 60;
    if (settings.trails) {
      const all = field.rowsIn(port, 200).filter((row) => kind[row] !== OBJECT.BIRD).reverse();
      const rows = all.length <= MOST_TRAILS ? all : all.filter((row) => rank[row] > 0);
      this.trails.draw(this._ink, port, field, rows, colourOf, { sinceS, opacity: 140 });
    }
    const told = detail?.history && detail.history.length > 1 ? detail : null;
    const chosen = [...picked, selected]
      .filter((number) => number !== null && !(told && number === selected))
      .map((number) => block.rowOf(/** @type {number} */ (number)))
      .filter((row) => row >= 0 && this._store.visible[row] !== 0 && track[row] !== undefined);
    this.trails.draw(this._ink, port, field, chosen, colourOf, { sinceS, opacity: 230 });
    if (told?.history && scene.selectedRow >= 0) this._inkHistory(scene, told.history, sinceS);
  }

  /**
   * The selected track's way as the server knows it, with a mark at each full minute.
   * @param {Scene} scene
   * @param {[number, number, number, number][]} history time, lat, lon, height
   * @param {number} sinceS
   */
  _inkHistory({ port, palette, field, block, selectedRow }, history, sinceS) {
    const scale = port.ratio / port.perPixel;
    const colour = palette.ink[IDENTITY_COLOURS[block.col.identity[selectedRow]] ?? "unknown"];
    let x0 = (field.x[selectedRow] - port.left) * scale;
    let y0 = (port.top - field.y[selectedRow]) * scale;
    let minute = Number.NaN;
    let markedX = x0;
    let markedY = y0;
    for (let k = history.length - 1; k >= 0 && history[k][0] >= sinceS; k--) {
      const [timeS, lat, lon] = history[k];
      const x1 = (mercatorX(unwrapped(lon, this._nearLon)) - port.left) * scale;
      const y1 = (port.top - mercatorY(lat)) * scale;
      this._ink.line(x0, y0, x1, y1, colour, 240, 0);
      const apart = Math.abs(x1 - markedX) + Math.abs(y1 - markedY) > MINUTES_APART_PX * port.ratio;
      if (apart && Math.floor(timeS / 60) !== minute && !Number.isNaN(minute)) {
        this._ink.line(x1 - 3, y1 - 3, x1 + 3, y1 + 3, colour, 240, 0);
        this._ink.line(x1 + 3, y1 - 3, x1 - 3, y1 + 3, colour, 240, 0);
        [markedX, markedY] = [x1, y1];
      }
      minute = Math.floor(timeS / 60);
      [x0, y0] = [x1, y1];
    }
  }
}
