// What every panel is given: the store, the ways to act, and the ways to show something.

import { rowOf, valueOf } from "./tracks.js";

/** @typedef {import("./types.js").MapView} MapView */

const CLOSE_ZOOM = 11;

export class Page {
  /**
   * @param {object} parts
   * @param {import("./store.js").Store} parts.store
   * @param {import("./connection.js").Connection} parts.connection
   * @param {import("./paint.js").Painter} parts.painter
   * @param {import("./notes.js").Notes} parts.notes
   * @param {import("./acts.js").Acts} parts.acts
   * @param {import("./timecontrol.js").TimeControl} parts.time
   */
  constructor(parts) {
    this.store = parts.store;
    this.connection = parts.connection;
    this.painter = parts.painter;
    this.notes = parts.notes;
    this.acts = parts.acts;
    this.time = parts.time;
    /** @type {MapView|null} */
    this.map = null;
    /** Shows a panel by its name; set once the decks stand. @type {(name: string) => void} */
    this.show = () => {};
  }

  /**
   * Select a track; the map moves only where the track is out of sight.
   * @param {number|null} track
   * @param {boolean} [add] to the picked ones
   */
  choose(track, add = false) {
    if (track === null) return;
    if (add || this.store.settings.multi) {
      this.togglePicked(track);
      return;
    }
    this.store.set("selected", track);
    this.showTrack(track);
  }

  /** @param {number} track */
  togglePicked(track) {
    const picked = new Set(this.store.picked);
    if (!picked.delete(track)) picked.add(track);
    this.store.set("picked", picked);
  }

  /** Move the map to a track that is not in its view. @param {number} track */
  showTrack(track) {
    const row = rowOf(this.store.block, track);
    if (row >= 0 && this.map && !this.map.rowsInView().includes(row)) this.centre(track);
  }

  /** @param {number|null} track */
  centre(track) {
    const { hello, block } = this.store;
    const row = rowOf(block, track);
    const lon = valueOf(hello, block, "lon", row);
    const lat = valueOf(hello, block, "lat", row);
    if (lon !== null && lat !== null) this.map?.goTo(lon, lat);
  }

  /** @param {number|null|undefined} index */
  goToPlace(index) {
    const place = this.store.hello?.places.find((each) => each.index === index);
    if (place) this.map?.goTo(place.lon, place.lat, CLOSE_ZOOM);
  }

  /**
   * @param {number|null} lon
   * @param {number|null} lat
   */
  goTo(lon, lat) {
    if (lon !== null && lat !== null) this.map?.goTo(lon, lat, CLOSE_ZOOM);
  }

  /** Whether what is shown is what is known now. In a recording, wherever one looks is now. */
  atEdge() {
    const state = this.store.state;
    return state !== null && (state.at_edge || !state.clock.live);
  }

  /** Whether engagements are simulated here; on feeds, live or played anew, there are none. */
  get simulated() {
    const hello = this.store.hello;
    const world = hello !== null && (hello.mode === "simulation" || hello.mode === "replay");
    return world && hello.sites.length > 0;
  }

  /** Whether the engine has come to its end: everything can be read, nothing comes any more. */
  get ended() {
    const { hello, state } = this.store;
    return hello !== null && hello.mode !== "replay" && state !== null && !state.clock.live;
  }

  /** Whether open alarms ring on: in a recording each rings once, since none can be acknowledged. */
  rings() {
    return this.store.state?.clock.live ?? false;
  }

  /** @returns {Set<number>|null} tracks that the map shows, null where lists hold all */
  inView() {
    const { block, settings } = this.store;
    if (!settings.inView || !block || !this.map) return null;
    return new Set(this.map.rowsInView().map((row) => block.col.track[row]));
  }

  /** The threats in the order of their rank, where the filters and the view let them through. */
  threats() {
    const { state, block, visible } = this.store;
    const seen = this.inView();
    return (state?.threats ?? []).filter((threat) => {
      if (seen && !seen.has(threat.track)) return false;
      const row = rowOf(block, threat.track);
      return row < 0 || visible[row] === 1;
    });
  }

  /** Select the next or previous threat of the list. @param {1|-1} step */
  stepThreat(step) {
    const tracks = [...new Set(this.threats().map((threat) => threat.track))];
    if (!tracks.length) return;
    const at = this.store.selected === null ? -1 : tracks.indexOf(this.store.selected);
    const from = at < 0 && step < 0 ? 0 : at;
    this.choose(tracks[(from + step + tracks.length) % tracks.length]);
  }
}
