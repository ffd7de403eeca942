/* Reached roads: the part of each piece from which a facility is within so many minutes. Drawn with
   a wide round pen (the study's trim), they are the service circles of analysis/circles.py, merged. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const clamp = (share) => (share < 0 ? 0 : share > 1 ? 1 : share);

  class Spans {
    constructor(room) {
      this.n = 0;
      this.columns = { piece: new Int32Array(room), from: new Float32Array(room), to: new Float32Array(room), ring: new Uint8Array(room) };
    }

    add(piece, from, to, ring) {
      if (!(to > from)) return;
      if (this.n === this.columns.piece.length) this.resize(2 * this.n);
      const { columns, n } = this;
      columns.piece[n] = piece;
      columns.from[n] = from;
      columns.to[n] = to;
      columns.ring[n] = ring;
      this.n++;
    }

    resize(room) {
      for (const [name, column] of Object.entries(this.columns)) {
        this.columns[name] = new column.constructor(room);
        this.columns[name].set(column.subarray(0, room));
      }
    }

    arrays() {
      this.resize(this.n);
      return this.columns;
    }
  }

  /* From both ends of a piece: seconds at its start and end by way of the chain's start or end. */
  function fromEnds(net, cost, p, limit, spans, ring, toStart, toEnd) {
    const c = net.chain[p], a = 2 * p + toStart, b = 2 * p + toEnd;
    const viaStart = cost[net.ends[2 * c]] + net.before[a];
    const rest = net.total[2 * c + toEnd] - net.before[b] - net.seconds[b];
    const viaEnd = cost[net.ends[2 * c + 1]] + rest;
    const head = viaStart <= limit && net.seconds[a] < Infinity ? clamp((limit - viaStart) / net.seconds[a]) : 0;
    const tail = viaEnd <= limit && net.seconds[b] < Infinity ? clamp((limit - viaEnd) / net.seconds[b]) : 0;
    if (head + tail >= 1) return spans.add(p, 0, 1, ring);
    spans.add(p, 0, head, ring);
    spans.add(p, 1 - tail, 1, ring);
  }

  /* Along a facility's own chain, to both sides of it. */
  function besides(net, members, source, limit, spans, ring, toStart, toEnd) {
    const { at, piece, share } = source;
    const here = { [toStart]: toStart ? at.back : at.along, [toEnd]: toEnd ? at.back : at.along };
    for (const p of members) {
      const a = 2 * p + toStart, b = 2 * p + toEnd;
      const after = at.own + net.before[a] - here[toStart]; // seconds at the start of a piece ahead
      if (p === piece) {
        const ahead = net.seconds[a] < Infinity ? (limit - at.own) / net.seconds[a] : 0;
        const back = net.seconds[b] < Infinity ? (limit - at.own) / net.seconds[b] : 0;
        if (limit >= at.own) spans.add(p, clamp(share - back), clamp(share + ahead), ring);
      } else if (net.beforeM[p] > net.beforeM[piece]) {
        if (after <= limit && net.seconds[a] < Infinity) spans.add(p, 0, clamp((limit - after) / net.seconds[a]), ring);
      } else {
        const before = at.own + here[toEnd] - net.before[b] - net.seconds[b];
        if (before <= limit && net.seconds[b] < Infinity) spans.add(p, 1 - clamp((limit - before) / net.seconds[b]), 1, ring);
      }
    }
  }

  /* Spans of pieces within each limit in minutes, the longest first: piece, from, to, ring. `rows` are the
     pieces to look at: all, unless given. */
  function reached(net, labels, sources, minutes, world, rows = null) {
    const n = rows ? rows.length : net.n, spans = new Spans(4 * n + 1);
    const toStart = world.towards ? 1 : 0, toEnd = 1 - toStart;
    const rings = minutes.map((limit, ring) => [limit, ring]).sort((a, b) => b[0] - a[0]);
    const chains = new Set(sources.map((source) => source.at.chain)), members = new Map();
    for (let k = 0; k < n; k++) {
      const p = rows ? rows[k] : k;
      if (!chains.has(net.chain[p]) || net.dead[p]) continue;
      if (!members.has(net.chain[p])) members.set(net.chain[p], []);
      members.get(net.chain[p]).push(p);
    }
    for (const [limit, ring] of rings) {
      const seconds = (limit - world.profile.minutes) * 60;
      for (let k = 0; k < n; k++) {
        const p = rows ? rows[k] : k;
        if (net.chain[p] < 0 || net.dead[p]) continue;
        fromEnds(net, labels.cost, p, seconds, spans, ring, toStart, toEnd);
      }
      for (const source of sources) besides(net, members.get(source.at.chain), source, seconds, spans, ring, toStart, toEnd);
    }
    return spans.arrays();
  }

  Object.assign(whatIf, { reached });
})();
