// Small helpers to make elements and to change only what is other than before.

/** @typedef {Record<string, string|number|boolean|null|undefined|((event: any) => void)>} Props */

/**
 * Make an element. `text` sets its text, `class` its classes, a function listens to the event of
 * that name, true sets an empty attribute, null and false leave it out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Node|string|null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "text") element.textContent = String(value);
    else if (name === "class") element.className = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string|null} value null takes the attribute away
 */
export function setAttr(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/**
 * @param {Element} element
 * @param {string} name
 */
export function setClass(element, name) {
  if (element.className !== name) element.className = name;
}

/**
 * @param {HTMLElement} element
 * @param {boolean} hidden
 */
export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/**
 * The element with an id that index.html is known to have.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element "${id}"`);
  return element;
}

/** Colours by theme and name: to ask the browser makes it reckon all styles. @type {Map<string, string>} */
const colours = new Map();

/**
 * A colour of the theme in force.
 * @param {string} name such as "--hostile"
 * @returns {string}
 */
export function themeColour(name) {
  const root = document.documentElement;
  const key = `${root.dataset.theme} ${name}`;
  const known = colours.get(key) ?? getComputedStyle(root).getPropertyValue(name).trim();
  colours.set(key, known);
  return known;
}
