// The map: land, ground and picture on one view, and what the rest of the page may ask of it.

import { mercatorX, mercatorY, latitude, longitude, unwrapped } from "./geo.js";
import { Ground } from "./ground.js";
import { Land } from "./land.js";
import { extentOfHome, extentOfRows } from "./extents.js";
import { readPalette } from "./palette.js";
import { Picture } from "./picture.js";
import { composed, footLines } from "./png.js";
import { Pointer } from "./pointer.js";
import { userLayers } from "./userlayers.js";
import { viewportOf } from "./viewport.js";

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../types.js").MapView} MapView */
/** @typedef {import("../types.js").Settings} Settings */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const LAND_URL = new URL("../vendor/land-50m.json", import.meta.url).href;
const CLOSEST_ZOOM = 18;
const FARTHEST_ZOOM = 2;
const GLIDE_MS = 200;
const REST_MS = 90;
const TRACK_ZOOM = 10;
const MARGIN_PX = 48;
/** More canvas pixels than this are too many without a GPU: then one for each CSS pixel. */
const MOST_PIXELS = 6e6;

/**
 * Draw the map into an element and keep it as the store says.
 * @param {HTMLElement} element
 * @param {Store} store
 * @returns {MapView & {stats: () => {paints: number, lastMs: number}}}
 */
export function createMap(element, store) {
  return new AirMap(element, store).face();
}

class AirMap {
  /**
   * @param {HTMLElement} element
   * @param {Store} store
   */
  constructor(element, store) {
    this._element = element;
    this._store = store;
    this._palette = this._readPalette();
    this._land = new Land();
    this._ground = new Ground();
    /** Someone has said what is to be seen; until then it is home. */
    this._placed = false;
    this._credit = document.createElement("div");
    this._credit.className = "map-credit";
    this._view = new ol.View({
      center: [0, mercatorY(25)],
      zoom: 3,
      minZoom: FARTHEST_ZOOM,
      maxZoom: CLOSEST_ZOOM,
      multiWorld: true,
      constrainRotation: 1,
      enableRotation: false,
    });
    this._landLayer = this._canvasLayer(false, (pen, port) =>
      this._land.draw(pen, port, this._palette, store.settings.dim),
    );
    this._groundLayer = this._canvasLayer(true, (pen, port) =>
      this._ground.draw(pen, port, this._palette, store.state, store.settings),
    );
    this._restTimer = 0;
    /** @type {any[]} */
    this._ownLayers = [];
    this._wantedLayers = "[]";
    this._map = this._openLayersMap();
    this._picture = new Picture(element, store, {
      port: () => this._port(),
      palette: () => this._palette,
    });
    this._picture.measure.onTaken = (words) => this._tell(words);
    element.append(this._credit);
    const parts = { picture: this._picture, ground: this._ground, port: () => this._port() };
    this._pointer = new Pointer(this._map, store, parts);
    this._listen();
    this._loadLand();
  }

  /** @returns {MapView & {stats: () => {paints: number, lastMs: number}}} */
  face() {
    return {
      home: () => this._home(),
      zoomBy: (d) => this._zoomBy(d),
      panBy: (dx, dy) => this._panBy(dx, dy),
      goTo: (lon, lat, zoom) => this._goTo(lon, lat, zoom),
      fitTracks: (numbers) => this._fitTracks(numbers),
      view: () => this._seen(),
      setView: (seen) => this._setView(seen),
      exportPng: () => this._exportPng(),
      rowsInView: () => this._rowsInView(),
      pick: (px) => this._pointer.pick(px),
      resize: () => this._map.updateSize(),
      stats: () => ({ paints: this._picture.paints, lastMs: this._picture.lastMs }),
    };
  }

  _openLayersMap() {
    const scale = new ol.control.ScaleLine({ units: "metric", minWidth: 80, maxWidth: 150 });
    return new ol.Map({
      target: this._element,
      layers: [this._landLayer, this._groundLayer],
      view: this._view,
      controls: [scale],
      interactions: ol.interaction.defaults.defaults({
        altShiftDragRotate: false,
        pinchRotate: false,
        keyboard: false,
        zoomDuration: GLIDE_MS,
      }),
      pixelRatio: this._ratio(),
    });
  }

