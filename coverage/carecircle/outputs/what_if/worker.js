/* The what-if as a web worker. The page starts it without any request:

     const code = document.getElementById("what-if-worker").textContent;
     const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
     worker.postMessage({ type: "init", pack: document.getElementById("what-if-pack").textContent });

   Every message has a `type` and may have an `id`; each gets one answer with the same `id`, and
   `type` "error" with `message`, a line for the reader, where it cannot be done.

   init { pack }  ->  ready {
     units: level -> { id, name, of }   levels "area", "street", "district", "city", "kind" as the study
                                        has them; `of` gives the unit of each area
     facilities: { id, counts, open }   in the order of the map; `counts` says that it would count if it
                                        operated, `open` that it counts today
     floor: Uint8Array or null          of each facility, whether its floor area counts; null without a check
     sites: [{ id, lon, lat }]          the study's candidate sites
     limits, rings, profile, kind       of the study; `profile.speed` in metres per second,
                                        `profile.one_speed` whether another may be given
     lines: { start, x, y }             pieces of road as Web Mercator 0 to 1, transferred: piece p has
                                        points start[p] to start[p + 1]
     road: Int32Array                   of each piece, its row in `roads`
     roads: { id, name }                ids for `roads.close`, names to show
     today: an answer as below }

   scenario { scenario, rings }  ->  result {
     city, district, street, kind, area:
       weight -> { total, covered, uncovered, notAssessed, change }: a Float64Array each, a value for
       each unit; weights "homes", "people", "elders", "households"; NaN unknown; `change` is covered
       now less covered today
     minutes: Float64Array              of each home, NaN without a way; homes in the order of the study
     state: Uint8Array                  of each home: 0 uncovered, 1 covered, 2 not assessed
     facility: Int32Array, names        of each home its nearest facility: names[facility], -1 none
     verdicts: { cell, has, levels }    cell of each area (0 to 3: has_in_time, neighbour_in_time, has_late,
       none_late; 4 unknown), whether it has a facility; levels: level -> { total, has, onTime, notAssessed,
       cells }, a value for each unit
     places: [{ id, key }]              facilities that count and are linked; the same key, the same circles
     floor: level -> { required, provided, shortfall, per100 }  m2, and m2 per 100 households, of each unit;
       null where the study checks no floor area; NaN unknown, as behind a new place of no known size
     uncovered: Int32Array              areas with somebody uncovered, most elders first
     reached: { piece, from, to, ring } spans of pieces (shares of their length) within rings[ring]
                                        minutes, only if `rings` (minutes) were given, longest ring first
     stopped                            numbers of the roads in `roads.add` that a barrier cuts
     ms }                               milliseconds it took
     `scenario` is the JSON object that carecircle reads: { build: [id], close: [id], move: { id: [x, y] },
     enlarge: { id: m2 more }, sites: { id: [x, y] }, limits: { urban: minutes, rural: minutes }, walking_speed: metres per second,
     roads: { close: [road id], add: [[[x, y], ...]], speed: { id: metres per second } } }, every key
     optional; x and y in the study's plane. A new place is a site of its own that is built:
     { build: ["N1"], sites: { N1: [x, y] } }. A new road joins where a vertex touches a road; one that
     barriers do not cut is { line: [[x, y], ...], bridge: "yes" }.

   place { lon, lat, scenario } -> place { x, y, linked, access_m, lon, lat }  a click: coordinates for a scenario
     to the centimetre; whether a facility there would be linked to the roads under the scenario (today's
     without one); where it would be entered
   road { lon, lat, within_m, scenario } -> road { piece, row, road, name, added, structure, x, y, lon, lat } or
     { piece: -1 }  a click on a road under the scenario, and the spot on it; a new one has row -1 and `added`,
     its number in `roads.add`
   warm -> warmed                                  runs every kind of change, so that the first is quick
   load { pack }                                   the network alone: for a worker that only draws
   gaps, circles                                   what is drawn of a scenario: see drawing.js
   show { points: [[x, y], ...] } -> show { points: [[lon, lat], ...] }  places of a scenario on the map

   Reached roads can be drawn at once, before the circles: stroke them with a round pen as wide as twice the
   study's trim, `terms.circles.trim`. */
