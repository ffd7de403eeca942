/* Floor area under a plan: what each area owes, has and lacks, as in standards/floor_area.py. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const rounded = (m2) => whatIf.even(m2 * 1e6) / 1e6;

  /* Facilities that give floor area under a scenario: their m2, and the areas that share it. */
  function supplies(world, scenario) {
    const { facilities, sites, floor } = world, { build = [], close = [], move = {}, enlarge = {}, sites: own = {} } = scenario;
    const found = [], add = (m2, { named, owners, area }) => found.push({ m2, areas: [...(named ? owners : [area])].filter((one) => one >= 0) });
    for (let f = 0; f < facilities.n; f++) {
      const id = facilities.id[f], opens = build.includes(id);
      if (!floor.facilities.counts[f] || !(opens || (facilities.operates[f] && !close.includes(id)))) continue;
      const place = whatIf.listed(facilities, f);
      if (id in move) place.area = whatIf.areaAt(world, ...whatIf.spotOf(world, scenario, move[id]));
      add(floor.facilities.m2[f] + (enlarge[id] || 0), place);
    }
    for (const id of build) {
      if (facilities.number.has(id)) continue;
      if (id in own) {
        if (floor.usual) add(NaN, { area: whatIf.areaAt(world, ...own[id]) }); // nobody said how large it is
      } else if (floor.sites.counts[sites.number.get(id)]) add(floor.sites.m2[sites.number.get(id)], whatIf.listed(sites, sites.number.get(id)));
    }
    return found;
  }

  /* Sums of what is known, NaN where nothing is. */
  function sums(values, unit) {
    const found = new Float64Array(unit.id.length).fill(NaN);
    values.forEach((value, area) => {
      const to = unit.of[area];
      if (to >= 0 && !Number.isNaN(value)) found[to] = (found[to] || 0) + value;
    });
    return found;
  }

  /* Level -> required, provided and shortfall in m2 and m2 per 100 households of each unit; null without a rule. */
  function floorAreas(world, scenario) {
    if (!world.floor) return null;
    const { required, households } = world.floor, n = required.length, has = new Float64Array(n);
    for (const { m2, areas } of supplies(world, scenario)) {
      const there = areas.reduce((sum, area) => sum + households[area], 0);
      for (const area of areas) has[area] += m2 * (areas.length === 1 ? 1 : there === 0 ? 1 / areas.length : households[area] / there);
    }
    const provided = has.map(rounded), owes = (area) => households[area] !== 0;
    const shortfall = provided.map((m2, area) => rounded(Math.max(required[area] - m2, 0)));
    const known = (values) => values.map((value, area) => (Number.isNaN(provided[area] + households[area]) ? NaN : value));
    const found = { area: { required, provided, shortfall, per100: provided.map((m2, area) => (100 * m2) / households[area]) } };
    for (const [level, unit] of Object.entries(world.units)) {
      if (level === "area") continue;
      const have = sums(known(provided), unit), who = sums(known(households), unit);
      found[level] = {
        required: sums(required.map((m2, area) => (owes(area) ? m2 : 0)), unit), provided: sums(provided, unit),
        shortfall: sums(shortfall.map((m2, area) => (owes(area) ? m2 : 0)), unit), per100: have.map((m2, i) => (100 * m2) / who[i]),
      };
    }
    return found;
  }

  Object.assign(whatIf, { floorAreas });
})();
