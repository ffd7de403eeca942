/* The network as the search wants it: seconds by roads/access.py, sums along chains, the graph over the
   junctions, connected parts.

   Places along pieces are held for both directions: [2p] with the chain, [2p + 1] against it. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { WITH, AGAINST, toTicks } = whatIf;

  /* Seconds along a piece in one direction, by the formula of edge_seconds. */
  function timed(length, speed, slope, wait, crossings, factor) {
    return toTicks(((length * (1.0 / speed)) / slope + wait + crossings) * factor);
  }

  /* Seconds of a piece in both directions. */
  function secondsOf(piece, speed, crossingSeconds, out, at) {
    const crossings = (piece.crossings || 0) * 0.5 * crossingSeconds;
    for (const [way, flag] of [[0, WITH], [1, AGAINST]]) {
      const slope = piece.slope ? piece.slope[way] : 1;
      out[at + way] = piece.flags & flag ? timed(piece.length, piece.speed || speed, slope, piece.wait || 0, crossings, piece.factor || 1) : Infinity;
    }
  }

  const crossed = (told) => (told & 1) + (told >> 1);

  /* Seconds of all pieces, as secondsOf has them, without an object for each. */
  function allSeconds(pieces, speed, crossingSeconds) {
    const { n, length, flags, slope, wait, factor, crossing } = pieces, own = pieces.speed, found = new Float64Array(2 * n);
    for (let p = 0; p < n; p++) {
      const crossings = (crossing ? crossed(crossing[p]) : 0) * 0.5 * crossingSeconds;
      for (let way = 0; way < 2; way++) {
        const steep = slope ? slope[2 * p + way] : 1, open = flags[p] & (way ? AGAINST : WITH);
        found[2 * p + way] = open ? timed(length[p], (own && own[p]) || speed, steep, (wait && wait[p]) || 0, crossings, (factor && factor[p]) || 1) : Infinity;
      }
    }
    return found;
  }

  function attributes(pieces, p) {
    return {
      length: pieces.length[p], flags: pieces.flags[p],
      speed: pieces.speed && pieces.speed[p],
      slope: pieces.slope && [pieces.slope[2 * p], pieces.slope[2 * p + 1]],
      wait: pieces.wait && pieces.wait[p],
      factor: pieces.factor && pieces.factor[p],
      crossings: pieces.crossing ? crossed(pieces.crossing[p]) : 0,
    };
  }

  /* Arrays with room for further pieces, chains and points; the world itself stays untouched. */
  function copyOf(world, speed, seconds) {
    const { pieces, profile } = world;
    const net = {
      n: pieces.n, base: pieces.n, length: pieces.length, flags: pieces.flags, x: pieces.x, y: pieces.y,
      from: pieces.points.subarray(0, pieces.n), to: pieces.points.subarray(1),
      chain: pieces.chain, row: pieces.row, source: null,
      ends: pieces.ends, nChains: pieces.nChains, nJunctions: 0,
      dead: new Uint8Array(pieces.n), gone: new Set(), changed: false, stopped: [], line: null, seconds,
      leg: profile.leg_follows ? speed : profile.leg,
    };
    for (const end of pieces.ends) net.nJunctions = Math.max(net.nJunctions, end + 1);
    return net;
  }

  /* Sums along a chain: its pieces are numbers from..to, or members from..to of a list. */
  function runAlong(net, chain, from, to, members) {
    const { before, beforeM, total, metres } = net;
    let ahead = 0, back = 0, run = 0;
    for (let k = from; k < to; k++) {
      const p = members ? members[k] : k;
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

  const roomFor = (n, values) => {
    const found = new Float64Array(n);
    found.set(values);
    return found;
  };

  /* Chains with other seconds than in the network without changes. */
  function slowed(net, base) {
    const found = new Set();
    for (let at = 0; at < base.seconds.length; at++) {
      const chain = net.chain[at >> 1];
      if (net.seconds[at] !== base.seconds[at] && chain >= 0 && !net.gone.has(chain)) found.add(chain);
    }
    return found;
  }

  /* Sums along the chains, the graph over the junctions, connected parts: what a search needs. Chains that
     nothing touches keep the sums of the network without changes. */
  function finish(net, world, runs, base) {
    const { pieces } = world, live = new Uint8Array(net.nChains).fill(1);
    const along = (c) => runAlong(net, c, pieces.first[c], pieces.first[c + 1]);
    for (const c of net.gone) live[c] = 0;
    for (const [name, n] of [["before", 2 * net.n], ["beforeM", net.n], ["total", 2 * net.nChains], ["metres", net.nChains]]) {
      net[name] = base ? roomFor(n, base[name]) : new Float64Array(n);
    }
    for (const c of net.gone) net.total[2 * c] = net.total[2 * c + 1] = Infinity;
    if (base) slowed(net, base).forEach(along);
    else for (let c = 0; c < pieces.nChains; c++) along(c);
    runs.forEach((members, k) => {
      for (const p of members) net.chain[p] = pieces.nChains + k;
      runAlong(net, pieces.nChains + k, 0, members.length, members);
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
    const parent = new Int32Array(net.nJunctions);
    for (let j = 0; j < parent.length; j++) parent[j] = j;
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

  /* The network at a speed in metres per second, nothing closed or added. */
  function plainNetwork(world, speed) {
    return finish(copyOf(world, speed, allSeconds(world.pieces, speed, world.profile.crossing)), world, [], null);
  }

  /* A network with roads closed, added, or of their own speed; `plain` is that without changes. */
  function network(world, speed, roads, index, plain) {
    const net = copyOf(world, speed, plain.seconds.slice());
    const { close = [], add = [], speed: own = {} } = roads;
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
    return finish(net, world, runs, plain);
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

  Object.assign(whatIf, { plainNetwork, network, secondsOf, attributes });
})();
