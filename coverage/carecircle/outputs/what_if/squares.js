/* Uncovered areas as drawn in analysis/gaps.py: squares of a third of the distance between neighbours, with
   the eight around each. Rings run with their ground on the left. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const STEPS = [[1, 0], [0, 1], [-1, 0], [0, -1]]; // each turns left from the one before
  const TAKEN = 1, HOME = 2; // of a square

  /* Squares of the homes of each gap: gap k has members start[k] to start[k + 1]. */
  function membersOf(homes, of, n, side) {
    const start = new Int32Array(n + 1), known = (home) => of[home] >= 0 && !Number.isNaN(homes.x[home]);
    for (let home = 0; home < of.length; home++) if (known(home)) start[of[home] + 1]++;
    for (let k = 0; k < n; k++) start[k + 1] += start[k];
    const next = start.slice(), column = new Int32Array(start[n]), row = new Int32Array(start[n]);
    for (let home = 0; home < of.length; home++) {
      if (!known(home)) continue;
      const at = next[of[home]]++;
      column[at] = Math.floor(homes.x[home] / side);
      row[at] = Math.floor(homes.y[home] / side);
    }
    return { start, column, row };
  }

  /* Squares of one gap on a grid of its own; what is used of the grid is cleared after it. */
  class Grid {
    constructor() {
      this.squares = new Uint8Array(0); // of each square whether it is taken
      this.leaving = new Uint8Array(0); // of each corner a bit for each direction in which an edge leaves it
    }

    /* Take the squares of some homes and the eight around each. */
    take(column, row) {
      const least = (values) => values.reduce((a, b) => Math.min(a, b)), most = (values) => values.reduce((a, b) => Math.max(a, b));
      this.west = least(column) - 2;
      this.south = least(row) - 2;
      this.wide = most(column) - this.west + 4; // a free square on every side
      const room = this.wide * (most(row) - this.south + 4);
      if (room > this.squares.length) [this.squares, this.leaving] = [new Uint8Array(room), new Uint8Array(room)];
      this.taken = [];
      for (let k = 0; k < column.length; k++) this.around((row[k] - this.south) * this.wide + column[k] - this.west);
    }

    around(home) {
      const { squares, taken, wide } = this;
      if (squares[home] & HOME) return;
      squares[home] |= HOME;
      for (let below = home - wide; below <= home + wide; below += wide) {
        for (let at = below - 1; at <= below + 1; at++) {
          if (!(squares[at] & TAKEN)) taken.push(at);
          squares[at] |= TAKEN;
        }
      }
    }

    /* Edges between a taken square and a free one, anticlockwise around the taken one. */
    edges() {
      const { squares, leaving, taken, wide } = this;
      for (const at of taken) {
        if (!squares[at - wide]) leaving[at] |= 1;
        if (!squares[at + 1]) leaving[at + 1] |= 2;
        if (!squares[at + wide]) leaving[at + wide + 1] |= 4;
        if (!squares[at - 1]) leaving[at + wide] |= 8;
      }
    }

    /* Corners [column, row] of the ring that leaves a corner. Left turns first: squares that meet in a corner
       only stay two rings. */
    ring(corner) {
      const { leaving, wide } = this, corners = [];
      let at = corner, before = -1, way = STEPS.findIndex((_, one) => leaving[corner] & (1 << one));
      while (leaving[at] & (1 << way)) {
        if (way !== before) corners.push([(at % wide) + this.west, Math.floor(at / wide) + this.south]);
        leaving[at] &= ~(1 << way);
        before = way;
        at += STEPS[way][0] + STEPS[way][1] * wide;
        const left = (way + 1) % 4, right = (way + 3) % 4;
        way = leaving[at] & (1 << left) ? left : leaving[at] & (1 << way) ? way : right;
      }
      return corners;
    }

    /* All rings, the grid free again after it. */
    rings(column, row) {
      this.take(column, row);
      this.edges();
      const found = [], { taken, squares, leaving, wide } = this;
      for (const at of taken) while (leaving[at]) found.push(this.ring(at));
      for (const at of taken) for (const corner of [at + 1, at + wide, at + wide + 1]) while (leaving[corner]) found.push(this.ring(corner));
      for (const at of taken) squares[at] = 0;
      return found;
    }
  }

  /* Rings of each gap: shape k has rings first[k] to first[k + 1], ring r points start[r] to start[r + 1]. */
  function gapShapes(homes, of, n, join) {
    const side = join / 3, members = membersOf(homes, of, n, side), grid = new Grid();
    const first = [0], start = [0], x = [], y = [];
    for (let k = 0; k < n; k++) {
      const some = (values) => values.subarray(members.start[k], members.start[k + 1]);
      for (const ring of some(members.row).length ? grid.rings(some(members.column), some(members.row)) : []) {
        for (const [column, row] of ring) {
          x.push(column * side);
          y.push(row * side);
        }
        start.push(x.length);
      }
      first.push(start.length - 1);
    }
    return { first: Int32Array.from(first), start: Int32Array.from(start), x: Float64Array.from(x), y: Float64Array.from(y) };
  }

  Object.assign(whatIf, { gapShapes });
})();
