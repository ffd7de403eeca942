/* The search: from all open facilities at once over the junctions, then into the homes. A facility
   is known by its rank in the order of ids; ranks are floats, so that new ones fit in between.

   Seconds are multiples of 2^-30, so that sums do not depend on their order; of equally near
   facilities the first by id is taken. Both as in roads/first_two.py. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const TICKS = 2 ** 30;
  const CORNER_M = 1e-6;

  /* Round half to even, as numpy does. */
  function even(value) {
    const low = Math.floor(value), rest = value - low;
    if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
    return low % 2 ? low + 1 : low;
  }

  const toTicks = (seconds) => (seconds === Infinity ? seconds : even(seconds * TICKS) / TICKS);

  /* Seconds as minutes, rounded to 60 nanoseconds; without a way NaN. */
  function toMinutes(seconds, accessMinutes) {
    return seconds === Infinity ? NaN : even((seconds / 60 + accessMinutes) * 1e9) / 1e9;
  }

  /* A heap of junctions, least seconds first, then lowest facility; four children each. */
  class Heap {
    constructor(room) {
      this.key = new Float64Array(room);
      this.who = new Float64Array(room);
      this.junction = new Int32Array(room);
      this.size = 0;
    }

    grow() {
      for (const name of ["key", "who", "junction"]) {
        const larger = new this[name].constructor(this[name].length * 2);
        larger.set(this[name]);
        this[name] = larger;
      }
    }

    push(key, who, junction) {
      if (this.size === this.key.length) this.grow();
      const keys = this.key, owners = this.who, junctions = this.junction;
      let hole = this.size++;
      while (hole > 0) {
        const parent = (hole - 1) >> 2;
        if (keys[parent] < key || (keys[parent] === key && owners[parent] <= who)) break;
        keys[hole] = keys[parent];
        owners[hole] = owners[parent];
        junctions[hole] = junctions[parent];
        hole = parent;
      }
      keys[hole] = key;
      owners[hole] = who;
      junctions[hole] = junction;
    }

    dropFirst() {
      const keys = this.key, owners = this.who, junctions = this.junction;
      const last = --this.size, key = keys[last], who = owners[last];
      let hole = 0;
      for (;;) {
        let least = hole * 4 + 1;
        if (least >= last) break;
        for (let other = least + 1; other < Math.min(hole * 4 + 5, last); other++) {
          if (keys[other] < keys[least] || (keys[other] === keys[least] && owners[other] < owners[least])) least = other;
        }
        if (key < keys[least] || (key === keys[least] && who <= owners[least])) break;
        keys[hole] = keys[least];
        owners[hole] = owners[least];
        junctions[hole] = junctions[least];
        hole = least;
      }
      keys[hole] = key;
      owners[hole] = who;
      junctions[hole] = junctions[last];
    }
  }

  /* A place on its chain, in seconds: `leaving` says that the trip starts here. Whoever asks for a city's
     homes lends one `spot` for all answers. */
  function onChain(net, piece, share, access, extraMinutes, leaving, spot = {}) {
    const chain = net.chain[piece];
    const openWith = net.total[2 * chain] < Infinity, openAgainst = net.total[2 * chain + 1] < Infinity;
    const metres = net.beforeM[piece] + share * net.length[piece];
    const along = openWith ? net.before[2 * piece] + toTicks(share * net.seconds[2 * piece]) : 0;
    const back = openAgainst ? net.before[2 * piece + 1] + toTicks(share * net.seconds[2 * piece + 1]) : 0;
    let toStart, toEnd;
    if (leaving) {
      toStart = openAgainst ? back : Infinity;
      toEnd = openWith ? net.total[2 * chain] - along : Infinity;
    } else {
      toStart = openWith ? along : Infinity;
      toEnd = openAgainst ? net.total[2 * chain + 1] - back : Infinity;
    }
    // who stands at the corner may take any street there, whichever of them the place is on
    if (toStart === Infinity && metres <= CORNER_M) toStart = 0;
    if (toEnd === Infinity && net.metres[chain] - metres <= CORNER_M) toEnd = 0;
    const own = toTicks(access / net.leg) + toTicks(extraMinutes * 60);
    spot.chain = chain;
    spot.along = along;
    spot.back = back;
    spot.toStart = toStart;
    spot.toEnd = toEnd;
    spot.own = own;
    spot.openWith = openWith;
    spot.openAgainst = openAgainst;
    return spot;
  }

  function freshLabels(net) {
    return { cost: new Float64Array(net.nJunctions).fill(Infinity), who: new Float64Array(net.nJunctions).fill(-1) };
  }

  /* Improve labels by further facilities: what they do not improve is not touched. */
  function spread(net, labels, sources) {
    const { cost, who } = labels, { indptr, head, arcSeconds } = net;
    const heap = new Heap(1024);
    const claim = (junction, seconds, facility) => {
      if (seconds > cost[junction] || seconds === Infinity) return;
      if (seconds === cost[junction] && facility >= who[junction]) return;
      cost[junction] = seconds;
      who[junction] = facility;
      heap.push(seconds, facility, junction);
    };
    for (const { at, rank } of sources) {
      claim(net.ends[2 * at.chain], at.toStart + at.own, rank);
      claim(net.ends[2 * at.chain + 1], at.toEnd + at.own, rank);
    }
    while (heap.size) {
      const here = heap.key[0], facility = heap.who[0], junction = heap.junction[0];
      heap.dropFirst();
      if (cost[junction] !== here || who[junction] !== facility) continue;
      for (let arc = indptr[junction]; arc < indptr[junction + 1]; arc++) {
        claim(head[arc], here + arcSeconds[arc], facility);
      }
    }
    return labels;
  }

  /* Seconds along one chain between two places on it. */
  function direct(a, b) {
    if (a.openWith && a.along <= b.along) return b.along - a.along;
    if (a.openAgainst && a.back >= b.back) return a.back - b.back;
    return Infinity;
  }

  /* Seconds and rank of the nearest facility of each home; `sources` are on their chains. */
  function nearestOfHomes(net, labels, homes, sources, towards) {
    const n = homes.piece.length, { cost, who } = labels;
    const seconds = new Float64Array(n).fill(Infinity), rank = new Float64Array(n).fill(-1);
    const byChain = new Map(), shared = new Uint8Array(net.nChains); // chains with a facility on them
    for (const source of sources) {
      if (!byChain.has(source.at.chain)) byChain.set(source.at.chain, []);
      byChain.get(source.at.chain).push(source);
      shared[source.at.chain] = 1;
    }
    for (let home = 0; home < n; home++) {
      if (homes.piece[home] < 0) continue;
      const chain = homes.chain[home], start = net.ends[2 * chain], end = net.ends[2 * chain + 1];
      let best = cost[start] + homes.toStart[home], nearest = who[start];
      const other = cost[end] + homes.toEnd[home];
      if (other < best || (other === best && who[end] < nearest)) {
        best = other;
        nearest = who[end];
      }
      for (const source of shared[chain] ? byChain.get(chain) : []) {
        const here = onChain(net, homes.piece[home], homes.share[home], homes.access[home], 0, towards);
        const along = (towards ? direct(here, source.at) : direct(source.at, here)) + source.at.own;
        if (along < best || (along === best && source.rank < nearest)) {
          best = along;
          nearest = source.rank;
        }
      }
      if (best === Infinity) continue;
      seconds[home] = best + homes.own[home];
      rank[home] = nearest;
    }
    return { seconds, rank };
  }

  Object.assign(whatIf, { even, toTicks, toMinutes, onChain, direct, freshLabels, spread, nearestOfHomes });
})();
