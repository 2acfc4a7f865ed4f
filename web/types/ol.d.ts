// The classic script vendor/ol.js leaves the global `ol`, for values and for types.

import ol from "ol/dist/ol.js";
export = ol;
export as namespace ol;
