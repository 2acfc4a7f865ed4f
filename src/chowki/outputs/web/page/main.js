// Puts the page together: one store, one connection, the map, and the panels around it.

import { Connection } from "./connection.js";
import { createMap } from "./map/map.js";
import { Store } from "./store.js";

const store = new Store();
const connection = new Connection(store);
const element = document.getElementById("map");
if (element) createMap(element, store);
connection.open();
