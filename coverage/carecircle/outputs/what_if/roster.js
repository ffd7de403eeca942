/* Which facilities count under a scenario, whose they are by the roster, and the four cells of the areas, as
   in analysis/roster.py: has a facility or not, is in time or not. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const CELLS = ["has_in_time", "neighbour_in_time", "has_late", "none_late"], NO_CELL = 4; // as they are coloured

  /* Whether a place lies on the edge of a shape: edges belong to both sides. */
  const onEdge = (shape, x, y) => whatIf.eachEdge(shape, (i) => whatIf.meet(x, y, x, y, shape.x[i], shape.y[i], shape.x[i + 1], shape.y[i + 1]));

  /* Row of the one area a place lies in, the first by id; -1 outside all. */
  function areaAt(world, x, y) {
    const found = world.areas.ground.find((one) => whatIf.inside(one, x, y) || onEdge(one, x, y));
    return found ? found.area : -1;
  }

  const spotOf = (world, scenario, to) => {
    if (Array.isArray(to)) return to;
    const own = (scenario.sites || {})[to], row = world.sites.number.get(to);
    return own || [world.sites.x[row], world.sites.y[row]];
  };

  function listed(register, i) {
    return {
      id: register.id[i], x: register.x[i], y: register.y[i], area: register.area[i], named: register.named[i] === 1,
      owners: register.owned.subarray(register.owners[i], register.owners[i + 1]),
    };
  }

  /* Facilities that count under a scenario: id, place, the areas they name, the area they stand in. */
  function counted(world, scenario) {
    const { facilities, sites, terms } = world, { build = [], close = [], move = {}, sites: own = {} } = scenario;
    const gone = new Set(close), found = [];
    const stand = (place, [x, y]) => ({ ...place, x, y, area: areaAt(world, x, y) });
    for (let f = 0; f < facilities.n; f++) {
      const id = facilities.id[f], opens = build.includes(id);
      if (!facilities.counts[f] || !(opens || (facilities.operates[f] && !gone.has(id)))) continue;
      const place = listed(facilities, f);
      found.push(!opens && id in move ? stand(place, spotOf(world, scenario, move[id])) : place);
    }
    for (const id of build) {
      if (facilities.number.has(id)) continue;
      if (id in own) {
        const place = stand({ id }, own[id]), named = terms.by_name && place.area >= 0;
        found.push({ ...place, named, owners: named ? [place.area] : [] });
      } else if (sites.counts[sites.number.get(id)]) found.push(listed(sites, sites.number.get(id)));
    }
    return found;
  }

  /* Facilities still to come: planned or being built, and not opened by the scenario. */
  function coming(world, scenario) {
    const { facilities } = world, { build = [], move = {} } = scenario, found = [];
    for (let f = 0; f < facilities.n; f++) {
      const id = facilities.id[f];
      if (!facilities.coming[f] || build.includes(id)) continue;
      const [x, y] = id in move ? spotOf(world, scenario, move[id]) : [facilities.x[f], facilities.y[f]];
      found.push({ id, x, y });
    }
    return found;
  }

  /* Which areas have a facility: by name where any names the areas it serves, else by where it stands. */
  function roster(world, places) {
    const has = new Uint8Array(world.units.area.id.length), byName = places.some((place) => place.named);
    for (const place of places) {
      for (const area of byName ? place.owners : [place.area]) if (area >= 0) has[area] = 1;
    }
    return has;
  }

  function onTime(world, area) {
    const who = area.elders && area.elders.total.some((value) => !Number.isNaN(value)) ? area.elders : area.homes;
    return Array.from(who.total, (total, i) => {
      if (!(total > 0 && who.notAssessed[i] < total)) return null;
      return who.covered[i] >= world.terms.on_time * total * (1 - 1e-12);
    });
  }

  /* How many areas of each unit have a facility, are on time, cannot be told, and are in each cell. */
  function counts(unit, cell, has) {
    const n = unit.id.length, column = () => new Float64Array(n);
    const found = { total: column(), has: column(), onTime: column(), notAssessed: column(), cells: CELLS.map(column) };
    cell.forEach((code, area) => {
      const to = unit.of[area];
      if (to < 0) return;
      found.total[to]++;
      found.has[to] += has[area];
      if (code === NO_CELL) return void found.notAssessed[to]++;
      found.cells[code][to]++;
      found.onTime[to] += code < 2;
    });
    return found;
  }

  /* Cell of each area (a place in CELLS, or NO_CELL), whether it has a facility, and counts by level. */
  function verdicts(world, figures, scenario) {
    const has = roster(world, counted(world, scenario)), inTime = onTime(world, figures.area);
    const cell = Uint8Array.from(inTime, (yes, i) => (yes === null ? NO_CELL : 2 * !yes + !has[i]));
    const levels = {};
    for (const [level, unit] of Object.entries(world.units)) levels[level] = counts(unit, cell, has);
    return { cell, has, levels };
  }

  Object.assign(whatIf, { CELLS, NO_CELL, areaAt, counted, coming, listed, spotOf, verdicts });
})();
