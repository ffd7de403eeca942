/* Homes that are neighbours, as in analysis/neighbours.py: near each other, on connected roads, and not
   parted by a barrier. A grid whose cells are no wider than neighbours apart does most of it. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const WIDE = 2 ** 21, HALF = WIDE / 2;
  const keyOf = (column, row) => (column + HALF) * WIDE + row + HALF;

  /* Straight pieces of the barriers that part neighbours, found by the square they lie in. */
  class Walls {
    constructor(walls, open, side) {
      Object.assign(this, { side, pieces: [], at: new Map() });
      walls.forEach((wall, k) => {
        if (wall.kind === 0 || open.includes(k)) return;
        whatIf.eachEdge(wall, (i) => void this.add([wall.x[i], wall.y[i], wall.x[i + 1], wall.y[i + 1]]));
      });
    }

    add(piece) {
      this.along(piece, (key) => {
        if (!this.at.has(key)) this.at.set(key, []);
        this.at.get(key).push(this.pieces.length);
      });
      this.pieces.push(piece);
    }

    /* Call for each square that a straight line touches, until one says true. */
    along([ax, ay, bx, by], tell) {
      const { side } = this, hair = 1e-6 * side;
      if (bx < ax) [ax, ay, bx, by] = [bx, by, ax, ay];
      const slope = bx > ax ? (by - ay) / (bx - ax) : 0;
      for (let column = Math.floor((ax - hair) / side); column <= Math.floor((bx + hair) / side); column++) {
        const from = ay + slope * (Math.max(ax, column * side) - ax), to = ay + slope * (Math.min(bx, (column + 1) * side) - ax);
        const [low, high] = bx > ax ? [Math.min(from, to), Math.max(from, to)] : [Math.min(ay, by), Math.max(ay, by)];
        for (let row = Math.floor((low - hair) / side); row <= Math.floor((high + hair) / side); row++) {
          if (tell(keyOf(column, row))) return true;
        }
      }
      return false;
    }

    /* Whether any piece may come near a square. */
    near(west, south, east, north) {
      const { side, at } = this;
      if (!at.size) return false;
      for (let column = Math.floor(west / side); column <= Math.floor(east / side); column++) {
        for (let row = Math.floor(south / side); row <= Math.floor(north / side); row++) if (at.has(keyOf(column, row))) return true;
      }
      return false;
    }

    crosses(ax, ay, bx, by) {
      return this.along([ax, ay, bx, by], (key) =>
        (this.at.get(key) || []).some((k) => whatIf.meet(ax, ay, bx, by, ...this.pieces[k])),
      );
    }
  }

  class Sets {
    constructor(n) {
      this.parent = Int32Array.from({ length: n }, (_, i) => i);
    }

    of(i) {
      const { parent } = this;
      while (parent[i] !== i) i = parent[i] = parent[parent[i]];
      return i;
    }

    join(i, j) {
      this.parent[this.of(i)] = this.of(j);
    }
  }

  const leastOf = (values) => values.reduce((least, value) => (value < least ? value : least), Infinity);
  const mostOf = (values) => values.reduce((most, value) => (value > most ? value : most), -Infinity);

  /* Places by group and square: any two of one square are near enough. Squares are numbered from the south
     west, `tall` in a column and two free ones around: small numbers are found fastest. */
  function squares({ x, y, group }, walls, join) {
    const side = (join / Math.SQRT2) * (1 - 1e-9), groups = new Map();
    const left = Math.floor(leastOf(x) / side) - 2, low = Math.floor(leastOf(y) / side) - 2, tall = Math.floor(mostOf(y) / side) - low + 3;
    for (let i = 0; i < x.length; i++) {
      if (Number.isNaN(x[i])) continue;
      let at = groups.get(group[i]);
      if (!at) groups.set(group[i], (at = new Map()));
      const column = Math.floor(x[i] / side), row = Math.floor(y[i] / side), key = (column - left) * tall + row - low, here = at.get(key);
      if (here) here.members.push(i);
      else {
        const [west, south] = [column * side - join, row * side - join];
        at.set(key, { key, members: [i], walled: walls.near(west, south, west + side + 2 * join, south + side + 2 * join) });
      }
    }
    return { groups, tall };
  }

  /* Join the places of two squares; where no barrier is near, one pair joins them all. */
  function joinSquares(a, b, { x, y }, sets, walls, join) {
    const free = !a.walled && !b.walled, square = join * join;
    if (free && sets.of(a.members[0]) === sets.of(b.members[0])) return;
    for (const i of a.members) {
      for (const j of b.members) {
        const dx = x[i] - x[j], dy = y[i] - y[j];
        if (dx * dx + dy * dy > square || sets.of(i) === sets.of(j)) continue;
        const same = dx === 0 && dy === 0;
        if (!same && a.walled && b.walled && walls.crosses(x[i], y[i], x[j], y[j])) continue;
        sets.join(i, j);
        if (free) return;
      }
    }
  }

  const AROUND = [];
  for (let column = 0; column <= 2; column++) for (let row = column ? -2 : 1; row <= 2; row++) AROUND.push([column, row]);

  /* A number for each place { x, y, group }: those of one cluster share it. NaN stays alone. */
  function neighbours(places, walls, join) {
    const sets = new Sets(places.x.length), { groups, tall } = squares(places, walls, join);
    for (const at of groups.values()) {
      for (const here of at.values()) {
        const { members } = here;
        if (here.walled) joinSquares(here, here, places, sets, walls, join);
        else for (let k = 1; k < members.length; k++) sets.join(members[0], members[k]);
      }
      for (const here of at.values()) {
        for (const [column, row] of AROUND) {
          const there = at.get(here.key + column * tall + row);
          if (there) joinSquares(here, there, places, sets, walls, join);
        }
      }
    }
    return Int32Array.from(places.x, (_, i) => sets.of(i));
  }

  Object.assign(whatIf, { Walls, neighbours, keyOf });
})();
