// Land and sea: drawn once for a scale into a picture larger than the view, then only shifted.

import { mercatorX, mercatorY } from "./geo.js";

/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** One ring of a coast: metres of the map, and the box that it lies in. */
/** @typedef {{points: Float64Array, west: number, south: number, east: number, north: number}} Coast */

const WORLD_M = 2 * mercatorX(180);
/** The picture is this many times as wide as the view. */
const LARGER = 1.6;
const CLOSEST_PX = 0.8;
/** While the view glides to another scale the old picture is stretched up to this. */
const STRETCHED = 4;
const LEFT = 1;
const RIGHT = 2;
const ABOVE = 4;
const BELOW = 8;

export class Land {
  constructor() {
    /** @type {Coast[]} */
    this._coasts = [];
    this._picture = document.createElement("canvas");
    /** What the picture shows; none: it must be drawn. @type {Viewport|null} */
    this._drawn = null;
  }

  /**
   * Fetch the coasts.
   * @param {string} url of a TopoJSON file with an object "land"
   */
  async load(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`The coasts could not be fetched (${response.status}).`);
    const topology = await response.json();
    const land = /** @type {any} */ (topojson.feature(topology, topology.objects.land));
    const geometries = land.features
      ? land.features.map((/** @type {any} */ feature) => feature.geometry)
      : [land.geometry];
    this._coasts = geometries.flatMap(ringsOf).map(coastOf);
    this._drawn = null;
  }

  /** The colours have changed. */
  forget() {
    this._drawn = null;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} port
   * @param {Palette} palette
   * @param {boolean} dim
   */
  draw(pen, port, palette, dim) {
    if (!this._drawn || !serves(this._drawn, port)) this._redraw(port, palette);
    const drawn = /** @type {Viewport} */ (this._drawn);
    const times = drawn.perPixel / port.perPixel;
    if (dim || times !== 1) {
      pen.fillStyle = palette.water;
      pen.fillRect(0, 0, port.width, port.height);
    }
    pen.globalAlpha = dim ? 0.35 : 1;
    pen.imageSmoothingEnabled = times !== 1;
    pen.drawImage(
      this._picture,
      Math.round(((drawn.left - port.left) / port.perPixel) * port.ratio) / port.ratio,
      Math.round(((port.top - drawn.top) / port.perPixel) * port.ratio) / port.ratio,
      drawn.width * times,
      drawn.height * times,
    );
    pen.globalAlpha = 1;
  }

  /**
   * @param {Viewport} port
   * @param {Palette} palette
   */
  _redraw(port, palette) {
    const width = Math.ceil(port.width * LARGER);
    const height = Math.ceil(port.height * LARGER);
    const wide = {
      ...port,
      width,
      height,
      left: port.left - ((width - port.width) / 2) * port.perPixel,
      top: port.top + ((height - port.height) / 2) * port.perPixel,
    };
    this._picture.width = Math.max(1, width * port.ratio);
    this._picture.height = Math.max(1, height * port.ratio);
    const pen = /** @type {CanvasRenderingContext2D} */ (
      this._picture.getContext("2d", { alpha: false })
    );
    pen.setTransform(port.ratio, 0, 0, port.ratio, 0, 0);
    pen.fillStyle = palette.water;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = palette.land;
    pen.strokeStyle = palette.coast;
    pen.lineWidth = 1;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const shift of turns(wide)) {
      for (const coast of this._coasts) traceCoast(pen, wide, coast, shift);
    }
    pen.fill("evenodd");
    pen.stroke();
    this._drawn = wide;
  }
}

/**
 * All rings of a polygon or of many.
 * @param {any} geometry
 * @returns {number[][][]}
 */
function ringsOf(geometry) {
  if (geometry.type === "Polygon") return geometry.coordinates;
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
}

/** @param {number[][]} ring @returns {Coast} */
function coastOf(ring) {
  const points = new Float64Array(2 * ring.length);
  ring.forEach(([lon, lat], k) => points.set([mercatorX(lon), mercatorY(lat)], 2 * k));
  const coast = { points, west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (let k = 0; k < points.length; k += 2) {
    coast.west = Math.min(coast.west, points[k]);
    coast.east = Math.max(coast.east, points[k]);
    coast.south = Math.min(coast.south, points[k + 1]);
    coast.north = Math.max(coast.north, points[k + 1]);
  }
  return coast;
}

/**
 * Does a picture hold all of the view? While the view moves, one of another scale does too.
 * @param {Viewport} drawn
 * @param {Viewport} port
 */
function serves(drawn, port) {
  if (drawn.ratio !== port.ratio) return false;
  const times = drawn.perPixel / port.perPixel;
  const sameScale = Math.abs(times - 1) < 1e-6;
  if (!sameScale && (!port.moving || times > STRETCHED || times < 1 / STRETCHED)) return false;
  const right = port.left + port.width * port.perPixel;
  const bottom = port.top - port.height * port.perPixel;
  const holds =
    drawn.left <= port.left &&
    drawn.top >= port.top &&
    drawn.left + drawn.width * drawn.perPixel >= right &&
    drawn.top - drawn.height * drawn.perPixel <= bottom;
  return holds || (!sameScale && times < 1);
}

/**
 * By how much the world is shifted to fill a view, metres of the map.
 * @param {Viewport} port
 */
function turns(port) {
  const right = port.left + port.width * port.perPixel;
  const first = Math.floor((port.left + WORLD_M / 2) / WORLD_M);
  const last = Math.floor((right + WORLD_M / 2) / WORLD_M);
  return Array.from({ length: last - first + 1 }, (_, k) => (first + k) * WORLD_M);
}

/**
 * Points that fall together on the screen, and runs of points outside it, are left out.
 * @param {CanvasRenderingContext2D} pen
 * @param {Viewport} port
 * @param {Coast} coast
 * @param {number} shift metres of the map
 */
function traceCoast(pen, port, { points, west, south, east, north }, shift) {
  const { perPixel, width, height } = port;
  const left = port.left - shift;
  const { top } = port;
  if (west > left + width * perPixel || east < left || south > top) return;
  if (north < top - height * perPixel) return;
  if (east - west < perPixel && north - south < perPixel) return;
  let lastX = Infinity;
  let lastY = Infinity;
  let kept = 0;
  for (let k = 0; k < points.length; k += 2) {
    const x = (points[k] - left) / perPixel;
    const y = (top - points[k + 1]) / perPixel;
    const side = sideOf(x, y, width, height);
    const after = k + 2 < points.length ? k + 2 : 0;
    const next = sideOf((points[after] - left) / perPixel, (top - points[after + 1]) / perPixel, width, height);
    if ((kept & side & next) !== 0 || Math.abs(x - lastX) + Math.abs(y - lastY) < CLOSEST_PX) continue;
    if (lastX === Infinity) pen.moveTo(x, y);
    else pen.lineTo(x, y);
    lastX = x;
    lastY = y;
    kept = side;
  }
  pen.closePath();
}

/**
 * On which sides of the picture a point lies.
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function sideOf(x, y, width, height) {
  return (x < -9 ? LEFT : x > width + 9 ? RIGHT : 0) | (y < -9 ? ABOVE : y > height + 9 ? BELOW : 0);
}
