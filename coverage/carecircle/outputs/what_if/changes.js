/* Roads closed and added by a scenario, as in roads/changes.py. Chains that nothing touches stay as they
   are; the others are split anew. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { WITH, AGAINST, LINK, STRUCTURE, MAJOR, TURNED, asLine, lineOf, cutLine, spans, nearestOn, attributes, secondsOf } = whatIf;

  const TOUCH_M = 1.0, SAME_M = 1e-6;
  const isPlace = (spot) => Array.isArray(spot) && spot.length === 2 && spot.every(Number.isFinite);

  /* A new road as the scenario has it: a line, or { line, bridge, tunnel } as the roads table says it. */
  function newRoad(one) {
    const { line, bridge = "", tunnel = "" } = Array.isArray(one) ? { line: one } : one || {};
    if (!Array.isArray(line) || line.length < 2 || !line.every(isPlace)) throw new Error("roads.add: give lines of two places or more");
    return { line, structure: [bridge, tunnel].some((told) => !["", "no", "0", "false", "False"].includes(told)) };
  }

  /* Vertices of different lines within a metre of each other at one place: the most western. */
  function atOnePlace(lines) {
    const spots = lines.flatMap((line, k) => line.map(([x, y]) => ({ k, x, y })));
    const parent = spots.map((_, i) => i);
    const root = (i) => (parent[i] === i ? i : (parent[i] = root(parent[i])));
    spots.forEach((a, i) => {
      for (let j = 0; j < i; j++) {
        const b = spots[j];
        if (a.k === b.k || Math.hypot(a.x - b.x, a.y - b.y) > TOUCH_M) continue;
        const [one, other] = [root(i), root(j)], west = spots[one].x - spots[other].x || spots[one].y - spots[other].y;
        parent[west < 0 ? other : one] = west < 0 ? one : other;
      }
    });
    let at = 0;
    return lines.map((line) => line.map(() => spots[root(at++)]).map(({ x, y }) => [x, y]));
  }

  /* New lines that meet: a vertex of one is put into the other where it touches it. */
  function meeting(lines) {
    const moved = atOnePlace(lines);
    return moved.map((points, k) => {
      const line = asLine(points);
      let run = 0;
      const all = points.map(([x, y], i) => {
        if (i) run += Math.hypot(x - points[i - 1][0], y - points[i - 1][1]);
        return { metre: run, x, y };
      });
      for (const [x, y] of moved.filter((_, other) => other !== k).flat()) {
        const { away, metre } = nearestOn(line, 0, points.length, x, y);
        if (away <= TOUCH_M && metre > 0 && metre < line.length) all.push({ metre, x, y });
      }
      all.sort((a, b) => a.metre - b.metre || a.x - b.x || a.y - b.y);
      return all.filter(({ x, y }, i) => !i || x !== all[i - 1].x || y !== all[i - 1].y).map(({ x, y }) => [x, y]);
    });
  }

  function extended(array, more) {
    const out = new array.constructor(array.length + more.length);
    out.set(array);
    out.set(more, array.length);
    return out;
  }

  /* Collects what a scenario changes on the roads. */
  class Changes {
    constructor(world, net, index) {
      Object.assign(this, { world, net, index });
      this.extra = []; // pieces: { points, attributes, source }
      this.runs = []; // chains: { members, ends }
      this.cuts = new Map(); // piece -> Map of metre -> node
      this.splits = new Set(); // pieces before whose start a chain is split
      this.nodes = new Map();
      this.seen = new Map();
      this.parted = new Map();
      this.crossing = world.pieces.crossing;
    }

    close(ids) {
      const { net, world } = this, rows = new Set();
      for (const id of ids) for (const row of world.roads.byName.get(id) || []) rows.add(row);
      let major = false;
      for (let p = 0; p < net.base; p++) {
        if (!rows.has(world.roads.of[p])) continue;
        net.dead[p] = 1;
        major = major || (world.pieces.flags[p] & MAJOR) !== 0;
      }
      if (major && this.crossing) this.forgetCrossings();
    }

    /* Who meets no major road any more waits for none. */
    forgetCrossings() {
      const { net, world } = this, { pieces, profile } = world, majors = this.majors(), splits = new Set(this.splits);
      this.crossing = pieces.crossing.slice();
      for (let p = 0; p < pieces.n; p++) {
        for (const side of [0, 1]) {
          if (this.crossing[p] & (1 << side) && !majors.has(this.nodeAt(p, side))) this.crossing[p] &= ~(1 << side);
        }
        if (this.crossing[p] === pieces.crossing[p]) continue;
        const crossings = (this.crossing[p] & 1) + (this.crossing[p] >> 1);
        secondsOf({ ...attributes(pieces, p), crossings }, this.speed, profile.crossing, net.seconds, 2 * p);
      }
      this.splits = splits;
      this.seen.clear(); // new roads may meet major ones at further nodes
    }

    junction(node) {
      if (typeof node === "number") return node;
      if (!this.nodes.has(node)) this.nodes.set(node, this.net.nJunctions++);
      return this.nodes.get(node);
    }

    /* The node at the start (0) or end (1) of a piece. */
    nodeAt(p, side) {
      const { pieces } = this.world, chain = pieces.chain[p];
      if (chain < 0) {
        const end = pieces.closedEnds[2 * (p - pieces.nOpen) + side];
        if (end >= 0) return end;
        return -2 - end < pieces.nOpen ? this.inner(-2 - end) : `closed ${end}`;
      }
      const next = p + side;
      if (next === pieces.first[chain]) return pieces.ends[2 * chain];
      if (next === pieces.first[chain + 1]) return pieces.ends[2 * chain + 1];
      return this.inner(next);
    }

    inner(p) {
      this.splits.add(p);
      return `before ${p}`;
    }

    /* The pieces that barriers cut the road of a piece into, from its start to its end. */
    partsOf(piece) {
      const { pieces, roads } = this.world, row = roads.of[piece];
      if (row < 0) return [piece];
      if (!this.parted.has(row)) {
        const parts = [];
        for (let p = 0; p < pieces.n; p++) if (roads.of[p] === row) parts.push(p);
        this.parted.set(row, parts.sort((a, b) => pieces.row[a] - pieces.row[b]));
      }
      return this.parted.get(row);
    }

    /* The node a vertex of a new line joins at: a road within a metre, or its own place. Whole roads count,
       whether barriers cut them or not. */
    touch(x, y) {
      const { net, world } = this, { pieces } = world, place = `at ${x.toFixed(2)} ${y.toFixed(2)}`;
      const hit = this.index.nearest(net, x, y, TOUCH_M, () => true);
      if (!hit) return [place, false];
      const parts = this.partsOf(hit.piece), turned = (p) => (pieces.flags[p] & TURNED ? 1 : 0);
      const starts = [0];
      for (const p of parts) starts.push(starts[starts.length - 1] + pieces.length[p]);
      const k = parts.indexOf(hit.piece), share = turned(hit.piece) ? 1 - hit.share : hit.share;
      const whole = starts[parts.length], metre = Math.round((starts[k] + share * pieces.length[hit.piece]) * 1e6) / 1e6;
      const last = parts[parts.length - 1];
      if (metre <= TOUCH_M || metre >= whole - TOUCH_M) {
        return [metre < whole / 2 ? this.nodeAt(parts[0], turned(parts[0])) : this.nodeAt(last, 1 - turned(last)), true];
      }
      const p = hit.piece, along = turned(p) ? starts[k + 1] - metre : metre - starts[k];
      if (along <= SAME_M || along >= pieces.length[p] - SAME_M) return [this.nodeAt(p, along <= SAME_M ? 0 : 1), true];
      if (!this.cuts.has(p)) this.cuts.set(p, new Map());
      const cuts = this.cuts.get(p);
      if (!cuts.has(along)) cuts.set(along, place);
      return [cuts.get(along), true];
    }

    add(roads) {
      const asked = roads.map(newRoad), lines = meeting(asked.map((one) => one.line));
      const joined = lines.map((line) => line.map(([x, y]) => this.touch(x, y)));
      const times = new Map();
      for (const [node] of joined.flat()) times.set(node, (times.get(node) || 0) + 1);
      lines.forEach((line, k) => {
        const joins = joined[k].map(([node, onRoad], i) => onRoad || times.get(node) > 1 || i === 0 || i === line.length - 1);
        let last = 0;
        for (let i = 1; i < line.length; i++) {
          if (!joins[i]) continue;
          this.addPiece(line.slice(last, i + 1), joined[k][last][0], joined[k][i][0], { k, ...asked[k] });
          last = i;
        }
      });
    }

    /* One new piece between two nodes, without what barriers close. Bridges pass all but gates. */
    addPiece(points, start, end, { k: number, structure }) {
      const walls = structure ? this.world.walls.filter((wall) => wall.kind === 0) : this.world.walls;
      const line = asLine(points), marks = spans(line, walls), { net } = this;
      const majors = this.world.profile.crossing ? this.majors() : new Set();
      let node = start;
      marks.forEach(({ from, to, factor }, k) => {
        const stop = k === marks.length - 1 ? end : `stop ${this.extra.length}`;
        if (factor !== Infinity) {
          const crossings = [node, stop].filter((one) => majors.has(one)).length;
          const flags = WITH | AGAINST | (structure ? STRUCTURE : LINK);
          const made = { length: to - from, flags, factor, crossings, speed: this.newSpeed };
          const p = this.piece(cutLine(line, from, to), made, -1, number);
          this.runs.push({ members: [p], ends: [this.junction(node), this.junction(stop)] });
        } else if (!structure && !net.stopped.includes(number)) net.stopped.push(number);
        node = factor === Infinity && k < marks.length - 1 ? `past ${this.extra.length} ${k}` : stop;
      });
    }

    /* Nodes that a major road ends at. */
    majors() {
      if (this.seen.size) return this.seen.get("majors");
      const found = new Set(), { pieces } = this.world, splits = new Set(this.splits);
      for (let p = 0; p < pieces.n; p++) {
        if (!(pieces.flags[p] & MAJOR) || this.net.dead[p]) continue;
        found.add(this.nodeAt(p, 0)).add(this.nodeAt(p, 1));
        for (const node of (this.cuts.get(p) || new Map()).values()) found.add(node);
      }
      this.splits = splits;
      this.seen.set("majors", found);
      return found;
    }

    piece(points, made, source, line = -1) {
      this.extra.push({ points, made, source, line });
      return this.net.base + this.extra.length - 1;
    }

    /* Split the chains that something touches into runs between their new ends. */
    split() {
      const { net, world } = this, { pieces } = world;
      const gone = new Set();
      for (let p = 0; p < pieces.nOpen; p++) if (net.dead[p]) gone.add(pieces.chain[p]);
      for (const p of [...this.cuts.keys(), ...this.splits]) if (pieces.chain[p] >= 0) gone.add(pieces.chain[p]);
      for (const c of gone) this.splitChain(c);
      for (const p of this.cuts.keys()) {
        if (pieces.chain[p] < 0) this.parts(p);
        net.dead[p] = 1;
      }
      net.gone = gone;
    }

    splitChain(c) {
      const { net, world } = this, { pieces } = world;
      const last = pieces.first[c + 1] - 1;
      let members = [], start = pieces.ends[2 * c];
      const stop = (node) => {
        if (members.length) this.runs.push({ members, ends: [this.junction(start), this.junction(node)] });
        members = [];
        start = node;
      };
      for (let p = pieces.first[c]; p <= last; p++) {
        if (this.splits.has(p)) stop(`before ${p}`);
        if (net.dead[p]) {
          stop(`dead end ${p}`);
          start = `after ${p}`;
        } else if (this.cuts.has(p)) {
          for (const [part, node] of this.parts(p)) {
            members.push(part);
            if (node !== null) stop(node);
          }
        } else {
          members.push(p);
        }
      }
      stop(pieces.ends[2 * c + 1]);
    }

    /* The parts of a cut piece, each with the node behind it. */
    parts(p) {
      const { pieces } = this.world, line = lineOf(pieces, p);
      const cuts = [...this.cuts.get(p)].sort((a, b) => a[0] - b[0]);
      const whole = attributes(pieces, p), bits = this.crossing ? this.crossing[p] : 0;
      let from = 0;
      return [...cuts, [whole.length, null]].map(([to, node], k) => {
        const share = (to - from) / whole.length, made = { ...whole, length: to - from };
        if (whole.wait) made.wait = whole.wait * share;
        made.crossings = (k === 0 ? bits & 1 : 0) + (node === null ? bits >> 1 : 0);
        const scale = line.length / whole.length;
        const part = this.piece(cutLine(line, from * scale, to * scale), made, p);
        const at = from / whole.length; // where it stands among the parts of its road
        this.extra[this.extra.length - 1].at = pieces.flags[p] & TURNED ? 1 - to / whole.length : at;
        from = to;
        return [part, node];
      });
    }

    /* Put everything into the network's arrays. */
    apply(speed) {
      const { net, world, extra } = this, { profile } = world;
      const points = extra.flatMap((one) => one.points);
      const sizes = extra.map((one) => one.points.length);
      const first = net.x.length, from = [], to = [];
      let at = first;
      for (const size of sizes) {
        from.push(at);
        to.push((at += size));
      }
      net.x = extended(net.x, points.map((one) => one[0]));
      net.y = extended(net.y, points.map((one) => one[1]));
      net.from = extended(net.from, from);
      net.to = extended(net.to, to);
      net.length = extended(net.length, extra.map((one) => one.made.length));
      net.flags = extended(net.flags, extra.map((one) => one.made.flags));
      net.chain = extended(net.chain, extra.map(() => -1));
      net.dead = extended(net.dead, extra.map(() => 0));
      // parts of old roads stand in their place in the table, new roads behind it
      const place = ({ source, at }, k) => (source < 0 ? net.base + k : net.row[source] + at);
      net.row = extended(Float64Array.from(net.row), extra.map(place));
      net.source = extra.map((one) => one.source);
      net.line = extra.map((one) => one.line);
      net.seconds = extended(net.seconds, new Float64Array(2 * extra.length));
      extra.forEach(({ made }, k) => secondsOf(made, speed, profile.crossing, net.seconds, 2 * (net.base + k)));
      net.n = net.base + extra.length;
      net.nChains = world.pieces.nChains + this.runs.length;
      net.ends = extended(net.ends, this.runs.flatMap((run) => run.ends));
      net.changed = true;
    }
  }

  Object.assign(whatIf, { Changes });
})();
