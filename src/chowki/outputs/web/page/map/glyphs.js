// Small signs of what stands on the ground.

/** @typedef {import("./palette.js").Palette} Palette */

/** Codes of the kinds of effectors. */
const GUN = 0;
const MISSILE = 1;
const JAMMER = 2;

/**
 * A sensor: radar a dish, camera a diamond, direction finder a fan, receiver a mast. What is silent
 * is crossed out, what is degraded is barred.
 * @param {CanvasRenderingContext2D} pen
 * @param {Palette} palette
 * @param {string} kind
 * @param {string} state working, degraded or silent
 * @param {number} x CSS pixels
 * @param {number} y
 * @param {number} size half its width
 */
export function drawSensor(pen, palette, kind, state, x, y, size) {
  pen.strokeStyle =
    state === "silent" ? palette.bad : state === "degraded" ? palette.caution : palette.soft;
  pen.lineWidth = 1.5;
  pen.globalAlpha = state === "working" ? 0.85 : 1;
  pen.beginPath();
  outlineSensor(pen, kind, x, y, size);
  if (state !== "working") {
    pen.moveTo(x - size - 2, y + size + 2);
    pen.lineTo(x + size + 2, y - size - 2);
  }
  if (state === "silent") {
    pen.moveTo(x - size - 2, y - size - 2);
    pen.lineTo(x + size + 2, y + size + 2);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
function outlineSensor(pen, kind, x, y, size) {
  if (/radar/.test(kind)) {
    pen.arc(x, y - size * 0.5, size, 0.1 * Math.PI, 0.9 * Math.PI);
    pen.moveTo(x, y + size * 0.5);
    pen.lineTo(x, y + size * 1.1);
    pen.moveTo(x - size * 0.7, y + size * 1.1);
    pen.lineTo(x + size * 0.7, y + size * 1.1);
  } else if (/optical|camera/.test(kind)) {
    pen.moveTo(x, y - size);
    pen.lineTo(x + size, y);
    pen.lineTo(x, y + size);
    pen.lineTo(x - size, y);
    pen.closePath();
  } else if (/finder|bearing/.test(kind)) {
    pen.moveTo(x, y + size);
    pen.lineTo(x - size, y - size * 0.6);
    pen.moveTo(x, y + size);
    pen.lineTo(x, y - size);
    pen.moveTo(x, y + size);
    pen.lineTo(x + size, y - size * 0.6);
  } else {
    pen.moveTo(x, y + size);
    pen.lineTo(x, y - size);
    pen.moveTo(x - size * 0.8, y - size);
    pen.lineTo(x, y - size * 0.1);
    pen.lineTo(x + size * 0.8, y - size);
  }
}

/**
 * An effector site: a boxed sign; crossed out when its rounds are spent.
 * @param {CanvasRenderingContext2D} pen
 * @param {Palette} palette
 * @param {number} effector code of its kind
 * @param {boolean} spent
 * @param {number} x CSS pixels
 * @param {number} y
 */
export function drawSite(pen, palette, effector, spent, x, y) {
  pen.fillStyle = palette.plate;
  pen.fillRect(x - 7, y - 7, 14, 14);
  pen.strokeStyle = spent ? palette.bad : palette.identity.friend;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.rect(x - 7, y - 7, 14, 14);
  outlineEffector(pen, effector, x, y);
  if (spent) {
    pen.moveTo(x - 9, y + 9);
    pen.lineTo(x + 9, y - 9);
  }
  pen.stroke();
}

/**
 * Gun: a barrel on its base; missile: an arrow; jammer: a flash; interceptor drone: a chevron.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} effector
 * @param {number} x
 * @param {number} y
 */
function outlineEffector(pen, effector, x, y) {
  if (effector === GUN) {
    pen.moveTo(x - 4, y + 3.5);
    pen.lineTo(x + 4, y + 3.5);
    pen.moveTo(x, y + 3.5);
    pen.lineTo(x, y - 4.5);
  } else if (effector === MISSILE) {
    pen.moveTo(x, y + 4.5);
    pen.lineTo(x, y - 4.5);
    pen.moveTo(x - 3, y - 1);
    pen.lineTo(x, y - 4.5);
    pen.lineTo(x + 3, y - 1);
  } else if (effector === JAMMER) {
    pen.moveTo(x + 1.5, y - 5);
    pen.lineTo(x - 2, y + 0.5);
    pen.lineTo(x + 2, y - 0.5);
    pen.lineTo(x - 1.5, y + 5);
  } else {
    pen.moveTo(x - 4.5, y - 2);
    pen.lineTo(x, y + 2);
    pen.lineTo(x + 4.5, y - 2);
  }
}
