// Columns come as base64 of little-endian numbers.
function column(text, Type) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Type(bytes.buffer);
}

class Tracks {
  constructor(told) {
    this.start = column(told.start, Uint32Array);
    this.count = this.start.length - 1;
    this.number = column(told.number, Uint32Array);
    this.kind = column(told.kind, Uint8Array);
    this.armed = column(told.armed, Uint8Array);
    this.sensors = column(told.sensors, Uint8Array);
    this.reasons = told.reasons;
    this.names = told.names;
    this.height = column(told.height_agl_m, Uint16Array);
    this.speed = column(told.speed, Uint8Array);
    const identity = column(told.identity, Uint8Array);
    this.identity = identity.map(v => v & 15);
    this.coasting = identity.map(v => v >> 4);
    const time = column(told.time, Uint16Array), e = column(told.east, Uint16Array), n = column(told.north, Uint16Array);
    const e0 = column(told.east0_m, Float32Array), n0 = column(told.north0_m, Float32Array), step = column(told.step_m, Float32Array);
    this.time = new Float32Array(time.length);
    this.east = new Float32Array(time.length);
    this.north = new Float32Array(time.length);
    this.worst = new Uint8Array(this.count);
    for (let k = 0; k < this.count; k++) {
      for (let i = this.start[k]; i < this.start[k + 1]; i++) {
        this.time[i] = time[i] * told.time_step_s;
        this.east[i] = e0[k] + e[i] * step[k];
        this.north[i] = n0[k] + n[i] * step[k];
        if (this.identity[i] > this.worst[k]) this.worst[k] = this.identity[i];
      }
    }
  }

  // The last row of a track at or before a time; -1 before it began.
  rowAt(k, t) {
    let low = this.start[k], high = this.start[k + 1];
    if (low === high || this.time[low] > t) return -1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.time[middle] <= t) low = middle; else high = middle;
    }
    return low;
  }

  // Where a track is, between two rows; null when it does not fly.
  at(k, t, grace) {
    const row = this.rowAt(k, t), last = this.start[k + 1] - 1;
    if (row < 0 || t > this.time[last] + grace) return null;
    if (row === last) return { row, east: this.east[row], north: this.north[row] };
    const part = (t - this.time[row]) / (this.time[row + 1] - this.time[row]);
    return {
      row,
      east: this.east[row] + part * (this.east[row + 1] - this.east[row]),
      north: this.north[row] + part * (this.north[row + 1] - this.north[row]),
    };
  }

  first(k) { return this.time[this.start[k]]; }
  last(k) { return this.time[this.start[k + 1] - 1]; }
}

// Five groups of identity, each with a colour and a shape of its own.
const GROUPS = ["unknown", "unknown", "friend", "friend", "neutral", "suspect", "hostile"];
const DRONE_KINDS = 4;
const BIRD = 6;

function isThreat(tracks, k) { return tracks.worst[k] >= 5; }

// How many threatening tracks fly in each of n spans of time; all tracks when none threatens.
function busy(tracks, span, n) {
  const threats = countIn(tracks, span, n, k => isThreat(tracks, k));
  return threats.some(c => c > 0) ? threats : countIn(tracks, span, n, () => true);
}

function countIn(tracks, span, n, counted) {
  const counts = new Array(n).fill(0);
  for (let k = 0; k < tracks.count; k++) {
    if (!counted(k)) continue;
    const from = Math.max(0, Math.floor(tracks.first(k) / span * n)), to = Math.min(n - 1, Math.floor(tracks.last(k) / span * n));
    for (let i = from; i <= to; i++) counts[i]++;
  }
  return counts;
}
