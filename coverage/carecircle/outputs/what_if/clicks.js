/* What a click on the map means under a plan: where a place would be entered, and which road is meant. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const cm = (value) => Math.round(value * 100) / 100;

  /* Handlers of the worker; `engine()` gives what it runs. */
  whatIf.clicks = (engine) => ({
    place({ lon, lat, scenario = {} }) {
      const run = engine(), { plane } = run.world;
      const [x, y] = whatIf.toXY(plane, lon, lat).map(cm);
      const hit = run.link(run.network(scenario), x, y, run.snapAt(x, y)), linked = hit.piece >= 0;
      const [doorLon, doorLat] = linked ? whatIf.toDegrees(plane, hit.x, hit.y) : [lon, lat];
      return [{ type: "place", x, y, linked, access_m: linked ? hit.access : NaN, lon: doorLon, lat: doorLat }];
    },

    road({ lon, lat, within_m: within = 30, scenario = {} }) {
      const run = engine(), { plane, roads } = run.world, net = run.network(scenario);
      const hit = run.index().nearest(net, ...whatIf.toXY(plane, lon, lat), within, (p) => net.chain[p] >= 0);
      if (!hit) return [{ type: "road", piece: -1 }];
      const [x, y] = [cm(hit.x), cm(hit.y)], [onLon, onLat] = whatIf.toDegrees(plane, x, y);
      const part = hit.piece - net.base, source = part < 0 ? hit.piece : net.source[part], row = source < 0 ? -1 : roads.of[source];
      return [{
        type: "road", piece: hit.piece, row, road: row < 0 ? null : roads.id[row], name: row < 0 ? "" : roads.name(row),
        added: source < 0 ? net.line[part] : -1, structure: (net.flags[hit.piece] & whatIf.STRUCTURE) !== 0, x, y, lon: onLon, lat: onLat,
      }];
    },
  });
})();
