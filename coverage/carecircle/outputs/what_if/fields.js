/* Distance fields on a grid and their contours, as in analysis/fields.py: the same grid, the same joins. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const ALL_INSIDE = 15, OFF_NODE = 1e-6;
  /* Where the contour enters and leaves a cell (0 south, 1 east, 2 north, 3 west; -1 nothing) by which corners
     are inside; the last two rows are opposite corners whose middle is outside. */
  const TURNS = [
    [-1, -1, -1, -1], [0, 3, -1, -1], [1, 0, -1, -1], [1, 3, -1, -1], [2, 1, -1, -1], [0, 1, 2, 3],
    [2, 0, -1, -1], [2, 3, -1, -1], [3, 2, -1, -1], [0, 2, -1, -1], [1, 2, 3, 0], [1, 2, -1, -1],
    [3, 1, -1, -1], [0, 1, -1, -1], [3, 0, -1, -1], [-1, -1, -1, -1], [0, 3, 2, 1], [1, 0, 3, 2],
  ];

  /* Grid around segments [x0, y0, x1, y1, ...]; its lines are multiples of the cell. */
  function gridAround(segments, cell, trim) {
    let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
    for (let i = 0; i < segments.length; i += 2) {
      west = Math.min(west, segments[i]);
      east = Math.max(east, segments[i]);
      south = Math.min(south, segments[i + 1]);
      north = Math.max(north, segments[i + 1]);
    }
    const left = Math.floor((west - trim) / cell) - 2, low = Math.floor((south - trim) / cell) - 2;
    const right = Math.ceil((east + trim) / cell) + 2, high = Math.ceil((north + trim) / cell) + 2;
    return { x: left * cell, y: low * cell, nx: right - left + 1, ny: high - low + 1, cell };
  }

  /* Distance of each node to the nearest segment, exact up to `far`; beyond it may be Infinity. */
  function distanceField(segments, grid, far) {
    const { x: west, y: south, nx, ny, cell } = grid, field = new Float64Array(nx * ny).fill(Infinity);
    for (let s = 0; s < segments.length; s += 4) {
      const x0 = segments[s], y0 = segments[s + 1], x1 = segments[s + 2], y1 = segments[s + 3];
      const dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
      const left = Math.max(0, Math.floor((Math.min(x0, x1) - far - west) / cell));
      const right = Math.min(nx - 1, Math.ceil((Math.max(x0, x1) + far - west) / cell));
      const low = Math.max(0, Math.floor((Math.min(y0, y1) - far - south) / cell));
      const high = Math.min(ny - 1, Math.ceil((Math.max(y0, y1) + far - south) / cell));
      for (let i = left; i <= right; i++) {
        const x = west + i * cell - x0;
        for (let j = low; j <= high; j++) {
          const y = south + j * cell - y0;
          const along = square > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / square)) : 0;
          const away = (x - along * dx) ** 2 + (y - along * dy) ** 2;
          if (away < field[i * ny + j]) field[i * ny + j] = away;
        }
      }
    }
    return field.map(Math.sqrt);
  }

  /* Edges of the grid in the order of the contour: from which to which, -1 none. */
  function turns(field, { nx, ny }, level) {
    const n = nx * ny, following = new Int32Array(2 * n).fill(-1);
    for (let i = 0; i < nx - 1; i++) {
      for (let j = 0; j < ny - 1; j++) {
        const node = i * ny + j, a = field[node], b = field[node + ny], c = field[node + ny + 1], d = field[node + 1];
        let inside = (a <= level) + 2 * (b <= level) + 4 * (c <= level) + 8 * (d <= level);
        if (inside === 0 || inside === ALL_INSIDE) continue;
        if ((inside === 5 || inside === 10) && (a + b + c + d) / 4 > level) inside = inside === 5 ? 16 : 17;
        const edges = [node, n + node + ny, node + 1, n + node], turn = TURNS[inside];
        following[edges[turn[0]]] = edges[turn[1]];
        if (turn[2] >= 0) following[edges[turn[2]]] = edges[turn[3]];
      }
    }
    return following;
  }

  /* Closed rings of field == level, the inside on their left; the first point is not repeated. */
  function contour(field, grid, level) {
    const { x: west, y: south, nx, ny, cell } = grid, n = nx * ny, following = turns(field, grid, level);
    const rings = [];
    for (let begin = 0; begin < 2 * n; begin++) {
      if (following[begin] < 0) continue;
      const ring = [];
      for (let edge = begin; following[edge] >= 0; ) {
        const vertical = edge >= n, node = vertical ? edge - n : edge, i = Math.floor(node / ny), j = node % ny;
        const here = field[node], there = vertical ? field[node + 1] : field[node + ny];
        let share = here < Infinity && there < Infinity && here !== there ? (level - here) / (there - here) : 0.5;
        share = Math.min(Math.max(share, OFF_NODE), 1 - OFF_NODE); // never a node itself
        ring.push(west + (vertical ? i : i + share) * cell, south + (vertical ? j + share : j) * cell);
        const after = following[edge];
        following[edge] = -1;
        edge = after;
      }
      rings.push(ring);
    }
    return rings;
  }

  /* Area of a ring [x, y, ...], below 0 for a hole. */
  function areaOf(ring) {
    let twice = 0;
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      twice += (ring[j] - ring[0]) * (ring[i + 1] - ring[1]) - (ring[i] - ring[0]) * (ring[j + 1] - ring[1]);
    }
    return twice / 2;
  }

  Object.assign(whatIf, { gridAround, distanceField, contour, areaOf });
})();
