// The part of the map that is seen, and how it lies on the canvas.

/**
 * @typedef {object} Viewport
 * @property {number} width CSS pixels
 * @property {number} height
 * @property {number} ratio canvas pixels in one CSS pixel
 * @property {number} perPixel metres of the map in one CSS pixel
 * @property {number} left metres of the map
 * @property {number} top
 * @property {number} zoom
 * @property {boolean} moving while the view is dragged or glides
 */

/**
 * @param {{center: number[], resolution: number, width: number, height: number, ratio: number,
 *   zoom: number, moving: boolean}} seen
 * @returns {Viewport}
 */
export function viewportOf({ center, resolution, width, height, ratio, zoom, moving }) {
  return {
    width,
    height,
    ratio,
    perPixel: resolution,
    left: center[0] - (width / 2) * resolution,
    top: center[1] + (height / 2) * resolution,
    zoom,
    moving,
  };
}

/**
 * Does a point lie on the canvas, or not more than some pixels beside it?
 * @param {Viewport} port
 * @param {number} x metres of the map
 * @param {number} y
 * @param {number} [beside] pixels
 */
export function within(port, x, y, beside = 0) {
  const px = (x - port.left) / port.perPixel;
  const py = (port.top - y) / port.perPixel;
  return (
    px >= -beside && px <= port.width + beside && py >= -beside && py <= port.height + beside
  );
}

/**
 * Begin a path with points of the map (x, y, x, y...); the caller strokes or fills it.
 * @param {CanvasRenderingContext2D} pen
 * @param {Viewport} port
 * @param {ArrayLike<number>} points
 */
export function trace(pen, port, points) {
  const { left, top, perPixel } = port;
  for (let k = 0; k < points.length; k += 2) {
    const px = (points[k] - left) / perPixel;
    const py = (top - points[k + 1]) / perPixel;
    if (k === 0) pen.moveTo(px, py);
    else pen.lineTo(px, py);
  }
}

/**
 * Can nothing of these points be seen?
 * @param {Viewport} port
 * @param {ArrayLike<number>} points x, y, x, y... in metres of the map
 */
export function outOfSight(port, points) {
  const right = port.left + port.width * port.perPixel;
  const bottom = port.top - port.height * port.perPixel;
  let west = true;
  let east = true;
  let north = true;
  let south = true;
  for (let k = 0; k < points.length; k += 2) {
    west &&= points[k] < port.left;
    east &&= points[k] > right;
    north &&= points[k + 1] > port.top;
    south &&= points[k + 1] < bottom;
  }
  return west || east || north || south;
}
