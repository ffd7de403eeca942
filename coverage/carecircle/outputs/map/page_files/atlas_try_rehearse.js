/* A browser compiles what it has run often: before the reader may change anything, what every change does is
   done a few times where nobody sees it, so that the first takes no longer than the next. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const TURNS = 3, MOST_ROADS = 4000;
  const pause = () => new Promise((go) => setTimeout(go));

  /* Roads reached from end to end, and a circle as wide as the map. */
  function anyShapes({ trial, atlas }, rings) {
    const n = Math.min(MOST_ROADS, trial.world.lines.start.length - 1), { west, east, north, south } = atlas.canvas._view;
    const turns = Array.from({ length: 200 }, (_, k) => (k * Math.PI) / 100);
    const x = Float64Array.from(turns, (turn) => (west + east + (east - west) * Math.cos(turn)) / 2);
    const y = Float64Array.from(turns, (turn) => (north + south + (south - north) * Math.sin(turn)) / 2);
    const circle = { start: [0, turns.length], x, y, box: [west, north, east, south] };
    return {
      reached: { piece: Int32Array.from({ length: n }, (_, p) => p), from: new Float32Array(n), to: new Float32Array(n).fill(1), ring: new Uint8Array(n) },
      circles: Array.from({ length: 40 }, () => rings.map(() => circle)),
    };
  }

  /* One turn: painted, drawn and taken back. */
  function once(panel) {
    const { trial, map, atlas } = panel, { today } = trial, { shapes } = map, { circles } = shapes;
    const any = anyShapes(map, panel.rings());
    map.paint(today);
    trial.result = { ...today, reached: any.reached };
    for (const some of [null, any.circles]) {
      shapes.circles = some;
      atlas.canvas.rehearse(["homes", "cell", "try", "try_reached"]);
    }
    panel.results();
    atlas.refreshLegend();
    trial.result = today;
    shapes.circles = circles;
    map.paint(null);
  }

  carecircle.rehearse = async (panel) => {
    for (let turn = 0; turn < TURNS; turn++) {
      await pause();
      if (panel.atlas.canvas._view) once(panel);
    }
  };
})();
