/* The network as the search wants it: seconds by roads/access.py, sums along chains, the graph over the
   junctions, connected parts.

   Places along pieces are held for both directions: [2p] with the chain, [2p + 1] against it. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { WITH, AGAINST, toTicks } = whatIf;

  /* Seconds of a piece in both directions, by the formula of edge_seconds. */
  function secondsOf(piece, speed, crossingSeconds, out, at) {
    const took = piece.length * (1.0 / (piece.speed || speed));
    const crossings = (piece.crossings || 0) * 0.5 * crossingSeconds;
    for (const [way, flag] of [[0, WITH], [1, AGAINST]]) {
      let seconds = took / (piece.slope ? piece.slope[way] : 1);
      seconds = (seconds + (piece.wait || 0) + crossings) * (piece.factor || 1);
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
      dead: new Uint8Array(pieces.n), gone: new Set(), changed: false, stopped: [], line: null,
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

  /* The network at a speed in metres per second, with roads closed, added, or of their own speed. */
  function network(world, speed, roads, index) {
    const net = copyOf(world, speed);
    const { close = [], add = [], speed: own = {} } = roads || {};
    let runs = [];
    if (close.length || add.length) {
      const changes = new whatIf.Changes(world, net, index());
      changes.speed = speed;
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

  Object.assign(whatIf, { network, secondsOf, attributes });
})();
