/* Uncovered areas under a scenario, as in analysis/gaps.py and analysis/causes.py: which homes make one,
   why nobody reaches them in time, how many live there, and which comes first. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { REASONS, COVERED, NOT_ASSESSED, Sums } = whatIf;

  const CAUSES = ["not_linked", "no_position", "road_gap", "barrier", "detour", "planned", "no_facility"];
  const NO_POSITION = REASONS.indexOf("no_position"), BLOCKED = REASONS.indexOf("blocked");
  const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  /* Homes that are not covered, by id: columns of numbers, NaN unknown. */
  function membersOf(engine) {
    const { world, last } = engine, { homes, terms } = world, { state, minutes } = last.found;
    const rows = [], all = homes.order || state.keys();
    for (const home of all) if (state[home] !== COVERED) rows.push(home);
    const limits = engine.limits(last.scenario), column = (of) => Float64Array.from(rows, of);
    const weight = (name) => column((home) => (homes.weights[name] ? homes.weights[name][home] : NaN));
    const { piece, reason } = last.homes, { part, chain } = last.net;
    const limit = column((home) => (homes.area[home] < 0 ? NaN : limits[homes.area[home]]));
    const took = column((home) => minutes[home]);
    return {
      rows, limit, minutes: took, n: rows.length, terms,
      x: column((home) => (reason[home] === NO_POSITION ? NaN : homes.x[home])),
      y: column((home) => (reason[home] === NO_POSITION ? NaN : homes.y[home])),
      assessed: rows.map((home) => state[home] !== NOT_ASSESSED),
      reason: rows.map((home) => reason[home]),
      group: rows.map((home) => `${state[home] !== NOT_ASSESSED} ${piece[home] < 0 ? -1 : part[chain[piece[home]]]}`),
      over: took.map((value, i) => Math.max(value - limit[i], 0)),
      elders: weight("elders"), people: weight("people"), households: weight("households"),
      ground: column((home) => (homes.residential ? homes.residential[home] : NaN)),
    };
  }

  /* Nearest of some places in a straight line; of equally near ones the first by id. */
  function straight(members, places) {
    const sorted = places.filter((place) => !Number.isNaN(place.x)).sort((a, b) => byText(a.id, b.id)), n = sorted.length;
    const px = Float64Array.from(sorted, (place) => place.x), py = Float64Array.from(sorted, (place) => place.y);
    return members.rows.map((_, i) => {
      const x = members.x[i], y = members.y[i];
      let best = Infinity, nearest = -1;
      for (let k = 0; k < n; k++) {
        const dx = px[k] - x, dy = py[k] - y, square = dx * dx + dy * dy;
        if (square < best) {
          best = square;
          nearest = k;
        }
      }
      return nearest < 0 ? { place: null, metres: NaN } : { place: sorted[nearest], metres: Math.sqrt(best) };
    });
  }

  /* Add to each member why it is uncovered, and the nearest facility as the crow flies. */
  function addCauses(members, engine, walls) {
    const { world, last } = engine, { profile, terms } = world;
    const speed = last.scenario.walking_speed || profile.speed;
    const near = straight(members, whatIf.counted(world, last.scenario));
    const planned = straight(members, whatIf.coming(world, last.scenario));
    members.straight = near.map(({ place }) => (place ? place.id : ""));
    members.cause = members.rows.map((_, i) => {
      if (!members.assessed[i]) return members.reason[i] === NO_POSITION ? "no_position" : "not_linked";
      if (members.reason[i] !== BLOCKED && Number.isNaN(members.minutes[i])) return "road_gap";
      const reach = (Math.max(members.limit[i] - profile.minutes, 0) * (speed * 60)) / terms.gaps.detour;
      const { place, metres } = near[i], close = metres <= reach;
      if (members.reason[i] === BLOCKED) return "barrier";
      if (close) return walls.crosses(members.x[i], members.y[i], place.x, place.y) ? "barrier" : "detour";
      return planned[i].metres <= reach ? "planned" : "no_facility";
    });
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
    members.rows.forEach((_, i) => (found[gap[i]] += wanted(i)));
    return found;
  }

  /* Elders where the gap has any, else population, else one for each home. */
  function weights(members, gap, n) {
    const elders = summed(members.elders, gap, n), people = summed(members.people, gap, n);
    return Float64Array.from(gap, (k, i) => (elders[k] > 0 ? members.elders[i] || 0 : people[k] > 0 ? members.people[i] || 0 : 1));
  }

  /* Numbers from 0 for equal keys, in order of appearance. */
  function numbered(keys) {
    const known = new Map();
    const gap = Int32Array.from(keys, (key) => known.get(key) ?? known.set(key, known.size).get(key));
    return { gap, n: known.size };
  }

  function firstOf({ gap, n }) {
    const first = new Array(n).fill(-1);
    gap.forEach((k, i) => first[k] < 0 && (first[k] = i));
    return first;
  }

  /* For each gap the value of most weight, "" passed over; of equals the first in order. */
  function heaviest(values, weight, gap, n, order = byText) {
    const names = [...new Set(values)].sort(order), place = new Map(names.map((name, k) => [name, k]));
    const rows = Array.from(gap.keys()).filter((i) => values[i] !== "");
    const pair = numbered(rows.map((i) => gap[i] * names.length + place.get(values[i])));
    const sums = summed(rows.map((i) => weight[i]), pair.gap, pair.n), best = new Array(n).fill(null);
    firstOf(pair).forEach((r, k) => {
      const one = { value: values[rows[r]], weight: sums[k] }, other = best[gap[rows[r]]];
      const ahead = !other || one.weight > other.weight || (one.weight === other.weight && place.get(one.value) < place.get(other.value));
      if (ahead) best[gap[rows[r]]] = one;
    });
    return best.map((one) => (one ? one.value : ""));
  }

  /* Clusters large enough stand alone; the rest is pooled by street (or area) and cause. */
  function pooled(members, clusters, world) {
    const { gap, n } = clusters, { gaps: rule } = members.terms, { street, area } = world.units;
    const cause = heaviest(members.cause, weights(members, gap, n), gap, n, (a, b) => CAUSES.indexOf(a) - CAUSES.indexOf(b));
    const sum = (name) => summed(members[name], gap, n), elders = sum("elders"), people = sum("people"), ground = sum("ground");
    const unknown = howMany(members, gap, n, (i) => Number.isNaN(members.elders[i]) && Number.isNaN(members.people[i]));
    const alone = (k) =>
      elders[k] >= rule.elders || people[k] >= rule.population || ground[k] / 1e4 >= rule.residential_ha || unknown[k] >= rule.homes;
    const placeOf = (home) => {
      const row = world.homes.area[home];
      return row < 0 ? "" : (street && street.id[street.of[row]]) || area.id[row];
    };
    const stands = Array.from({ length: n }, (_, k) => alone(k));
    const found = numbered(members.rows.map((home, i) => (stands[gap[i]] ? gap[i] : JSON.stringify([members.assessed[i], placeOf(home), cause[gap[i]]])))), first = firstOf(found);
    return { ...found, kind: first.map((i) => (stands[gap[i]] ? "area" : "scattered")), cause: first.map((i) => cause[gap[i]]), first };
  }

  /* Weighted mean of what is known; plain where all weights are zero. */
  function mean(values, weight, gap, n) {
    const known = (column) => Array.from(column, (value, i) => (Number.isNaN(values[i]) ? NaN : value));
    const total = summed(known(weight), gap, n), plain = summed(values, gap, n), many = summed(known(weight.map(() => 1)), gap, n);
    const all = summed(Array.from(values, (value, i) => value * weight[i]), gap, n);
    return all.map((value, k) => (total[k] > 0 ? value / total[k] : plain[k] / many[k]));
  }

  /* Least value that nine tenths of the weight do not exceed. */
  function p90(values, weight, gap, n) {
    const rows = Array.from(values.keys()).filter((i) => !Number.isNaN(values[i])).sort((a, b) => gap[a] - gap[b] || values[a] - values[b]);
    const total = summed(rows.map((i) => weight[i]), rows.map((i) => gap[i]), n), running = new Sums(n), found = new Float64Array(n).fill(NaN);
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
    const sum = (values) => summed(values, gap, n), { names, facility } = last.found;
    const nearest = members.rows.map((home) => (facility[home] < 0 ? "" : names[facility[home]]));
    const network = heaviest(nearest, weight, gap, n), crow = heaviest(members.straight, weight, gap, n);
    return {
      kind, cause, first, assessed: first.map((i) => members.assessed[i]),
      elders: sum(members.elders), people: sum(members.people), households: sum(members.households),
      homes: howMany(members, gap, n), unreachable: howMany(members, gap, n, (i) => Number.isNaN(members.minutes[i])),
      minutes: mean(members.minutes, weight, gap, n), over: mean(members.over, weight, gap, n), over90: p90(members.over, weight, gap, n),
      score: sum(assumed.map((value, i) => (members.assessed[i] ? value * members.elders[i] : NaN))),
      nearest: network.map((id, k) => id || crow[k]),
      x: mean(members.x, members.x.map(() => 0), gap, n), y: mean(members.y, members.y.map(() => 0), gap, n),
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
