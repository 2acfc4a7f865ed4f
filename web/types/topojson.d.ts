// The classic script vendor/topojson-client.min.js leaves the global `topojson`, for values and for types.

export * from "topojson-client";
export as namespace topojson;
