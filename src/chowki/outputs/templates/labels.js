// Puts names beside their points so that none covers another, with a leader line where one had to
// step aside. Greedy: each name takes the cheapest of many seats; points crowded by others go first.
const SEAT_ANGLES = [0, 180, -25, 25, 205, 155, -50, 50, 230, 130, -75, 75, 255, 105, -90, 90];
const SEAT_RADII = [11, 24, 40, 58, 78, 100, 125];

function overlap(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return wide > 0 && high > 0 ? wide * high : 0;
}

function crosses(a, b) {
  const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a[0], a[1], b[0]) !== side(a[0], a[1], b[1]) && side(b[0], b[1], a[0]) !== side(b[0], b[1], a[1]);
}

function passes(line, box) {
  const [p, q] = line, corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]];
  for (let i = 0; i < 4; i++) if (crosses(line, [corners[i], corners[(i + 1) % 4]])) return true;
  return p[0] > box[0] && p[0] < box[2] && p[1] > box[1] && p[1] < box[3] && q[0] > box[0];
}

// points: [{x, y, ring, width, height}], ring the radius of the mark; returns a seat for each, null where none is free.
function seatLabels(points, bounds, taken) {
  const order = points.map((_, i) => i), near = points.map(p => points.filter(q => Math.hypot(p.x - q.x, p.y - q.y) < 70).length);
  order.sort((a, b) => near[b] - near[a] || points[a].y - points[b].y);
  const dots = points.map(p => [p.x - 6, p.y - 6, p.x + 6, p.y + 6]), seats = new Array(points.length).fill(null);
  for (const i of order) {
    let best = null, least = 1e9;
    for (const radius of SEAT_RADII) {
      for (const angle of SEAT_ANGLES) {
        const seat = seatAt(points[i], radius, angle);
        const cost = seatCost(seat, i, radius, angle, { dots, seats, bounds, taken });
        if (cost < least) { least = cost; best = seat; }
      }
      if (least < radius) break;
    }
    seats[i] = least < 4000 ? best : null;
  }
  return seats;
}

function seatAt(point, radius, angle) {
  const far = radius + point.ring - 5, dx = Math.cos(angle * RAD) * far, dy = Math.sin(angle * RAD) * far;
  const left = dx >= 0 ? point.x + dx : point.x + dx - point.width, middle = point.y + dy;
  const box = [left - 2, middle - point.height / 2, left + point.width + 2, middle + point.height / 2];
  return { box, left, middle, line: radius > 14 ? [[point.x, point.y], [dx >= 0 ? left - 2 : left + point.width + 2, middle]] : null };
}

function seatCost(seat, own, radius, angle, held) {
  const box = seat.box, out = held.bounds;
  let cost = radius + Math.abs(Math.sin(angle * RAD)) * 6 + (Math.cos(angle * RAD) < 0 ? 3 : 0);
  if (box[0] < out[0] || box[1] < out[1] || box[2] > out[2] || box[3] > out[3]) cost += 5000;
  for (const other of held.taken) cost += overlap(box, other) ? 5000 : 0;
  held.dots.forEach((dot, j) => {
    if (j === own) return;
    if (overlap(box, dot)) cost += 600;
    if (seat.line && passes(seat.line, dot)) cost += 120;
  });
  for (const other of held.seats) {
    if (!other) continue;
    if (overlap(box, other.box)) cost += 5000;
    if (other.line && passes(other.line, box)) cost += 700;
    if (seat.line && passes(seat.line, other.box)) cost += 700;
    if (seat.line && other.line && crosses(seat.line, other.line)) cost += 500;
  }
  return cost;
}
