/* Uncovered areas under a scenario, as in analysis/gaps.py and analysis/causes.py: which homes make one,
   why nobody reaches them in time, how many live there, and which comes first. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { REASONS, COVERED, NOT_ASSESSED, Sums } = whatIf;

  const CAUSES = ["not_linked", "no_position", "road_gap", "barrier", "detour", "planned", "no_facility"];
  const NO_POSITION = REASONS.indexOf("no_position"), BLOCKED = REASONS.indexOf("blocked");
  const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  /* A column of numbers: what a function says of each of some rows. */
  function column(rows, valueOf) {
    const found = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) found[i] = valueOf(rows[i], i);
    return found;
  }

  /* Homes that are not covered, by id: columns of numbers, NaN unknown. */
  function membersOf(engine) {
    const { world, last } = engine, { homes, terms } = world, { state, minutes } = last.found;
    const rows = [], n = state.length;
    for (let k = 0; k < n; k++) {
      const home = homes.order ? homes.order[k] : k;
      if (state[home] !== COVERED) rows.push(home);
    }
    const limits = engine.limits(last.scenario), { piece, reason } = last.homes, { part, chain } = last.net;
    const weight = (name) => column(rows, (home) => (homes.weights[name] ? homes.weights[name][home] : NaN));
    const limit = column(rows, (home) => (homes.area[home] < 0 ? NaN : limits[homes.area[home]]));
    const took = column(rows, (home) => minutes[home]), assessed = column(rows, (home) => Number(state[home] !== NOT_ASSESSED));
    return {
      rows, limit, minutes: took, n: rows.length, terms, assessed,
      x: column(rows, (home) => (reason[home] === NO_POSITION ? NaN : homes.x[home])),
      y: column(rows, (home) => (reason[home] === NO_POSITION ? NaN : homes.y[home])),
      reason: column(rows, (home) => reason[home]),
      group: column(rows, (home, i) => 2 * (piece[home] < 0 ? -1 : part[chain[piece[home]]]) + assessed[i]), // on the same connected roads
      over: took.map((value, i) => Math.max(value - limit[i], 0)),
      elders: weight("elders"), people: weight("people"), households: weight("households"),
      ground: column(rows, (home) => (homes.residential ? homes.residential[home] : NaN)),
    };
  }

  /* Nearest of some places to each member in a straight line; of equally near ones the first by id. */
  function straight(members, places) {
    const sorted = places.filter((place) => !Number.isNaN(place.x)).sort((a, b) => byText(a.id, b.id)), n = sorted.length;
    const px = Float64Array.from(sorted, (place) => place.x), py = Float64Array.from(sorted, (place) => place.y);
    const nearest = new Int32Array(members.n).fill(-1), metres = new Float64Array(members.n).fill(NaN);
    for (let i = 0; i < members.n; i++) {
      const x = members.x[i], y = members.y[i];
      let best = Infinity;
      for (let k = 0; k < n; k++) {
        const dx = px[k] - x, dy = py[k] - y, square = dx * dx + dy * dy;
        if (square < best) {
          best = square;
          nearest[i] = k;
        }
      }
      if (nearest[i] >= 0) metres[i] = Math.sqrt(best);
    }
    return { nearest, metres, places: sorted };
  }

  /* Add to each member why it is uncovered (a place in CAUSES), and the nearest facility as the crow flies. */
  function addCauses(members, engine, walls) {
    const { world, last } = engine, { profile, terms } = world;
    const speed = last.scenario.walking_speed || profile.speed;
    const near = straight(members, whatIf.counted(world, last.scenario));
    const planned = straight(members, whatIf.coming(world, last.scenario));
    const causeOf = (i) => {
      if (!members.assessed[i]) return members.reason[i] === NO_POSITION ? "no_position" : "not_linked";
      if (members.reason[i] !== BLOCKED && Number.isNaN(members.minutes[i])) return "road_gap";
      const reach = (Math.max(members.limit[i] - profile.minutes, 0) * (speed * 60)) / terms.gaps.detour;
      if (members.reason[i] === BLOCKED) return "barrier";
      if (near.metres[i] <= reach) {
        const { x, y } = near.places[near.nearest[i]];
        return walls.crosses(members.x[i], members.y[i], x, y) ? "barrier" : "detour";
      }
      return planned.metres[i] <= reach ? "planned" : "no_facility";
    };
    members.straight = near;
    members.cause = column(members.rows, (_, i) => CAUSES.indexOf(causeOf(i)));
  }

  /* Compensated sums of a column by gap; NaN where nothing is known. */
  function summed(values, gap, n) {
    const sums = new Sums(n), known = new Uint8Array(n);
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) continue;
      known[gap[i]] = 1;
      sums.add(gap[i], values[i]);
    }
    return sums.total.map((value, k) => (known[k] ? value : NaN));
  }

  function howMany(members, gap, n, wanted = () => true) {
    const found = new Float64Array(n);
    for (let i = 0; i < members.n; i++) found[gap[i]] += wanted(i);
    return found;
  }

  /* Elders where the gap has any, else population, else one for each home. */
  function weights(members, gap, n) {
    const elders = summed(members.elders, gap, n), people = summed(members.people, gap, n);
    return column(gap, (k, i) => (elders[k] > 0 ? members.elders[i] || 0 : people[k] > 0 ? members.people[i] || 0 : 1));
  }

  /* Numbers from 0 for equal keys, in order of appearance. */
  function numbered(keys) {
    const known = new Map(), gap = new Int32Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      let number = known.get(keys[i]);
      if (number === undefined) known.set(keys[i], (number = known.size));
      gap[i] = number;
    }
    return { gap, n: known.size };
  }

  function firstOf({ gap, n }) {
    const first = new Array(n).fill(-1);
    for (let i = gap.length - 1; i >= 0; i--) first[gap[i]] = i;
    return first;
  }

  /* For each gap the value of most weight, of equals the first in order; values are numbers whose place in
     the order `place` gives, those below 0 are passed over and -1 says that a gap has none. */
  function heaviest(values, place, weight, gap, n) {
    const rows = [], size = place.length;
    for (let i = 0; i < values.length; i++) if (values[i] >= 0) rows.push(i);
    const pair = numbered(column(rows, (i) => gap[i] * size + values[i])), sums = summed(column(rows, (i) => weight[i]), pair.gap, pair.n);
    const best = new Int32Array(n).fill(-1), most = new Float64Array(n);
    firstOf(pair).forEach((r, k) => {
      const to = gap[rows[r]], value = values[rows[r]];
      if (best[to] >= 0 && !(sums[k] > most[to] || (sums[k] === most[to] && place[value] < place[best[to]]))) return;
      best[to] = value;
      most[to] = sums[k];
    });
    return best;
  }

  /* Place of each of some names in their order. */
  function placesOf(names) {
    const found = new Int32Array(names.length);
    Array.from(names.keys()).sort((a, b) => byText(names[a], names[b])).forEach((k, place) => (found[k] = place));
    return found;
  }

  /* A number for the street of each area, or for the area where it has none. */
  function streets({ street, area }) {
    return numbered(area.id.map((id, row) => (street && street.id[street.of[row]]) || id)).gap;
  }

  /* Clusters large enough stand alone; the rest is pooled by street (or area) and cause. */
  function pooled(members, clusters, world) {
    const { gap, n } = clusters, { gaps: rule } = members.terms, street = streets(world.units);
    const cause = heaviest(members.cause, Array.from(CAUSES.keys()), weights(members, gap, n), gap, n);
    const sum = (name) => summed(members[name], gap, n), elders = sum("elders"), people = sum("people"), ground = sum("ground");
    const unknown = howMany(members, gap, n, (i) => Number.isNaN(members.elders[i]) && Number.isNaN(members.people[i]));
    const stands = Array.from({ length: n }, (_, k) =>
      elders[k] >= rule.elders || people[k] >= rule.population || ground[k] / 1e4 >= rule.residential_ha || unknown[k] >= rule.homes);
    const pool = (home, i) => {
      const row = world.homes.area[home], place = row < 0 ? 0 : 1 + street[row];
      return n + (place * CAUSES.length + cause[gap[i]]) * 2 + members.assessed[i];
    };
    const found = numbered(column(members.rows, (home, i) => (stands[gap[i]] ? gap[i] : pool(home, i)))), first = firstOf(found);
    return { ...found, kind: first.map((i) => (stands[gap[i]] ? "area" : "scattered")), cause: first.map((i) => CAUSES[cause[gap[i]]]), first };
  }

  /* Weighted mean of what is known; plain where all weights are zero. */
  function mean(values, weight, gap, n) {
    const total = new Sums(n), plain = new Sums(n), all = new Sums(n), many = new Float64Array(n);
    for (let i = 0; i < values.length; i++) {
      const value = values[i], k = gap[i];
      if (Number.isNaN(value)) continue;
      many[k]++;
      total.add(k, weight[i]);
      plain.add(k, value);
      all.add(k, value * weight[i]);
    }
    return all.total.map((value, k) => (total.total[k] > 0 ? value / total.total[k] : plain.total[k] / many[k]));
  }

  /* Least value that nine tenths of the weight do not exceed. */
  function p90(values, weight, gap, n) {
    const rows = [];
    for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) rows.push(i);
    rows.sort((a, b) => gap[a] - gap[b] || values[a] - values[b]);
    const of = column(rows, (i) => gap[i]), total = summed(column(rows, (i) => weight[i]), of, n), running = new Sums(n), found = new Float64Array(n).fill(NaN);
    for (const i of rows) {
      running.add(gap[i], weight[i]);
      if (Number.isNaN(found[gap[i]]) && running.total[gap[i]] >= 0.9 * total[gap[i]] * (1 - 1e-12)) found[gap[i]] = values[i];
    }
    return found;
  }

  /* Everything that is told of a gap, a column each. */
  function described(members, { gap, n, kind, cause, first }, last) {
    const weight = weights(members, gap, n), worst = members.over.reduce((a, b) => (b > a || Number.isNaN(a) ? b : a), NaN);
    const assumed = members.over.map((over, i) => (!Number.isNaN(over) ? over : !Number.isNaN(worst) ? worst : members.limit[i]));
    const sum = (values) => summed(values, gap, n), { names, facility } = last.found, { nearest, places } = members.straight;
    const network = heaviest(column(members.rows, (home) => facility[home]), placesOf(names), weight, gap, n);
    const crow = heaviest(nearest, Array.from(places.keys()), weight, gap, n), plain = new Float64Array(members.n);
    return {
      kind, cause, first, assessed: first.map((i) => members.assessed[i] === 1),
      elders: sum(members.elders), people: sum(members.people), households: sum(members.households),
      homes: howMany(members, gap, n), unreachable: howMany(members, gap, n, (i) => Number.isNaN(members.minutes[i])),
      minutes: mean(members.minutes, weight, gap, n), over: mean(members.over, weight, gap, n), over90: p90(members.over, weight, gap, n),
      score: sum(assumed.map((value, i) => (members.assessed[i] ? value * members.elders[i] : NaN))),
      nearest: Array.from(network, (k, i) => (k >= 0 ? names[k] : crow[i] >= 0 ? places[crow[i]].id : "")),
      x: mean(members.x, plain, gap, n), y: mean(members.y, plain, gap, n),
    };
  }

  /* Order of rank: uncovered before not assessed, areas before scattered homes, most minutes over first. */
  function ranked(table) {
    const small = (k) => table.kind[k] === "scattered", many = (name, k) => table[name][k] || 0;
    return table.kind.map((_, k) => k).sort((a, b) =>
      table.assessed[b] - table.assessed[a] || small(a) - small(b) || many("score", b) - many("score", a) ||
      many("elders", b) - many("elders", a) || table.homes[b] - table.homes[a] || table.first[a] - table.first[b],
    );
  }

  /* Gaps of the engine's last scenario, first in rank first: columns, and of each home its gap or -1. */
  function gaps(engine) {
    const { world } = engine, members = membersOf(engine), { join, open } = world.terms.gaps;
    const walls = (engine.gapWalls = engine.gapWalls || new whatIf.Walls(world.walls, open, join));
    addCauses(members, engine, walls);
    const clusters = numbered(whatIf.neighbours(members, walls, join)), found = pooled(members, clusters, world);
    const table = described(members, found, engine.last), order = ranked(table), of = new Int32Array(world.homes.n).fill(-1);
    const rank = new Int32Array(found.n);
    order.forEach((k, place) => (rank[k] = place));
    members.rows.forEach((home, i) => (of[home] = rank[found.gap[i]]));
    const told = { n: found.n, of };
    for (const [name, column] of Object.entries(table)) told[name] = order.map((k) => column[k]);
    return told;
  }

  Object.assign(whatIf, { CAUSES, gaps });
})();
