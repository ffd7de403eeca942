/* Verdicts, uncovered areas and circles of the what-if, on towns counted by hand. Run: node --test tests/js */
import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, places, town, whatIf } from "./town.mjs";

const STREETS = { west: [[0, 0], [500, 0]], east: [[500, 0], [1000, 0]], lane: [[500, 0], [500, 400]] };
const HOMES = { near: ["west", 0.2], door: ["west", 0.2, 30], far: ["east", 0.9], lane: ["lane", 0.5] };

/* Two areas side by side, the border at 750 m, all homes counted in the one they stand in. */
function twoAreas({ owned = [], ...more } = {}) {
  const pack = JSON.parse(town({ streets: STREETS, homes: HOMES, facilities: { F1: ["west", 0], F2: ["east", 1] }, planned: ["F2"], ...more }));
  const box = (west, east) => places([[west, -500], [east, -500], [east, 500], [west, 500], [west, -500]]);
  pack.areas = {
    kinds: ["urban"], kind: counts([0, 0]),
    ground: [[-100, 750], [750, 1100]].map(([west, east], area) => ({ area, points: counts([5]), xy: box(west, east) })),
  };
  const both = { id: ["T"], name: ["Town"], of: counts([0, 0]), stray: -1 };
  pack.units = { area: { id: ["A", "B"], name: ["A", "B"], of: counts([0, 1]), stray: -1 }, city: both };
  pack.homes.area = counts([0, 0, 1, -1]); // steps: near, door, lane in A, far in B
  pack.facilities.area = counts([0, 1]);
  if (owned.length) {
    pack.facilities.named = Buffer.from(owned.map((areas) => Number(areas.length > 0))).toString("base64");
    Object.assign(pack.facilities, { owners: counts(owned.map((areas) => areas.length)), owned: counts(owned.flat()) });
    pack.terms.by_name = true;
  }
  return new whatIf.Engine(JSON.stringify(pack));
}

const cellsOf = ({ verdicts }) => Array.from(verdicts.cell, (code) => whatIf.CELLS[code]);

test("an area has a facility or not, is in time or not", () => {
  const engine = twoAreas();
  assert.deepEqual(cellsOf(engine.today), ["has_in_time", "none_late"]);
  assert.deepEqual(cellsOf(engine.run({ build: ["F2"] })), ["has_in_time", "has_in_time"]);
  assert.deepEqual(cellsOf(engine.run({ limits: { urban: 16 } })), ["has_in_time", "neighbour_in_time"]);
  assert.deepEqual(cellsOf(engine.run({ limits: { urban: 1 } })), ["has_late", "none_late"]);
  const { levels } = engine.run({ build: ["F2"] }).verdicts;
  assert.deepEqual([levels.city.total[0], levels.city.has[0], levels.city.onTime[0]], [2, 2, 2]);
});

test("a new place belongs to the area it stands in, on the border to the first", () => {
  const engine = twoAreas(), has = (x) => [...engine.run({ build: ["N1"], sites: { N1: [x, 0] }, close: ["F1"] }).verdicts.has];
  assert.deepEqual([has(700), has(800), has(750), has(5000)], [[1, 0], [0, 1], [1, 0], [0, 0]]);
});

test("where facilities name the areas they serve, standing in one is not enough", () => {
  const engine = twoAreas({ owned: [[1], []] });
  assert.deepEqual([...engine.today.verdicts.has], [0, 1]);
  assert.deepEqual([...engine.run({ build: ["F2"], close: ["F1"] }).verdicts.has], [0, 1]); // nobody names any now
  assert.deepEqual([...engine.run({ build: ["N1"], sites: { N1: [10, 0] } }).verdicts.has], [1, 1]);
});

test("an area without anybody assessed has no verdict", () => {
  const engine = twoAreas();
  const { verdicts } = engine.run({ roads: { close: ["east"] } });
  assert.equal(verdicts.cell[1], whatIf.NO_CELL);
  assert.equal(verdicts.levels.city.notAssessed[0], 1);
});

const gapsOf = (set, scenario = {}) => {
  const engine = new whatIf.Engine(town({ streets: STREETS, facilities: { F1: ["west", 0] }, ...set }));
  engine.run(scenario);
  return whatIf.gaps(engine);
};

test("homes over the limit within 150 m of each other are one gap, a lonely one is pooled", () => {
  const row = Object.fromEntries([0, 1, 2, 3, 4].map((k) => [`h${k}`, ["row", k / 10]]));
  const streets = { ...STREETS, row: [[1000, 0], [2000, 0]] };
  const found = gapsOf({ streets, homes: { ...row, alone: ["row", 1] } });
  // 10 elders each: five of them in a row make 50, and the one 600 m on is scattered
  assert.deepEqual(found.kind, ["area", "scattered"]);
  assert.deepEqual([found.elders, found.homes], [[50, 10], [5, 1]]);
  assert.deepEqual([...found.of], [0, 0, 0, 0, 0, 1]);
  assert.deepEqual(found.cause, ["no_facility", "no_facility"]);
  assert.equal(found.score[0], 10 * [1000, 1100, 1200, 1300, 1400].reduce((sum, metre) => sum + metre / 60 - 15, 0));
});

