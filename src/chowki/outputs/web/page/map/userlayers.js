// Maps that the user brings: GeoJSON, and PMTiles with vectors or pictures.

/** @typedef {import("../types.js").UserLayer} UserLayer */
/** @typedef {import("./palette.js").Palette} Palette */

const VECTOR_TILES = 1;
const MIME = /** @type {Record<number, string>} */ ({
  2: "image/png",
  3: "image/jpeg",
  4: "image/webp",
  5: "image/avif",
});

/**
 * Layers for the map; one that cannot be read is told of and left out.
 * @param {UserLayer[]} layers
 * @param {() => Palette} palette
 * @param {(words: string) => void} tell
 * @returns {Promise<any[]>}
 */
export async function userLayers(layers, palette, tell) {
  const made = await Promise.all(layers.map((layer) => oneLayer(layer, palette, tell)));
  return made.filter((layer) => layer !== null);
}

/**
 * @param {UserLayer} layer
 * @param {() => Palette} palette
 * @param {(words: string) => void} tell
 */
async function oneLayer({ name, url, kind }, palette, tell) {
  try {
    return kind === "pmtiles" ? await tileLayer(url, palette) : await featureLayer(url, palette);
  } catch (error) {
    tell(`The map layer ${name} could not be read: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

/**
 * @param {string} url
 * @param {() => Palette} palette
 */
async function featureLayer(url, palette) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const format = new ol.format.GeoJSON({ featureProjection: "EPSG:3857" });
  const features = format.readFeatures(await response.json());
  return new ol.layer.VectorImage({
    source: new ol.source.Vector({ features }),
    style: styleOf(palette),
    imageRatio: 1.5,
    declutter: true,
  });
}

/**
 * @param {string} url
 * @param {() => Palette} palette
 */
async function tileLayer(url, palette) {
  const archive = new pmtiles.PMTiles(new URL(url, document.baseURI).href);
  const header = await archive.getHeader();
  const { tileType, minZoom, maxZoom } = header;
  return tileType === VECTOR_TILES
    ? vectorTiles(archive, minZoom, maxZoom, palette)
    : pictureTiles(archive, minZoom, maxZoom, MIME[tileType] ?? "image/png");
}

/**
 * @param {any} archive
 * @param {number} minZoom
 * @param {number} maxZoom
 * @param {() => Palette} palette
 */
function vectorTiles(archive, minZoom, maxZoom, palette) {
  const source = new ol.source.VectorTile({
    format: new ol.format.MVT(),
    minZoom,
    maxZoom,
    url: "{z}/{x}/{y}",
    tileLoadFunction: (/** @type {any} */ tile) => {
      tile.setLoader(async (/** @type {any} */ extent, /** @type {any} */ _, /** @type {any} */ projection) => {
        const [z, x, y] = tile.getTileCoord();
        const found = await archive.getZxy(z, x, y);
        const format = tile.getFormat();
        const options = { extent, featureProjection: projection };
        tile.setFeatures(found ? format.readFeatures(found.data, options) : []);
      });
    },
  });
  return new ol.layer.VectorTile({ source, style: styleOf(palette), declutter: true });
}

/**
 * @param {any} archive
 * @param {number} minZoom
 * @param {number} maxZoom
 * @param {string} type
 */
function pictureTiles(archive, minZoom, maxZoom, type) {
  const source = new ol.source.ImageTile({
    minZoom,
    maxZoom,
    loader: async (/** @type {number} */ z, /** @type {number} */ x, /** @type {number} */ y) => {
      const found = await archive.getZxy(z, x, y);
      return found ? createImageBitmap(new Blob([found.data], { type })) : emptyTile();
    },
  });
  return new ol.layer.Tile({ source, opacity: 0.85 });
}

function emptyTile() {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  return canvas;
}

/**
 * Thin lines and faint areas, so that the picture stays what is seen first; names of points.
 * @param {() => Palette} palette
 */
function styleOf(palette) {
  const { Style, Fill, Stroke, Circle, Text } = ol.style;
  return (/** @type {any} */ feature) => {
    const { line, text, halo, land, font } = palette();
    const kind = feature.getGeometry().getType();
    if (/Polygon/.test(kind)) {
      return new Style({ stroke: new Stroke({ color: line, width: 1 }), fill: new Fill({ color: tint(land) }) });
    }
    if (/Line/.test(kind)) return new Style({ stroke: new Stroke({ color: line, width: 1.2 }) });
    const words = feature.get("name") ?? feature.get("name:en");
    return new Style({
      image: new Circle({ radius: 2.5, fill: new Fill({ color: line }) }),
      text: words
        ? new Text({
            text: String(words),
            font: `12px ${font}`,
            offsetY: -9,
            fill: new Fill({ color: text }),
            stroke: new Stroke({ color: halo, width: 3 }),
          })
        : undefined,
    });
  };
}

/** A colour of six hexadecimal digits, half seen through. @param {string} colour */
function tint(colour) {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}80` : "rgba(128, 128, 128, 0.15)";
}
