// The classic script vendor/pmtiles.js leaves the global `pmtiles`, for values and for types.

export * from "pmtiles";
export as namespace pmtiles;
