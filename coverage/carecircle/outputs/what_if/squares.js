/* Uncovered areas as drawn in analysis/gaps.py: squares of a third of the distance between neighbours, with
   the eight around each. Rings run with their ground on the left. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  /* Squares in and around which the homes of each gap are: a map for each, key -> [column, row]. */
  function squaresOf(homes, of, n, side) {
    const found = Array.from({ length: n }, () => new Map()), seen = found.map(() => new Set());
    of.forEach((gap, home) => {
      if (gap < 0 || Number.isNaN(homes.x[home])) return;
      const column = Math.floor(homes.x[home] / side), row = Math.floor(homes.y[home] / side), key = whatIf.keyOf(column, row);
      if (seen[gap].has(key)) return;
      seen[gap].add(key);
      for (let i = column - 1; i <= column + 1; i++) {
        for (let j = row - 1; j <= row + 1; j++) found[gap].set(whatIf.keyOf(i, j), [i, j]);
      }
    });
    return found;
  }

  /* Edges between a square and none, each from where it starts, anticlockwise around the square. */
  function edgesOf(squares) {
    const from = new Map();
    const add = (i, j, to) => {
      const key = whatIf.keyOf(i, j);
      if (!from.has(key)) from.set(key, []);
      from.get(key).push({ at: [i, j], to });
    };
    for (const [i, j] of squares.values()) {
      if (!squares.has(whatIf.keyOf(i, j - 1))) add(i, j, [i + 1, j]);
      if (!squares.has(whatIf.keyOf(i + 1, j))) add(i + 1, j, [i + 1, j + 1]);
      if (!squares.has(whatIf.keyOf(i, j + 1))) add(i + 1, j + 1, [i, j + 1]);
      if (!squares.has(whatIf.keyOf(i - 1, j))) add(i, j + 1, [i, j]);
    }
    return from;
  }

  /* Left turns first: squares that meet in a corner only stay two rings. */
  function ringFrom(edge, from) {
    const corners = [];
    let [dx, dy] = [0, 0];
    for (let here = edge; here; ) {
      const [ax, ay] = here.at, [bx, by] = here.to, turned = dx !== bx - ax || dy !== by - ay;
      if (turned) corners.push(here.at);
      [dx, dy] = [bx - ax, by - ay];
      const next = from.get(whatIf.keyOf(bx, by)) || [];
      const left = next.findIndex(({ to }) => to[0] - bx === -dy && to[1] - by === dx);
      here = next.splice(Math.max(0, left), 1)[0];
    }
    return corners;
  }

  /* Rings of each gap: shape k has rings first[k] to first[k + 1], ring r points start[r] to start[r + 1]. */
  function gapShapes(homes, of, n, join) {
    const side = join / 3, first = [0], start = [0], x = [], y = [];
    for (const squares of squaresOf(homes, of, n, side)) {
      const from = edgesOf(squares);
      for (const list of from.values()) {
        while (list.length) {
          for (const [i, j] of ringFrom(list.shift(), from)) {
            x.push(i * side);
            y.push(j * side);
          }
          start.push(x.length);
        }
      }
      first.push(start.length - 1);
    }
    return { first: Int32Array.from(first), start: Int32Array.from(start), x: Float64Array.from(x), y: Float64Array.from(y) };
  }

  Object.assign(whatIf, { gapShapes });
})();