(function () {
  "use strict";
  const whatIf = globalThis.whatIf;
  if (typeof WorkerGlobalScope === "undefined") return; // under Node the parts are tested one by one

  let engine = null;

  const mercator = (lon, lat) => {
    const sine = Math.sin((lat * Math.PI) / 180);
    return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  };

  function answer(found, began) {
    const { figures, verdicts, places, minutes, state, facility, names, uncovered, reached } = found, before = engine.today.figures;
    const levels = {};
    for (const [level, weights] of Object.entries(figures)) {
      levels[level] = {};
      for (const [name, one] of Object.entries(weights)) {
        const change = one.covered.map((value, i) => value - before[level][name].covered[i]);
        levels[level][name] = { ...one, change };
      }
    }
    return { ...levels, floor: found.floor, verdicts, places, minutes, state, facility, names, uncovered, reached, stopped: found.network.stopped, ms: performance.now() - began };
  }

  function lines() {
    const { pieces, plane } = engine.world, n = pieces.x.length;
    const x = new Float64Array(n), y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      [x[i], y[i]] = mercator(...whatIf.toDegrees(plane, pieces.x[i], pieces.y[i]));
    }
    return { start: pieces.points.slice(), x, y };
  }

  const WARM_MS = 500, WARM_TURNS = 2;

  /* A browser compiles what it has run often, so the first updates would take several times as long as the
     others: every kind is run before the page may ask. */
  function warm() {
    const { world } = engine, { facilities, pieces, roads, limits, profile } = world, began = performance.now();
    const [id] = engine.openToday, f = facilities.number.get(id), at = (p, metres) => [pieces.x[pieces.points[p]] + metres, pieces.y[pieces.points[p]]];
    const n = pieces.nOpen, rings = Object.values(limits);
    const kinds = [
      (turn) => profile.one_speed && { walking_speed: profile.speed * (1.05 + 0.01 * turn) },
      () => id && { close: [id], limits: Object.fromEntries(Object.keys(limits).map((kind) => [kind, 10])) },
      (turn) => id && { move: { [id]: [facilities.x[f] + 50 + turn, facilities.y[f]] } },
      (turn) => n && { roads: { close: [roads.id[roads.of[(turn * 7919) % n]]], add: [[at((turn * 7919) % n, 0), at((turn * 7919) % n, 150)]] } },
    ];
    for (let turn = 1; turn <= WARM_TURNS || performance.now() - began < WARM_MS; turn++) {
      for (const kind of kinds) if (kind(turn)) engine.run(kind(turn), { rings });
    }
    engine.run({}); // what was asked last stands for what is drawn
  }

  const handlers = {
    init({ pack }) {
      const began = performance.now();
      engine = new whatIf.Engine(pack);
      const { units, facilities, sites, limits, rings, profile, kind, plane, roads, terms } = engine.world;
      const drawn = lines(), today = answer(engine.today, began);
      // today's arrays stay here for the differences; the page gets copies
      const copies = Object.fromEntries(["minutes", "state", "facility"].map((name) => [name, today[name].slice()]));
      return [{
        type: "ready", floor: engine.world.floor && engine.world.floor.facilities.counts, units, limits, rings, profile, kind, terms, lines: drawn,
        facilities: { id: facilities.id, counts: facilities.counts, open: facilities.id.map((id) => engine.openToday.has(id)) },
        sites: sites.id.map((id, i) => {
          const [lon, lat] = whatIf.toDegrees(plane, sites.x[i], sites.y[i]);
          return { id, lon, lat };
        }),
        road: roads.of.slice(), roads: { id: roads.id, name: roads.id.map((_, row) => roads.name(row)) },
        today: { ...today, ...copies },
      }, [drawn.x.buffer, drawn.y.buffer, drawn.start.buffer]];
    },

    warm() {
      warm();
      return [{ type: "warmed" }];
    },

    load({ pack }) {
      engine = new whatIf.Engine(pack);
      return [{ type: "loaded" }];
    },

    scenario({ scenario, rings }) {
      const began = performance.now();
      const found = answer(engine.run(scenario, { rings }), began);
      const given = [found.minutes, found.state, found.facility, ...Object.values(found.reached || {})];
      return [{ type: "result", ...found }, given.map((array) => array.buffer)];
    },

    show({ points }) {
      return [{ type: "show", points: points.map(([x, y]) => whatIf.toDegrees(engine.world.plane, x, y)) }];
    },
  };

  Object.assign(handlers, whatIf.drawing(() => engine), whatIf.clicks(() => engine));

  globalThis.onmessage = ({ data }) => {
    try {
      const [found, transfer = []] = handlers[data.type](data);
      globalThis.postMessage({ id: data.id, ...found }, transfer);
    } catch (fault) {
      globalThis.postMessage({ id: data.id, type: "error", message: fault.message });
    }
  };
})();
