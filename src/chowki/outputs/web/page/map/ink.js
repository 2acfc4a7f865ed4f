// Marks and lines set pixel by pixel: without a GPU this is what draws 20,000 tracks at the cost
// of one picture, and shapes cost no more than dots.

/** @typedef {import("./stamps.js").Stamp} Stamp */

export class Ink {
  /** @param {CanvasRenderingContext2D} pen of the canvas that is drawn on */
  constructor(pen) {
    this._pen = pen;
    this.width = 0;
    this.height = 0;
    /** How many canvas pixels wide lines are. */
    this.weight = 1;
    this._image = new ImageData(1, 1);
    this._pixels = new Uint32Array(this._image.data.buffer);
  }

  /** Begin an empty picture as large as the canvas. */
  clear() {
    const { width, height } = this._pen.canvas;
    if (width === this.width && height === this.height) {
      this._pixels.fill(0);
      return;
    }
    this.width = width;
    this.height = height;
    this._image = new ImageData(Math.max(1, width), Math.max(1, height));
    this._pixels = new Uint32Array(this._image.data.buffer);
  }

  /** Put the picture on the canvas, in place of all that was there. */
  show() {
    this._pen.putImageData(this._image, 0, 0);
  }

  /**
   * @param {Stamp} stamp
   * @param {number} x canvas pixels
   * @param {number} y
   * @param {number} colour blue-green-red number
   * @param {number} opacity 0 to 255
   */
  stamp(stamp, x, y, colour, opacity) {
    const left = Math.round(x);
    const top = Math.round(y);
    const { reach, dx, dy } = stamp;
    const { width, height } = this;
    const pixels = this._pixels;
    if (left < reach || top < reach || left >= width - reach || top >= height - reach) return;
    const value = (colour | (opacity << 24)) >>> 0;
    const at = top * width + left;
    for (let k = 0; k < dx.length; k++) pixels[at + dy[k] * width + dx[k]] = value;
  }

  /**
   * A thin smooth line; where lines cross, the stronger one is seen.
   * @param {number} x0 canvas pixels
   * @param {number} y0
   * @param {number} x1
   * @param {number} y1
   * @param {number} colour blue-green-red number
   * @param {number} opacity 0 to 255
   * @param {number} dash pixels on and off, 0: not dashed
   */
  line(x0, y0, x1, y1, colour, opacity, dash) {
    const { width, height } = this;
    const steep = Math.abs(y1 - y0) > Math.abs(x1 - x0);
    for (let k = 0; k < this.weight; k++) {
      if (steep) this._run(y0, x0 + k, y1, x1 + k, colour, opacity, dash, height, width, true);
      else this._run(x0, y0 + k, x1, y1 + k, colour, opacity, dash, width, height, false);
    }
  }

  /**
   * A line along its longer axis (after Wu): each step shares its ink between two pixels.
   * @param {number} a0 along
   * @param {number} b0 across
   * @param {number} a1
   * @param {number} b1
   * @param {number} colour
   * @param {number} opacity
   * @param {number} dash
   * @param {number} sizeA of the picture along
   * @param {number} sizeB
   * @param {boolean} steep along is down the picture
   */
  _run(a0, b0, a1, b1, colour, opacity, dash, sizeA, sizeB, steep) {
    const step = a1 >= a0 ? 1 : -1;
    const slope = a1 === a0 ? 0 : ((b1 - b0) / (a1 - a0)) * step;
    const first = Math.round(a0);
    const length = Math.abs(Math.round(a1) - first);
    const strideA = steep ? this.width : 1;
    const strideB = steep ? 1 : this.width;
    const pixels = this._pixels;
    const begin = Math.max(0, step > 0 ? -first : first - sizeA + 1);
    const end = Math.min(length, step > 0 ? sizeA - 1 - first : first);
    let b = b0 + slope * begin;
    let a = first + step * begin;
    for (let k = begin; k <= end; k++, a += step, b += slope) {
      if (dash && k % (2 * dash) >= dash) continue;
      const low = Math.floor(b);
      if (low < 0 || low >= sizeB - 1) continue;
      const at = a * strideA + low * strideB;
      const high = ((b - low) * opacity) | 0;
      const less = opacity - high;
      if (pixels[at] >>> 24 < less) pixels[at] = (colour | (less << 24)) >>> 0;
      if (pixels[at + strideB] >>> 24 < high) pixels[at + strideB] = (colour | (high << 24)) >>> 0;
    }
  }
}
