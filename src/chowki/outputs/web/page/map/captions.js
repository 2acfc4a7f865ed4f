// Draws symbols and labels where the cast has them.

import { IDENTITY_COLOURS, LEVEL, OBJECT, STATUS } from "./codes.js";
import { SELECTED_PX, SIGN_PX, SYMBOL_PX, labelFont } from "./cast.js";
import { fading } from "./field.js";
import { drawLevel } from "./places.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./cast.js").Cast} Cast */
/** @typedef {import("./cast.js").Caption} Caption */
/** @typedef {import("./symbols.js").SymbolBook} SymbolBook */

const LINE_PX = 15;
const PADDING_PX = 5;
const BAR_PX = 3;
/** A label that stands so near needs no line to what it belongs to. */
const NEAR_PX = 6;
const CERTAIN = 0.5;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {Cast} cast
 * @param {SymbolBook} book
 */
export function drawSymbols(pen, scene, cast, book) {
  const { field, block, port, palette, selectedRow } = scene;
  const { identity, object_class: kind } = block.col;
  for (const row of cast.symbols) {
    const size = row === selectedRow ? SELECTED_PX : SYMBOL_PX;
    const sprite = book.sprite(identity[row], kind[row], size, palette, port.ratio);
    const x = (field.x[row] - port.left) / port.perPixel;
    const y = (port.top - field.y[row]) / port.perPixel;
    pen.globalAlpha = strengthOf(scene, row);
    const left = Math.round(x - sprite.anchorX);
    const top = Math.round(y - sprite.anchorY);
    pen.drawImage(sprite.canvas, left, top, sprite.width, sprite.height);
    if (block.col.status[row] === STATUS.COASTING) {
      drawCoasting(pen, palette.identity[IDENTITY_COLOURS[identity[row]] ?? "unknown"], x, y);
    }
  }
  pen.globalAlpha = 1;
}

/**
 * What is not certain, and what has not been heard for long, is fainter.
 * @param {Scene} scene
 * @param {number} row
 */
function strengthOf({ block: { col, scale }, selectedRow }, row) {
  if (row === selectedRow) return 1;
  const faint = col.existence[row] * scale.existence < CERTAIN ? 0.6 : 1;
  const coasts = col.status[row] === STATUS.COASTING ? fading(col.age[row]) / 255 : 1;
  return Math.min(faint, coasts);
}

/**
 * A dashed ring: nothing has been heard of late.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 */
function drawCoasting(pen, colour, x, y) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.setLineDash([4, 4]);
  pen.beginPath();
  pen.arc(x, y, 14, 0, 2 * Math.PI);
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * Corners round the selected track, rings round the picked ones.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 */
export function drawChosen(pen, { field, block, port, palette, picked, selected, selectedRow }) {
  pen.lineWidth = 1.75;
  pen.strokeStyle = palette.accent;
  for (const track of picked) {
    const row = block.rowOf(track);
    if (row < 0 || track === selected) continue;
    const x = (field.x[row] - port.left) / port.perPixel;
    const y = (port.top - field.y[row]) / port.perPixel;
    pen.beginPath();
    pen.arc(x, y, 14, 0, 2 * Math.PI);
    pen.stroke();
  }
  if (selectedRow < 0) return;
  const x = (field.x[selectedRow] - port.left) / port.perPixel;
  const y = (port.top - field.y[selectedRow]) / port.perPixel;
  const half = block.col.object_class[selectedRow] === OBJECT.BIRD ? 11 : 18;
  pen.strokeStyle = palette.focus;
  pen.lineWidth = 2.25;
  pen.beginPath();
  for (const [across, down] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
    pen.moveTo(x + across * half, y + down * (half - 6));
    pen.lineTo(x + across * half, y + down * half);
    pen.lineTo(x + across * (half - 6), y + down * half);
  }
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {Cast} cast
 */
export function drawCaptions(pen, scene, cast) {
  const { port, field } = scene;
  pen.font = labelFont(scene);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  const spots = [];
  for (let k = cast.captions.length - 1; k >= 0; k--) {
    const caption = cast.captions[k];
    const { row, place } = caption;
    const mapX = place ? place.x : field.x[row];
    const mapY = place ? place.y : field.y[row];
    const x = Math.round((mapX - port.left) / port.perPixel);
    const y = Math.round((port.top - mapY) / port.perPixel);
    if (x < -300 || y < -200 || x > port.width + 300 || y > port.height + 200) continue;
    spots.push({ caption, x, y });
  }
  for (const { caption, x, y } of spots) drawLeader(pen, caption, x, y);
  for (const { caption, x, y } of spots) drawCaption(pen, scene, caption, x, y);
}

/**
 * A plate with a bar in the colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scene} scene
 * @param {Caption} caption
 * @param {number} x of the labelled point
 * @param {number} y
 */
function drawCaption(pen, { palette, selectedRow }, { label, wording, row, place }, x, y) {
  const left = Math.round(x + label.dx);
  const top = Math.round(y + label.dy);
  const { lines, colour } = wording;
  const { width, height } = label;
  pen.fillStyle = palette.plate;
  pen.fillRect(left, top, width, height);
  if (place === null) {
    pen.fillStyle = colour;
    pen.fillRect(left, top, BAR_PX, height);
  }
  if (row >= 0 && row === selectedRow) {
    pen.strokeStyle = palette.focus;
    pen.lineWidth = 1.5;
    pen.strokeRect(left, top, width, height);
  }
  const signed = wording.level > LEVEL.NONE;
  if (signed) drawLevel(pen, palette, wording.level, left + 9, top + 9.5, 4.2);
  for (let k = 0; k < lines.length; k++) {
    pen.fillStyle = k === 0 || place !== null ? colour : palette.text;
    const indent = k === 0 && signed ? SIGN_PX : place ? 0 : 1;
    pen.fillText(lines[k], left + PADDING_PX + indent, top + 2 + LINE_PX * (k + 0.5));
  }
}

/**
 * A line to what a label belongs to, below all plates.
 * @param {CanvasRenderingContext2D} pen
 * @param {Caption} caption
 * @param {number} x
 * @param {number} y
 */
function drawLeader(pen, { label, wording }, x, y) {
  const left = Math.round(x + label.dx);
  const top = Math.round(y + label.dy);
  const endX = Math.max(left, Math.min(left + label.width, x));
  const endY = Math.max(top, Math.min(top + label.height, y));
  const length = Math.hypot(endX - x, endY - y);
  if (length <= label.reach + NEAR_PX) return;
  const begin = (label.reach - 2) / length;
  pen.strokeStyle = wording.colour;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.8;
  pen.beginPath();
  pen.moveTo(x + (endX - x) * begin, y + (endY - y) * begin);
  pen.lineTo(endX, endY);
  pen.stroke();
  pen.globalAlpha = 1;
}
