// The view as a picture file: map, tracks, and a line that says what it is.

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("./palette.js").Palette} Palette */

const FOOT_PX = 44;

/**
 * @param {HTMLCanvasElement[]} canvases from the lowest to the highest
 * @param {{width: number, height: number, ratio: number}} size
 * @param {Palette} palette
 * @param {string[]} lines below the picture, the first one stronger
 * @returns {Promise<Blob>}
 */
export function composed(canvases, { width, height, ratio }, palette, lines) {
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(width * ratio);
  sheet.height = Math.round((height + FOOT_PX) * ratio);
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  pen.scale(ratio, ratio);
  pen.fillStyle = palette.water;
  pen.fillRect(0, 0, width, height + FOOT_PX);
  for (const canvas of canvases) pen.drawImage(canvas, 0, 0, width, height);
  pen.fillStyle = palette.halo;
  pen.fillRect(0, height, width, FOOT_PX);
  pen.fillStyle = palette.text;
  pen.textBaseline = "middle";
  lines.forEach((line, k) => {
    pen.font = `${k === 0 ? 600 : 400} ${k === 0 ? 14 : 12}px ${palette.font}`;
    pen.fillText(line, 10, height + 14 + 17 * k, width - 20);
  });
  return new Promise((resolve, reject) => {
    sheet.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("The browser could not make a picture file."));
    }, "image/png");
  });
}

/**
 * What stands below: when and where it is, and what it is not.
 * @param {Store} store
 * @param {string} credit
 */
export function footLines({ hello, block }, credit) {
  const time = block ? new Date(block.timeS * 1000).toISOString().slice(0, 19).replace("T", " ") : "";
  const name = hello ? hello.station.name || hello.name : "";
  return [`${name}  ${time} UTC`.trim(), [hello?.disclaimer, credit].filter(Boolean).join("  ")];
}
