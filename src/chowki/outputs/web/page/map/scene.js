// What one picture is made of: everything that the drawing functions need, gathered once.

/** @typedef {import("../block.js").Block} Block */
/** @typedef {import("../types.js").Hello} Hello */
/** @typedef {import("../types.js").State} State */
/** @typedef {import("../types.js").Detail} Detail */
/** @typedef {import("../types.js").Site} Site */
/** @typedef {import("../types.js").Settings} Settings */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./field.js").Field} Field */
/** @typedef {import("./places.js").PlaceMarks} PlaceMarks */

/**
 * @typedef {object} Scene
 * @property {Viewport} port
 * @property {Palette} palette
 * @property {Hello} hello
 * @property {Block} block
 * @property {State|null} state
 * @property {Detail|null} detail of the selected track
 * @property {Settings} settings
 * @property {Field} field
 * @property {PlaceMarks} places
 * @property {Map<number, Site>} sites by index
 * @property {number|null} selected track number
 * @property {number} selectedRow -1 where nothing is selected or it is not in the block
 * @property {Set<number>} picked track numbers
 * @property {boolean} alone only the selected and picked tracks are shown
 * @property {number|null} chosenPlace index
 * @property {import("./labels.js").Box[]} blocked where labels may not stand
 * @property {number} nearLon degrees: the turn of longitude that the station lies in
 */

export {};
