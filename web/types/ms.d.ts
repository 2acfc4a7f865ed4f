// The classic script vendor/milsymbol.js leaves the global `ms`, for values and for types.

export * from "milsymbol";
export as namespace ms;