  /**
   * A layer with a canvas of its own, or with the one below it where that is ours. Nothing is seen
   * through the lowest one, which saves the browser to blend it.
   * @param {boolean} seenThrough
   * @param {(pen: CanvasRenderingContext2D, port: Viewport) => void} draw
   */
  _canvasLayer(seenThrough, draw) {
    const canvas = document.createElement("canvas");
    canvas.className = "map-ground";
    canvas.setAttribute("aria-hidden", "true");
    const render = (/** @type {any} */ frame, /** @type {any} */ below) => {
      const shared = below instanceof HTMLCanvasElement && below.className === canvas.className;
      const sheet = shared ? below : canvas;
      const port = this._portOf(frame.viewState, frame.size, frame.viewHints);
      if (!shared) fitCanvas(sheet, port);
      const pen = /** @type {CanvasRenderingContext2D} */ (
        sheet.getContext("2d", { alpha: seenThrough })
      );
      pen.setTransform(port.ratio, 0, 0, port.ratio, 0, 0);
      if (!shared && seenThrough) pen.clearRect(0, 0, port.width, port.height);
      draw(pen, port);
      return sheet;
    };
    return new ol.layer.Layer({ render: /** @type {any} */ (render) });
  }

  _listen() {
    const { _store: store, _picture: picture } = this;
    this._map.on("postrender", () => picture.paint());
    this._map.on("moveend", () => this._rest());
    this._map.on("change:size", () => this._keepFree());
    store.on("hello", (hello) => this._begin(hello));
    store.on("block", () => this._takeBlock());
    store.on("state", () => this._takeState());
    store.on("detail", () => picture.schedule());
    store.on("filters", () => picture.resort());
    store.on("picked", () => picture.resort());
    store.on("selected", () => this._takeSelected());
    store.on("settings", (settings) => this._takeSettings(settings));
    new MutationObserver(() => this._takeTheme()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    if (store.hello) this._begin(store.hello);
  }

  /** Labels are settled anew when the view has come to rest, not at each step of a key held down. */
  _rest() {
    window.clearTimeout(this._restTimer);
    this._restTimer = window.setTimeout(() => this._picture.replan(), REST_MS);
  }

  async _loadLand() {
    try {
      await this._land.load(LAND_URL);
      this._map.render();
    } catch (error) {
      this._tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {import("../types.js").Hello} hello */
  _begin(hello) {
    this._ground.take(hello);
    this._picture.begin(hello);
    this._credit.textContent = this._creditWords();
    this._keepFree();
    if (!this._placed) this._home();
    this._showUserLayers(hello.layers ?? []);
    this._map.render();
  }

  /** @param {import("../types.js").UserLayer[]} layers */
  async _showUserLayers(layers) {
    const wanted = JSON.stringify(layers);
    if (wanted === this._wantedLayers) return;
    this._wantedLayers = wanted;
    const made = await userLayers(layers, () => this._palette, (words) => this._tell(words));
    if (wanted !== this._wantedLayers) return;
    for (const layer of this._ownLayers) this._map.removeLayer(layer);
    this._ownLayers = made;
    this._showOwn();
    made.forEach((layer, k) => this._map.getLayers().insertAt(1 + k, layer));
  }

  _showOwn() {
    for (const layer of this._ownLayers) layer.setVisible(this._store.settings.ownLayers);
  }

  _takeBlock() {
    this._picture.takeBlock();
    if (this._store.settings.follow) this._keepInMiddle();
    this._pointer.refresh();
  }

  _takeState() {
    this._picture.replan();
    if (this._ground.changed(this._store.state, this._store.settings)) this._map.render();
  }

  _takeSelected() {
    this._picture.resort();
    if (this._store.settings.follow) this._keepInMiddle();
  }

  /** @param {Settings} settings */
  _takeSettings(settings) {
    if (!settings.measure) this._picture.measure.clear();
    this._showOwn();
    this._element.classList.toggle("map-measuring", settings.measure);
    this._credit.textContent = this._creditWords();
    this._picture.resort();
    if (this._ground.changed(this._store.state, settings)) this._map.render();
    if (settings.follow) this._keepInMiddle();
  }

  _takeTheme() {
    this._palette = this._readPalette();
    this._land.forget();
    for (const layer of this._ownLayers) layer.changed();
    this._picture.replan();
    this._map.render();
  }

  _readPalette() {
    return readPalette(this._element, document.documentElement.dataset.theme === "light");
  }

  /** Labels keep off the credit and the scale. */
  _keepFree() {
    const [width, height] = this._map.getSize() ?? [0, 0];
    const credit = this._credit.offsetWidth + 10;
    this._picture.blocked = [
      { left: width - credit, top: height - 30, right: width, bottom: height },
      { left: 0, top: height - 62, right: 190, bottom: height },
    ];
    this._picture.replan();
  }

  _creditWords() {
    const border = this._store.settings.border ? this._store.hello?.border : null;
    return ["Land: Natural Earth", border?.disclaimer].filter(Boolean).join(" · ");
  }

  /** @param {string} words */
  _tell(words) {
    this._element.dispatchEvent(new CustomEvent("map-told", { bubbles: true, detail: words }));
  }

  _ratio() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const pixels = this._element.clientWidth * this._element.clientHeight * ratio * ratio;
    return pixels > MOST_PIXELS ? 1 : ratio;
  }

  /** @returns {Viewport|null} null while the map has no size */
  _port() {
    const size = this._map.getSize();
    if (!size || !size[0] || !size[1]) return null;
    const state = this._view.getState();
    return this._portOf(state, size, this._view.getHints());
  }

  /**
   * @param {{center: number[], resolution: number, zoom: number}} state
   * @param {number[]} size
   * @param {number[]} hints of OpenLayers: animating, interacting
   * @returns {Viewport}
   */
  _portOf({ center, resolution, zoom }, [width, height], hints) {
    const moving = hints[0] > 0 || hints[1] > 0;
    const ratio = this._map.getPixelRatio?.() ?? this._ratio();
    return viewportOf({ center, resolution, width, height, ratio, zoom, moving });
  }

  _home() {
    const extent = this._store.hello ? extentOfHome(this._store.hello) : null;
    if (extent) this._fit(extent, CLOSEST_ZOOM);
  }

  /**
   * @param {number[]} extent
   * @param {number} maxZoom
   */
  _fit(extent, maxZoom) {
    if (!this._map.getSize()) this._map.updateSize();
    this._view.fit(extent, { padding: Array(4).fill(MARGIN_PX), maxZoom });
  }

  /** @param {number} d */
  _zoomBy(d) {
    this._placed = true;
    this._view.cancelAnimations();
    this._view.animate({ zoom: (this._view.getZoom() ?? FARTHEST_ZOOM) + d, duration: GLIDE_MS });
  }

  /**
   * @param {number} dx pixels to the right
   * @param {number} dy pixels down
   */
  _panBy(dx, dy) {
    this._placed = true;
    this._view.cancelAnimations();
    const { center, resolution } = this._view.getState();
    this._view.setCenter([center[0] + dx * resolution, center[1] - dy * resolution]);
    if (this._store.settings.follow) this._store.set("settings", { follow: false });
  }

  /**
   * @param {number} lon
   * @param {number} lat
   * @param {number} [zoom]
   */
  _goTo(lon, lat, zoom) {
    this._placed = true;
    const near = this._store.hello?.station.lon ?? lon;
    this._view.cancelAnimations();
    this._view.setCenter([mercatorX(unwrapped(lon, near)), mercatorY(lat)]);
    if (zoom !== undefined) this._view.setZoom(zoom);
  }

  /** @param {number[]} numbers */
  _fitTracks(numbers) {
    const { field } = this._picture;
    const extent = extentOfRows(field, numbers);
    if (!extent) return;
    this._placed = true;
    this._fit(extent, TRACK_ZOOM);
  }

  _seen() {
    const { center, zoom } = this._view.getState();
    return { lon: longitude(center[0]), lat: latitude(center[1]), zoom };
  }

  /** @param {{lon: number, lat: number, zoom: number}} seen */
  _setView({ lon, lat, zoom }) {
    this._goTo(lon, lat, zoom);
  }

  _keepInMiddle() {
    const { selected } = this._store;
    const { field } = this._picture;
    const row = selected === null || !field.block ? -1 : field.block.rowOf(selected);
    if (row < 0 || this._view.getInteracting()) return;
    this._placed = true;
    this._view.setCenter([field.x[row], field.y[row]]);
  }

  _rowsInView() {
    const port = this._port();
    return port ? this._picture.field.rowsIn(port) : [];
  }

  /** @returns {Promise<Blob>} */
  async _exportPng() {
    this._map.renderSync();
    const port = this._port();
    if (!port) throw new Error("The map is not shown, so there is nothing to export.");
    const below = this._element.querySelectorAll(".ol-layers canvas");
    const canvases = /** @type {HTMLCanvasElement[]} */ ([...below, this._picture.canvas]);
    return composed(canvases, port, this._palette, footLines(this._store, this._creditWords()));
  }
}

/**
 * The canvas gets the view's size.
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} port
 */
function fitCanvas(canvas, { width, height, ratio }) {
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
}
