/* Lines cut and measured, and where barriers stop them, as in roads/cutting.py and roads/barriers.py. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { segmentMetres, crossing } = whatIf;

  const WALL_M = 0.01, GATE_M = 0.5; // half widths of the ground that lines and points stand for

  function asLine(points) {
    const line = { x: Float64Array.from(points, (p) => p[0]), y: Float64Array.from(points, (p) => p[1]) };
    line.length = 0;
    for (let i = 0; i + 1 < points.length; i++) line.length += segmentMetres(line, i);
    return line;
  }

  function lineOf(pieces, p) {
    const points = [];
    for (let i = pieces.points[p]; i < pieces.points[p + 1]; i++) points.push([pieces.x[i], pieces.y[i]]);
    return asLine(points);
  }

  function spotAt(line, metre) {
    let run = 0;
    for (let i = 0; i + 1 < line.x.length; i++) {
      const metres = segmentMetres(line, i);
      if (metre <= run + metres || i + 2 === line.x.length) {
        const t = metres > 0 ? Math.min(1, Math.max(0, (metre - run) / metres)) : 0;
        return [line.x[i] + t * (line.x[i + 1] - line.x[i]), line.y[i] + t * (line.y[i + 1] - line.y[i])];
      }
      run += metres;
    }
    return [line.x[0], line.y[0]];
  }

  /* Points of a line from one metre to another. */
  function cutLine(line, from, to) {
    const points = [spotAt(line, from)];
    let run = 0;
    for (let i = 1; i + 1 < line.x.length; i++) {
      run += segmentMetres(line, i - 1);
      if (run > from && run < to) points.push([line.x[i], line.y[i]]);
    }
    points.push(spotAt(line, to));
    return points;
  }

  /* A line in spans between barriers: metres from, to, and the factor there (Infinity closed). */
  function spans(line, walls) {
    const marks = [0, line.length];
    for (const wall of walls) {
      let run = 0;
      for (let i = 0; i + 1 < line.x.length; i++) {
        const metres = segmentMetres(line, i);
        const ends = [line.x[i], line.y[i], line.x[i + 1], line.y[i + 1]];
        for (const t of meetings(wall, ends, metres)) marks.push(run + t * metres);
        run += metres;
      }
    }
    const sorted = [...new Set(marks)].sort((a, b) => a - b).filter((m, k, all) => k === 0 || m - all[k - 1] > 1e-6);
    const found = [];
    for (let k = 0; k + 1 < sorted.length; k++) {
      const [x, y] = spotAt(line, (sorted[k] + sorted[k + 1]) / 2);
      const factor = Math.max(1, ...walls.map((wall) => factorAt(wall, x, y)));
      const before = found[found.length - 1];
      if (before && before.factor === factor) before.to = sorted[k + 1];
      else found.push({ from: sorted[k], to: sorted[k + 1], factor });
    }
    return found.length ? found : [{ from: 0, to: line.length, factor: 1 }];
  }

  /* Shares along a segment where it enters or leaves the ground of a barrier. */
  function meetings(wall, [ax, ay, bx, by], metres) {
    const found = [];
    if (metres === 0) return found;
    const keep = (t) => t >= 0 && t <= 1 && found.push(t);
    if (wall.kind === 0) {
      const t = ((wall.x[0] - ax) * (bx - ax) + (wall.y[0] - ay) * (by - ay)) / (metres * metres);
      const away = Math.hypot(ax + t * (bx - ax) - wall.x[0], ay + t * (by - ay) - wall.y[0]);
      const half = away < GATE_M ? Math.sqrt(GATE_M * GATE_M - away * away) / metres : NaN;
      keep(t - half);
      keep(t + half);
      return found;
    }
    whatIf.eachEdge(wall, (i) => {
      const cx = wall.x[i], cy = wall.y[i], dx = wall.x[i + 1], dy = wall.y[i + 1];
      const t = crossing(ax, ay, bx, by, cx, cy, dx, dy), u = crossing(cx, cy, dx, dy, ax, ay, bx, by);
      if (!(u >= 0 && u <= 1)) return;
      if (wall.kind === 2) return void keep(t);
      const sine = Math.abs((bx - ax) * (dy - cy) - (by - ay) * (dx - cx)) / (metres * Math.hypot(dx - cx, dy - cy));
      const half = WALL_M / sine / metres;
      keep(t - half);
      keep(t + half);
    });
    return found;
  }

  function factorAt(wall, x, y) {
    const factor = wall.factor === null ? Infinity : wall.factor;
    if (wall.kind === 2) return whatIf.inside(wall, x, y) ? factor : 1;
    const near = wall.kind === 0 ? GATE_M : WALL_M * 1.01;
    if (wall.kind === 0) return Math.hypot(x - wall.x[0], y - wall.y[0]) <= near ? factor : 1;
    const at = {};
    return whatIf.eachEdge(wall, (i) => whatIf.toSegment(wall, i, x, y, at) <= near * near) ? factor : 1;
  }

  Object.assign(whatIf, { asLine, lineOf, spotAt, cutLine, spans });
})();
