// Reads the page's modules for test_page.py: `node modules.mjs ACORN MODULE...` prints one JSON list.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [acorn, ...modules] = process.argv.slice(2);
const { parse } = await import(pathToFileURL(acorn).href);

/** Calls `see(node, parent)` for every node below and with `node`. */
function walk(node, see, parent = null) {
  see(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === "string") walk(child, see, node);
    }
  }
}

/** The name under which a function is known, as well as its surroundings tell. */
function nameOf(node, parent) {
  const named = node.id ?? parent?.id ?? parent?.key ?? parent?.left?.property;
  return named?.name ?? "(unnamed)";
}

function read(name) {
  const text = readFileSync(name, "utf8");
  const found = { name, functions: [], strings: [], imports: [], names: [] };
  walk(parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true }), (node, parent) => {
    const { start, end } = node.loc;
    if (/Function/.test(node.type)) {
      found.functions.push([nameOf(node, parent), start.line, end.line - start.line + 1]);
    } else if (node.type === "Literal" && typeof node.value === "string") {
      const imports = /^Import|^Export/.test(parent?.type ?? "");
      (imports ? found.imports : found.strings).push([start.line, node.value]);
    } else if (node.type === "TemplateElement") {
      found.strings.push([start.line, node.value.cooked]);
    } else if (node.type === "Identifier") {
      found.names.push([start.line, node.name]);
    }
  });
  return found;
}

console.log(JSON.stringify(modules.map(read)));
