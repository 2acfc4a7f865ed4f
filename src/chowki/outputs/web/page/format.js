// Numbers as people read them. Null and NaN are unknown and shown as a dash.

const NONE = "–";

/** @param {number|null|undefined} value @returns {value is number} */
function known(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, "0");
}

/**
 * Time of day, UTC.
 * @param {number|null|undefined} time_s
 */
export function clock(time_s) {
  return known(time_s) ? new Date(Math.floor(time_s) * 1000).toISOString().slice(11, 19) : NONE;
}

/** @param {number|null|undefined} time_s */
export function date(time_s) {
  return known(time_s) ? new Date(time_s * 1000).toISOString().slice(0, 10) : NONE;
}

/**
 * A length of time as h:mm:ss or m:ss.
 * @param {number|null|undefined} seconds
 */
export function duration(seconds) {
  if (!known(seconds)) return NONE;
  const whole = Math.round(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const sign = seconds < 0 && whole > 0 ? "−" : "";
  const rest = hours ? `${hours}:${two(minutes)}` : String(minutes);
  return `${sign}${rest}:${two(whole % 60)}`;
}

/**
 * An age in the largest unit that fits.
 * @param {number|null|undefined} seconds
 */
export function age(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 100) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/**
 * @param {number|null|undefined} low_s
 * @param {number|null|undefined} high_s
 */
export function interval(low_s, high_s) {
  if (!known(low_s) && !known(high_s)) return NONE;
  return `${duration(low_s)}–${known(high_s) ? duration(high_s) : "?"}`;
}

/**
 * @param {number|null|undefined} value
 * @param {string} unit
 * @param {number} [digits]
 */
export function quantity(value, unit, digits = 0) {
  const space = unit === "°" ? "" : " ";
  return known(value) ? `${value.toFixed(digits)}${space}${unit}`.replace("-", "−") : NONE;
}

/** @param {number|null|undefined} metres */
export function distance(metres) {
  if (!known(metres)) return NONE;
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 100000 ? 1 : 0)} km`;
}

/** @param {number|null|undefined} share */
export function percent(share) {
  if (!known(share)) return NONE;
  if (share > 0.99 && share < 1) return "> 99 %";
  if (share > 0 && share < 0.01) return "< 1 %";
  return `${Math.round(share * 100)} %`;
}

/** @param {number|null|undefined} degrees */
export function bearing(degrees) {
  return known(degrees) ? `${String(Math.round(degrees) % 360).padStart(3, "0")}°` : NONE;
}

/**
 * @param {number|null|undefined} lat
 * @param {number|null|undefined} lon
 */
export function position(lat, lon) {
  if (!known(lat) || !known(lon)) return NONE;
  const north = `${Math.abs(lat).toFixed(4)}° ${lat < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(lon).toFixed(4)}° ${lon < 0 ? "W" : "E"}`;
}

/** @param {number|null|undefined} value */
export function count(value) {
  return known(value) ? value.toLocaleString("en-GB") : NONE;
}

/** @param {string} text */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : text;
}

/** A Remote ID address in words, as the server writes it. @param {number} address */
export function remoteId(address) {
  return `Remote ID ${address.toString(16).toUpperCase().padStart(12, "0")}`;
}
