/* The network under a scenario: another speed, roads closed, roads added.

   Seconds follow roads/access.py, added roads join as in roads/changes.py and stop at barriers as in
   roads/barriers.py. Chains that nothing touches stay as they are; the others are split anew.

   Places along pieces are held for both directions: [2p] with the chain, [2p + 1] against it. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { WITH, AGAINST, LINK, STRUCTURE, MAJOR, toTicks, nearestOn, segmentMetres, crossing } = whatIf;

  const TOUCH_M = 1.0;
  const WALL_M = 0.01, GATE_M = 0.5; // half widths of the ground that lines and points stand for

  /* Seconds of a piece in both directions, by the formula of edge_seconds. */
  function secondsOf(piece, speed, crossingSeconds, out, at) {
    const took = piece.length * (1.0 / (piece.speed || speed));
    const wait = (piece.wait || 0) + (piece.crossings || 0) * 0.5 * crossingSeconds;
    for (const [way, flag] of [[0, WITH], [1, AGAINST]]) {
      let seconds = took / (piece.slope ? piece.slope[way] : 1);
      seconds = (seconds + wait) * (piece.factor || 1);
      out[at + way] = piece.flags & flag ? toTicks(seconds) : Infinity;
    }
  }

  function attributes(pieces, p) {
    const crossings = pieces.crossing ? (pieces.crossing[p] & 1) + (pieces.crossing[p] >> 1) : 0;
    return {
      length: pieces.length[p], flags: pieces.flags[p],
      speed: pieces.speed && pieces.speed[p],
      slope: pieces.slope && [pieces.slope[2 * p], pieces.slope[2 * p + 1]],
      wait: pieces.wait && pieces.wait[p],
      factor: pieces.factor && pieces.factor[p],
      crossings,
    };
  }

  /* Arrays with room for further pieces, chains and points; the world itself stays untouched. */
  function copyOf(world, speed) {
    const { pieces, profile } = world;
    const net = {
      n: pieces.n, base: pieces.n, length: pieces.length, flags: pieces.flags, x: pieces.x, y: pieces.y,
      from: pieces.points.subarray(0, pieces.n), to: pieces.points.subarray(1),
      chain: pieces.chain, row: pieces.row, source: null,
      ends: pieces.ends, nChains: pieces.nChains, nJunctions: 0,
      dead: new Uint8Array(pieces.n), gone: new Set(), changed: false,
      seconds: new Float64Array(2 * pieces.n),
      leg: profile.leg_follows ? speed : profile.leg,
    };
    for (const end of pieces.ends) net.nJunctions = Math.max(net.nJunctions, end + 1);
    for (let p = 0; p < pieces.n; p++) secondsOf(attributes(pieces, p), speed, profile.crossing, net.seconds, 2 * p);
    return net;
  }

  function runAlong(net, chain, members) {
    const { before, beforeM, total, metres } = net;
    let ahead = 0, back = 0, run = 0;
    for (const p of members) {
      before[2 * p] = ahead;
      before[2 * p + 1] = back;
      beforeM[p] = run;
      ahead += net.seconds[2 * p];
      back += net.seconds[2 * p + 1];
      run += net.length[p];
    }
    total[2 * chain] = ahead;
    total[2 * chain + 1] = back;
    metres[chain] = run;
  }

  /* Sums along the chains, the graph over the junctions, connected parts: what a search needs. */
  function finish(net, world, runs) {
    const { pieces } = world;
    net.before = new Float64Array(2 * net.n);
    net.beforeM = new Float64Array(net.n);
    net.total = new Float64Array(2 * net.nChains).fill(Infinity);
    net.metres = new Float64Array(net.nChains);
    const live = new Uint8Array(net.nChains);
    const all = Int32Array.from({ length: pieces.nOpen }, (_, p) => p);
    for (let c = 0; c < pieces.nChains; c++) {
      if (net.gone.has(c)) continue;
      live[c] = 1;
      runAlong(net, c, all.subarray(pieces.first[c], pieces.first[c + 1]));
    }
    runs.forEach((members, k) => {
      const c = pieces.nChains + k;
      live[c] = 1;
      for (const p of members) net.chain[p] = c;
      runAlong(net, c, members);
    });
    graph(net, live, world.towards);
    components(net, live);
    return net;
  }

  function graph(net, live, towards) {
    const { ends, total } = net;
    const indptr = new Int32Array(net.nJunctions + 1);
    for (let c = 0; c < net.nChains; c++) {
      if (!live[c]) continue;
      indptr[ends[2 * c] + 1]++;
      indptr[ends[2 * c + 1] + 1]++;
    }
    for (let j = 0; j < net.nJunctions; j++) indptr[j + 1] += indptr[j];
    const next = indptr.slice(), size = indptr[net.nJunctions];
    const head = new Int32Array(size), arcSeconds = new Float64Array(size);
    // a search from facilities to time trips to them runs each chain against its travellers
    const ahead = towards ? 1 : 0;
    for (let c = 0; c < net.nChains; c++) {
      if (!live[c]) continue;
      const start = ends[2 * c], end = ends[2 * c + 1];
      head[next[start]] = end;
      arcSeconds[next[start]++] = total[2 * c + ahead];
      head[next[end]] = start;
      arcSeconds[next[end]++] = total[2 * c + 1 - ahead];
    }
    Object.assign(net, { indptr, head, arcSeconds });
  }

  /* Connected part of each chain (a junction stands for it), and the longest part. */
  function components(net, live) {
    const parent = Int32Array.from({ length: net.nJunctions }, (_, j) => j);
    const root = (j) => {
      while (parent[j] !== j) j = parent[j] = parent[parent[j]];
      return j;
    };
    for (let c = 0; c < net.nChains; c++) {
      if (live[c]) parent[root(net.ends[2 * c])] = root(net.ends[2 * c + 1]);
    }
    net.part = new Int32Array(net.nChains).fill(-1);
    const km = new Float64Array(net.nJunctions);
    net.main = -1;
    for (let c = 0; c < net.nChains; c++) {
      if (!live[c]) continue;
      const part = (net.part[c] = root(net.ends[2 * c]));
      km[part] += net.metres[c];
    }
    for (let j = 0; j < km.length; j++) if (km[j] > 0 && (net.main < 0 || km[j] > km[net.main])) net.main = j;
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

  /* The network at a speed in metres per second, with roads closed, added, or of their own speed. */
  function network(world, speed, roads, index) {
    const net = copyOf(world, speed);
    const { close = [], add = [], speed: own = {} } = roads || {};
    let runs = [];
    if (close.length || add.length) {
      const changes = new Changes(world, net, index());
      changes.newSpeed = world.profile.one_speed ? speed : world.profile.new_road;
      changes.close(close);
      changes.add(add);
      changes.split();
      changes.apply(speed);
      runs = changes.runs.map((run) => run.members);
    }
    for (const [id, metresPerSecond] of Object.entries(own)) drive(world, net, id, metresPerSecond);
    return finish(net, world, runs);
  }

  /* A speed of its own on a road, waits included; closed directions stay closed. */
  function drive(world, net, id, metresPerSecond) {
    const rows = new Set(world.roads.byName.get(id) || []);
    for (let p = 0; p < net.n; p++) {
      const source = p < net.base ? p : net.source[p - net.base];
      if (source < 0 || !rows.has(world.roads.of[source])) continue;
      const took = toTicks(net.length[p] / metresPerSecond);
      for (const at of [2 * p, 2 * p + 1]) if (net.seconds[at] < Infinity) net.seconds[at] = took;
    }
  }

  Object.assign(whatIf, { network, asLine, cutLine, spans });
})();
