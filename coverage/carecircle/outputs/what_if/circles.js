/* Service circles under a scenario, as in analysis/circles.py: for each facility what it reaches within some
   minutes, drawn as the contour of the distance to that road. They never decide who is covered. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  /* Chains at each junction, pieces of each chain: found once for a network. */
  function rolls(net) {
    if (net.rolls) return net.rolls;
    const group = (n, each) => {
      const start = new Int32Array(n + 1);
      each((to) => start[to + 1]++);
      for (let i = 0; i < n; i++) start[i + 1] += start[i];
      const next = start.slice(), rows = new Int32Array(start[n]);
      each((to, row) => (rows[next[to]++] = row));
      return (one) => rows.subarray(start[one], start[one + 1]);
    };
    const chains = group(net.nJunctions, (tell) => {
      for (let c = 0; c < net.nChains; c++) {
        if (net.part[c] < 0) continue;
        tell(net.ends[2 * c], c);
        tell(net.ends[2 * c + 1], c);
      }
    });
    const pieces = group(net.nChains, (tell) => {
      for (let p = 0; p < net.n; p++) if (net.chain[p] >= 0 && !net.dead[p]) tell(net.chain[p], p);
    });
    return (net.rolls = { chains, pieces, cost: new Float64Array(net.nJunctions).fill(Infinity) });
  }

  /* Junctions within some seconds of one facility; their seconds stand in net.rolls.cost. */
  function search(net, source, seconds) {
    const { cost } = rolls(net), { indptr, head, arcSeconds } = net, touched = [], heap = [];
    const claim = (junction, took) => {
      if (!(took < cost[junction]) || took > seconds) return;
      if (cost[junction] === Infinity) touched.push(junction);
      cost[junction] = took;
      let k = heap.length;
      heap.push(null);
      for (let up = (k - 1) >> 1; k > 0 && heap[up][0] > took; up = (k - 1) >> 1) {
        heap[k] = heap[up];
        k = up;
      }
      heap[k] = [took, junction];
    };
    const first = () => {
      const top = heap[0], last = heap.pop(), n = heap.length;
      for (let k = 0; n > 0; ) {
        let least = 2 * k + 1;
        if (least + 1 < n && heap[least + 1][0] < heap[least][0]) least++;
        if (least >= n || heap[least][0] >= last[0]) {
          heap[k] = last;
          break;
        }
        heap[k] = heap[least];
        k = least;
      }
      return top;
    };
    const { at } = source;
    claim(net.ends[2 * at.chain], at.toStart + at.own);
    claim(net.ends[2 * at.chain + 1], at.toEnd + at.own);
    while (heap.length) {
      const [here, junction] = first();
      if (cost[junction] !== here) continue;
      for (let arc = indptr[junction]; arc < indptr[junction + 1]; arc++) claim(head[arc], here + arcSeconds[arc]);
    }
    return touched;
  }

  /* What one facility reaches within each limit in minutes: spans of pieces. */
  function reachedBy(net, source, minutes, world) {
    const longest = Math.max(...minutes), { chains, pieces, cost } = rolls(net);
    const touched = search(net, source, (longest - world.profile.minutes) * 60);
    const near = new Set([source.at.chain]);
    for (const junction of touched) for (const chain of chains(junction)) near.add(chain);
    const rows = [...near].flatMap((chain) => [...pieces(chain)]);
    const spans = whatIf.reached(net, { cost }, [source], minutes, world, rows);
    for (const junction of touched) cost[junction] = Infinity;
    return spans;
  }

  function addLine(segments, points) {
    for (let i = 0; i + 1 < points.length; i++) segments.push(...points[i], ...points[i + 1]);
  }

  const pointsOf = (net, p) => Array.from({ length: net.to[p] - net.from[p] }, (_, i) => [net.x[net.from[p] + i], net.y[net.from[p] + i]]);

  /* The access leg between door and road, as far as the minutes go. */
  function addLeg(segments, net, source, door, minutes, world) {
    const line = whatIf.asLine(pointsOf(net, source.piece));
    const [x, y] = whatIf.spotAt(line, source.share * line.length), metres = Math.hypot(x - door.x, y - door.y);
    const onFoot = metres / net.leg, start = Math.max(source.at.own - onFoot, 0), left = (minutes - world.profile.minutes) * 60 - start;
    if (left < 0) return;
    const share = onFoot > 0 ? Math.min(1, left / onFoot) : 1;
    segments.push(door.x, door.y, door.x + share * (x - door.x), door.y + share * (y - door.y));
  }

  /* Straight pieces of road reached within one limit, the access leg among them: [x0, y0, x1, y1, ...]. */
  function segmentsOf(net, spans, ring) {
    const segments = [];
    for (let s = 0; s < spans.piece.length; s++) {
      if (spans.ring[s] !== ring) continue;
      const p = spans.piece[s], points = pointsOf(net, p), whole = spans.from[s] <= 0 && spans.to[s] >= 1;
      addLine(segments, whole ? points : whatIf.cutLine(whatIf.asLine(points), spans.from[s] * net.length[p], spans.to[s] * net.length[p]));
    }
    return segments;
  }

  /* Rings [x, y, ...] of one circle, bodies anticlockwise and holes clockwise, small holes filled. */
  function drawn(segments, { trim, hole }) {
    if (!segments.length) return [];
    const cell = trim / 4, grid = whatIf.gridAround(segments, cell, trim);
    const rings = whatIf.contour(whatIf.distanceField(segments, grid, trim + 2 * cell), grid, trim);
    return rings.filter((ring) => {
      const area = whatIf.areaOf(ring);
      return area >= 0 || -area >= hole;
    });
  }

  /* For each of the limits, in their order, the rings of one facility of the engine's last scenario. */
  function circles(engine, id, minutes) {
    const { world, last } = engine, { net } = last, source = last.sources.find((one) => one.id === id);
    const door = whatIf.counted(world, last.scenario).find((one) => one.id === id);
    const spans = reachedBy(net, source, minutes, world);
    return minutes.map((limit, ring) => {
      const segments = segmentsOf(net, spans, ring);
      if (limit >= world.profile.minutes) addLeg(segments, net, source, door, limit, world);
      return drawn(segments, world.terms.circles);
    });
  }

  Object.assign(whatIf, { circles });
})();
