/* Where on the network a place is entered from, as in roads/positions.py. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { LINK, REASONS, nearestOn, toSegment, blocked } = whatIf;

  const CELL_M = 150;

  /* Segments of the pieces by square cells. */
  class Index {
    constructor(pieces) {
      const { x, y, points, n } = pieces;
      this.pieces = pieces;
      let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
      for (let i = 0; i < x.length; i++) {
        west = Math.min(west, x[i]);
        east = Math.max(east, x[i]);
        south = Math.min(south, y[i]);
        north = Math.max(north, y[i]);
      }
      Object.assign(this, { west, south });
      this.columns = Math.max(1, Math.floor((east - west) / CELL_M) + 1);
      this.rows = Math.max(1, Math.floor((north - south) / CELL_M) + 1);
      this.first = new Int32Array(this.columns * this.rows + 1);
      this.fill(n, points, (cell) => this.first[cell + 1]++);
      for (let c = 0; c + 1 < this.first.length; c++) this.first[c + 1] += this.first[c];
      this.segment = new Int32Array(this.first[this.first.length - 1]);
      this.piece = new Int32Array(this.segment.length);
      const next = this.first.slice();
      this.fill(n, points, (cell, piece, i) => {
        this.piece[next[cell]] = piece;
        this.segment[next[cell]++] = i;
      });
    }

    column(x) {
      return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.west) / CELL_M)));
    }

    line(y) {
      return Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.south) / CELL_M)));
    }

    fill(n, points, put) {
      const { x, y } = this.pieces;
      for (let p = 0; p < n; p++) {
        for (let i = points[p]; i + 1 < points[p + 1]; i++) {
          const left = this.column(Math.min(x[i], x[i + 1])), right = this.column(Math.max(x[i], x[i + 1]));
          const low = this.line(Math.min(y[i], y[i + 1])), high = this.line(Math.max(y[i], y[i + 1]));
          for (let row = low; row <= high; row++) {
            for (let column = left; column <= right; column++) put(row * this.columns + column, p, i);
          }
        }
      }
    }

    /* Calls `look(piece, segment)` for cells ever farther away, until `enough(metres)`. */
    around(px, py, enough, look) {
      const column = Math.floor((px - this.west) / CELL_M), row = Math.floor((py - this.south) / CELL_M);
      for (let ring = 0; !enough((ring - 1) * CELL_M); ring++) {
        for (let r = row - ring; r <= row + ring; r++) {
          if (r < 0 || r >= this.rows) continue;
          const step = r === row - ring || r === row + ring || ring === 0 ? 1 : 2 * ring;
          for (let c = column - ring; c <= column + ring; c += step) {
            if (c < 0 || c >= this.columns) continue;
            const cell = r * this.columns + c;
            for (let k = this.first[cell]; k < this.first[cell + 1]; k++) look(this.piece[k], this.segment[k]);
          }
        }
      }
    }

    /* Pieces of a network that may be within `reach`, with the square of their distance. */
    candidates(net, px, py, reach, allowed, found) {
      const at = {};
      let best = reach * reach;
      const look = (piece, i) => {
        if (net.dead[piece] || !allowed(piece)) return;
        const away = toSegment(net, i, px, py, at);
        if (away <= best) best = found(piece, away, best);
      };
      this.around(px, py, (metres) => metres > 0 && metres * metres > best, look);
      for (let piece = net.base; piece < net.n; piece++) {
        for (let i = net.from[piece]; i + 1 < net.to[piece]; i++) look(piece, i);
      }
    }

    /* The nearest allowed piece within reach; of equally near ones the first in the table. */
    nearest(net, px, py, reach, allowed) {
      let piece = -1, least = Infinity;
      this.candidates(net, px, py, reach, allowed, (one, away) => {
        if (away < least || (away === least && net.row[one] < net.row[piece])) {
          piece = one;
          least = away;
        }
        return Math.min(least, reach * reach);
      });
      return piece < 0 ? null : onPiece(net, piece, px, py);
    }

    /* The nearest allowed piece within reach whose leg crosses no wall. */
    nearestOpen(net, px, py, reach, allowed, walls) {
      const least = new Map();
      this.candidates(net, px, py, reach, allowed, (one, away, best) => {
        if (!(least.get(one) <= away)) least.set(one, away);
        return best;
      });
      const order = [...least].sort((a, b) => a[1] - b[1] || net.row[a[0]] - net.row[b[0]]);
      for (const [piece] of order) {
        const hit = onPiece(net, piece, px, py);
        if (!blocked(walls, px, py, hit.x, hit.y)) return hit;
      }
      return null;
    }
  }

  function onPiece(net, piece, px, py) {
    const hit = nearestOn(net, net.from[piece], net.to[piece], px, py);
    return { piece, share: hit.share, access: hit.away, x: hit.x, y: hit.y };
  }

  /* Links a place: its piece, share, access leg, and why not. `prefers(part)`, if given, names the
     connected parts to prefer over a nearer road elsewhere. */
  function locate(index, net, walls, px, py, reach, prefers) {
    const open = (allowed) => {
      const hit = index.nearest(net, px, py, reach, allowed);
      if (!hit || !walls.length || !blocked(walls, px, py, hit.x, hit.y)) return [hit, false];
      const free = index.nearestOpen(net, px, py, reach, allowed, walls);
      return [free, !free];
    };
    const linkable = (piece) => (net.flags[piece] & LINK) !== 0;
    let [hit, behind] = open(linkable);
    if (prefers && !(hit && prefers(net.part[net.chain[hit.piece]]))) {
      const [better] = open((piece) => linkable(piece) && prefers(net.part[net.chain[piece]]));
      hit = better || hit;
    }
    if (hit) return { ...hit, reason: "" };
    return { piece: -1, share: 0, access: 0, reason: behind ? "blocked" : "not_linked" };
  }

  Object.assign(whatIf, { Index, locate });
})();
