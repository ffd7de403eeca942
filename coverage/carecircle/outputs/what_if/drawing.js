/* What is drawn of a scenario after its figures: messages of the worker, in Web Mercator 0 to 1.

     gaps { id, scenario }  ->  gaps { n, kind, cause, ..., of, shapes, areas, fresh }
       columns as in gaps.js, first in rank first; `shapes` { first, start, x, y }; `areas` of each gap;
       `fresh`: elders of each gap who are covered today
     circles { id, scenario, ids, minutes }  ->  circles { circles }   of each facility, of each of the minutes: rings
       { start, x, y } */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  function mercator(plane, x, y) {
    for (let i = 0; i < x.length; i++) {
      const [lon, lat] = whatIf.toDegrees(plane, x[i], y[i]), sine = Math.sin((lat * Math.PI) / 180);
      x[i] = lon / 360 + 0.5;
      y[i] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    }
  }

  /* Areas in which each gap lies, by number. */
  function areasOf({ n, of }, homes) {
    const found = Array.from({ length: n }, () => new Set());
    of.forEach((gap, home) => gap >= 0 && homes.area[home] >= 0 && found[gap].add(homes.area[home]));
    return found.map((areas) => Array.from(areas).sort((a, b) => a - b));
  }

  /* Elders (homes, where none are known) of each gap whom a facility of today reaches in time. */
  function freshIn({ n, of }, engine) {
    const { homes } = engine.world, size = homes.weights.elders || homes.weights.homes, sums = new whatIf.Sums(n);
    of.forEach((gap, home) => gap >= 0 && engine.today.state[home] === whatIf.COVERED && !Number.isNaN(size[home]) && sums.add(gap, size[home]));
    return sums.total;
  }

  /* Where each facility that counts stands on the network: what has the same key has the same circles. */
  const placesOf = (net, sources) => sources.map(({ id, piece, share, at }) => ({ id, key: [net.key, id, piece, share, at.own].join(" ") }));

  /* The engine with a scenario run: what is asked of one scenario in a row runs it once. */
  function under(engine, scenario) {
    if (JSON.stringify(engine.last.scenario) !== JSON.stringify(scenario)) engine.run(scenario);
    return engine;
  }

  const drawing = (engineOf) => ({
    gaps({ scenario }) {
      const engine = under(engineOf(), scenario), { world } = engine, found = whatIf.gaps(engine);
      const shapes = whatIf.gapShapes(world.homes, found.of, found.n, world.terms.gaps.join);
      mercator(world.plane, shapes.x, shapes.y);
      const at = { x: Float64Array.from(found.x), y: Float64Array.from(found.y) };
      mercator(world.plane, at.x, at.y);
      return [{ type: "gaps", ...found, ...at, shapes, areas: areasOf(found, world.homes), fresh: freshIn(found, engine) }];
    },

    circles({ scenario, ids, minutes }) {
      const engine = under(engineOf(), scenario), { plane } = engine.world;
      const shape = (rings) => {
        const start = [0];
        for (const ring of rings) start.push(start[start.length - 1] + ring.length / 2);
        const all = rings.flat(), x = new Float64Array(all.length / 2), y = new Float64Array(all.length / 2);
        for (let i = 0; i < x.length; i++) [x[i], y[i]] = [all[2 * i], all[2 * i + 1]];
        mercator(plane, x, y);
        return { start, x, y };
      };
      const known = new Set(engine.last.sources.map((source) => source.id));
      return [{ type: "circles", circles: ids.map((id) => (known.has(id) ? whatIf.circles(engine, id, minutes).map(shape) : null)) }];
    },
  });

  Object.assign(whatIf, { drawing, placesOf });
})();