test("why nobody comes in time: barrier, detour, planned, no facility", () => {
  const streets = { up: [[0, 0], [0, 900]], over: [[0, 900], [300, 900]], down: [[300, 900], [300, 0]] };
  const set = { streets, homes: { h: ["down", 1] }, facilities: { F1: ["up", 0], F2: ["down", 0.9] }, planned: ["F2"] };
  const wall = [{ kind: 1, factor: null, rings: [[[150, -50], [150, 500]]] }];
  assert.deepEqual(gapsOf(set).cause, ["detour"]);
  assert.deepEqual(gapsOf({ ...set, barriers: wall }).cause, ["barrier"]);
  assert.deepEqual(gapsOf(set, { move: { F1: [5, 800] } }).cause, ["planned"]);
  assert.deepEqual(gapsOf({ ...set, facilities: { F1: ["up", 0.9] }, planned: [] }).cause, ["no_facility"]);
});

test("no gap without anybody uncovered", () => {
  assert.equal(gapsOf({ homes: HOMES }, { limits: { urban: 60 } }).n, 0);
});

/* Clusters by comparing every pair, a second way. */
function pairwise({ x, y, group }, walls, join) {
  const label = Array.from(x.keys());
  const merge = (a, b) => label.forEach((one, i) => one === a && (label[i] = b));
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      if (group[i] !== group[j] || Math.hypot(x[i] - x[j], y[i] - y[j]) > join) continue;
      if (walls.some((wall) => whatIf.meet(x[i], y[i], x[j], y[j], ...wall))) continue;
      merge(label[i], label[j]);
    }
  }
  return label;
}

test("clusters by squares are those of every pair compared, barriers and groups too", () => {
  let state = 5;
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let round = 0; round < 8; round++) {
    const n = 150, spread = (wide) => Float64Array.from({ length: n }, () => -500 + wide * next());
    const homes = { x: spread(1500), y: spread(1500), group: Array.from({ length: n }, () => (next() < 0.8 ? "a" : "b")) };
    const lines = Array.from({ length: 4 }, () => [0, 1, 2, 3].map(() => -500 + 1500 * next()));
    const packed = lines.map(([ax, ay, bx, by]) => ({ kind: 1, factor: null, rings: [[[ax, ay], [bx, by]]] }));
    const found = whatIf.neighbours(homes, new whatIf.Walls(whatIf.barriers(packed), [], 120), 120);
    const wanted = pairwise(homes, lines, 120), pairs = new Set(wanted.map((one, i) => `${one} ${found[i]}`));
    assert.equal(pairs.size, new Set(wanted).size);
    assert.equal(pairs.size, new Set(found).size);
  }
});

const areaOfRings = ({ start, x, y }) => {
  let area = 0;
  for (let r = 0; r + 1 < start.length; r++) {
    const ring = [];
    for (let i = start[r]; i < start[r + 1]; i++) ring.push(x[i], y[i]);
    area += whatIf.areaOf(ring);
  }
  return area;
};

test("a gap is drawn as the squares around its homes, a hole as a hole", () => {
  const one = whatIf.gapShapes({ x: [10], y: [10] }, [0], 1, 90);
  assert.deepEqual([[...one.first], [...one.start], areaOfRings(one)], [[0, 1], [0, 4], 90 * 90]);
  // eight homes around an empty middle of 30 m
  const ring = [[0, 0], [3, 0], [4, 0], [4, 3], [4, 4], [1, 4], [0, 4], [0, 1]].map((at) => at.map((k) => 30 * k + 15));
  const around = whatIf.gapShapes({ x: ring.map((at) => at[0]), y: ring.map((at) => at[1]) }, ring.map(() => 0), 1, 90);
  const cells = new Set(ring.flatMap(([x, y]) => [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [(x - 15) / 30 + i, (y - 15) / 30 + j].join()))));
  assert.equal(areaOfRings(around), cells.size * 900);
  assert.equal(around.first[1], 2);
});

test("a circle is the ground within the trim of what is reached", () => {
  const engine = new whatIf.Engine(town({ streets: { road: [[0, 0], [2000, 0]] }, homes: { h: ["road", 0.1] }, facilities: { F1: ["road", 0.5] } }));
  engine.run({});
  const [five, ten] = whatIf.circles(engine, "F1", [5, 10]).map(([ring, ...others]) => {
    assert.equal(others.length, 0);
    return { area: whatIf.areaOf(ring), west: Math.min(...ring.filter((_, i) => i % 2 === 0)) };
  });
  // 600 m of road with 60 m around it: a strip and two half discs, straight joins cost less than one percent
  const ideal = (long) => long * 120 + Math.PI * 3600;
  assert.ok(Math.abs(five.area / ideal(600) - 1) < 0.01 && Math.abs(ten.area / ideal(1200) - 1) < 0.01);
  assert.ok(Math.abs(five.west - 640) < 1 && Math.abs(ten.west - 340) < 1);
});

test("a circle goes by its own facility alone, and holds its access leg", () => {
  const set = { streets: STREETS, homes: HOMES, facilities: { F1: ["west", 0, 100], F2: ["east", 1] } };
  const engine = new whatIf.Engine(town(set));
  engine.run({});
  const [[ring]] = whatIf.circles(engine, "F1", [5]);
  const axis = (k) => ring.filter((_, i) => i % 2 === k);
  assert.ok(Math.abs(Math.max(...axis(0)) - 260) < 1); // 100 s of leg leave 200 m of road
  assert.ok(Math.abs(Math.max(...axis(1)) - 160) < 1);
});
