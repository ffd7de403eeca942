/* Roads closed and added by a scenario, as in roads/changes.py. Chains that nothing touches stay as they
   are; the others are split anew. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { WITH, AGAINST, LINK, MAJOR, asLine, lineOf, cutLine, spans, attributes, secondsOf } = whatIf;

  const TOUCH_M = 1.0;

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
    }

    close(ids) {
      const { net, world } = this, rows = new Set();
      for (const id of ids) for (const row of world.roads.byName.get(id) || []) rows.add(row);
      for (let p = 0; p < net.base; p++) if (rows.has(world.roads.of[p])) net.dead[p] = 1;
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
        return end === -1 ? `closed ${p} ${side}` : this.inner(-2 - end);
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

    /* The node a vertex of a new line joins at: a road within a metre, or its own place. */
    touch(x, y) {
      const { net, world } = this, place = `at ${x.toFixed(2)} ${y.toFixed(2)}`;
      const hit = this.index.nearest(net, x, y, TOUCH_M, () => true);
      if (!hit) return [place, false];
      const p = hit.piece, length = world.pieces.length[p];
      const metre = Math.round(hit.share * length * 1e6) / 1e6;
      if (metre <= TOUCH_M || metre >= length - TOUCH_M) return [this.nodeAt(p, metre < length / 2 ? 0 : 1), true];
      if (!this.cuts.has(p)) this.cuts.set(p, new Map());
      const cuts = this.cuts.get(p);
      if (!cuts.has(metre)) cuts.set(metre, place);
      return [cuts.get(metre), true];
    }

    add(lines) {
      const joined = lines.map((line) => line.map(([x, y]) => this.touch(x, y)));
      const times = new Map();
      for (const [node] of joined.flat()) times.set(node, (times.get(node) || 0) + 1);
      lines.forEach((line, k) => {
        const joins = joined[k].map(([node, onRoad], i) => onRoad || times.get(node) > 1 || i === 0 || i === line.length - 1);
        let last = 0;
        for (let i = 1; i < line.length; i++) {
          if (!joins[i]) continue;
          this.addPiece(line.slice(last, i + 1), joined[k][last][0], joined[k][i][0]);
          last = i;
        }
      });
    }

    /* One new piece between two nodes, without what barriers close. */
    addPiece(points, start, end) {
      const line = asLine(points), marks = spans(line, this.world.walls);
      const majors = this.world.profile.crossing ? this.majors() : new Set();
      let node = start;
      marks.forEach(({ from, to, factor }, k) => {
        const stop = k === marks.length - 1 ? end : `stop ${this.extra.length}`;
        if (factor !== Infinity) {
          const crossings = [node, stop].filter((one) => majors.has(one)).length;
          const made = { length: to - from, flags: WITH | AGAINST | LINK, factor, crossings, speed: this.newSpeed };
          const p = this.piece(cutLine(line, from, to), made, -1);
          this.runs.push({ members: [p], ends: [this.junction(node), this.junction(stop)] });
        }
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

    piece(points, made, source) {
      this.extra.push({ points, made, source });
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
      const whole = attributes(pieces, p), bits = pieces.crossing ? pieces.crossing[p] : 0;
      let from = 0;
      return [...cuts, [whole.length, null]].map(([to, node], k) => {
        const share = (to - from) / whole.length, made = { ...whole, length: to - from };
        if (whole.wait) made.wait = whole.wait * share;
        made.crossings = (k === 0 ? bits & 1 : 0) + (node === null ? bits >> 1 : 0);
        const scale = line.length / whole.length;
        const part = this.piece(cutLine(line, from * scale, to * scale), made, p);
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
      // parts of old roads stand before new roads in the table
      net.row = extended(net.row, extra.map((one, k) => net.base + k + (one.source < 0 ? extra.length : 0)));
      net.source = extra.map((one) => one.source);
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
