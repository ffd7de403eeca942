/* Plane geometry: nearest point on a line, crossings, inside a polygon. Metres throughout. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  /* Square of the distance from (px, py) to segment i, i + 1 of a line; `at` gets the spot. */
  function toSegment(line, i, px, py, at) {
    const ax = line.x[i], ay = line.y[i];
    const dx = line.x[i + 1] - ax, dy = line.y[i + 1] - ay;
    const square = dx * dx + dy * dy;
    const t = square > 0 ? ((px - ax) * dx + (py - ay) * dy) / square : 0;
    at.t = t < 0 ? 0 : t > 1 ? 1 : t;
    at.x = at.t === 1 ? line.x[i + 1] : ax + at.t * dx;
    at.y = at.t === 1 ? line.y[i + 1] : ay + at.t * dy;
    return (px - at.x) ** 2 + (py - at.y) ** 2;
  }

  function segmentMetres(line, i) {
    return Math.sqrt((line.x[i + 1] - line.x[i]) ** 2 + (line.y[i + 1] - line.y[i]) ** 2);
  }

  /* Nearest spot on points from..to of a line: metres away, share of the length, x and y. */
  function nearestOn(line, from, to, px, py) {
    const at = {}, best = { away: Infinity };
    let run = 0;
    for (let i = from; i + 1 < to; i++) {
      const away = toSegment(line, i, px, py, at), metres = segmentMetres(line, i);
      if (away < best.away) {
        Object.assign(best, { away, x: at.x, y: at.y, metre: run + at.t * metres });
      }
      run += metres;
    }
    best.away = Math.sqrt(best.away);
    best.length = run;
    best.share = run > 0 ? best.metre / run : 0;
    return best;
  }

  const side = (ax, ay, bx, by, px, py) => (bx - ax) * (py - ay) - (by - ay) * (px - ax);

  function within(ax, ay, bx, by, px, py) {
    return px >= Math.min(ax, bx) && px <= Math.max(ax, bx) && py >= Math.min(ay, by) && py <= Math.max(ay, by);
  }

  /* Whether two segments meet, ends included. */
  function meet(ax, ay, bx, by, cx, cy, dx, dy) {
    const c = side(ax, ay, bx, by, cx, cy), d = side(ax, ay, bx, by, dx, dy);
    const a = side(cx, cy, dx, dy, ax, ay), b = side(cx, cy, dx, dy, bx, by);
    if (((c > 0 && d < 0) || (c < 0 && d > 0)) && ((a > 0 && b < 0) || (a < 0 && b > 0))) return true;
    return (
      (c === 0 && within(ax, ay, bx, by, cx, cy)) || (d === 0 && within(ax, ay, bx, by, dx, dy)) ||
      (a === 0 && within(cx, cy, dx, dy, ax, ay)) || (b === 0 && within(cx, cy, dx, dy, bx, by))
    );
  }

  /* Share along a, b at which it meets the line through c, d; NaN where they run alongside. */
  function crossing(ax, ay, bx, by, cx, cy, dx, dy) {
    const a = side(cx, cy, dx, dy, ax, ay), b = side(cx, cy, dx, dy, bx, by);
    return a === b ? NaN : a / (a - b);
  }

  /* Even-odd over rings given by `start`; right for holes and parts. */
  function inside(shape, px, py) {
    let odd = false;
    for (let r = 0; r + 1 < shape.start.length; r++) {
      const from = shape.start[r], to = shape.start[r + 1];
      for (let i = from, j = to - 1; i < to; j = i++) {
        if (shape.y[i] > py === shape.y[j] > py) continue;
        const share = (py - shape.y[i]) / (shape.y[j] - shape.y[i]);
        if (px < shape.x[i] + share * (shape.x[j] - shape.x[i])) odd = !odd;
      }
    }
    return odd;
  }

  /* Barriers of the pack as lines with boxes, for legs that must not cross and roads that stop. */
  function barriers(packed) {
    return packed.map(({ kind, factor, rings }) => {
      const points = rings.flat();
      const x = Float64Array.from(points, (p) => p[0]), y = Float64Array.from(points, (p) => p[1]);
      const start = new Int32Array(rings.length + 1);
      rings.forEach((ring, i) => (start[i + 1] = start[i] + ring.length));
      const box = [x.reduce((a, b) => Math.min(a, b), Infinity), y.reduce((a, b) => Math.min(a, b), Infinity),
        x.reduce((a, b) => Math.max(a, b), -Infinity), y.reduce((a, b) => Math.max(a, b), -Infinity)];
      return { kind, factor, x, y, start, box };
    });
  }

  /* Calls `found(i)` for each edge i, i + 1 of a shape. */
  function eachEdge(shape, found) {
    for (let r = 0; r + 1 < shape.start.length; r++) {
      for (let i = shape.start[r]; i + 1 < shape.start[r + 1]; i++) if (found(i)) return true;
    }
    return false;
  }

  /* Whether a leg crosses a wall: a line, or closed ground. */
  function blocked(walls, ax, ay, bx, by) {
    return walls.some((wall) => {
      if (wall.kind === 0 || wall.factor !== null) return false;
      if (Math.max(ax, bx) < wall.box[0] || Math.min(ax, bx) > wall.box[2]) return false;
      if (Math.max(ay, by) < wall.box[1] || Math.min(ay, by) > wall.box[3]) return false;
      if (wall.kind === 2 && inside(wall, ax, ay)) return true;
      return eachEdge(wall, (i) => meet(ax, ay, bx, by, wall.x[i], wall.y[i], wall.x[i + 1], wall.y[i + 1]));
    });
  }

  Object.assign(whatIf, { nearestOn, segmentMetres, toSegment, crossing, meet, inside, barriers, blocked, eachEdge });
})();
