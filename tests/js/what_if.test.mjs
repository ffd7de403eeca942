/* The parts of the what-if, on towns counted by hand. Run: node --test tests/js */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SAME, counts, town, whatIf } from "./town.mjs";

const WITH_ONLY = 1 + 4;

/* 1,000 m of street from west to east in two halves, a lane north from its middle. */
const STREETS = { west: [[0, 0], [500, 0]], east: [[500, 0], [1000, 0]], lane: [[500, 0], [500, 400]] };
const HOMES = { near: ["west", 0.2], door: ["west", 0.2, 30], far: ["east", 0.9], lane: ["lane", 0.5] };
const cross = (more = {}) => new whatIf.Engine(town({ streets: STREETS, homes: HOMES, facilities: { F1: ["west", 0] }, ...more }));

const minutes = (found) => [...found.minutes].map((one) => Math.round(one * 60 * 1000) / 1000);

test("minutes are metres over speed, access legs included", () => {
  assert.deepEqual(minutes(cross().today), [100, 130, 950, 700]);
});

test("fifteen minutes are covered, a hair more is not", () => {
  const at = (metre) => cross({ homes: { h: ["east", (metre - 500) / 500] } }).today.figures.city.elders;
  assert.equal(at(900).covered[0], 10);
  assert.equal(at(900.001).uncovered[0], 10);
});

test("covered, uncovered and not assessed make the whole at every level", () => {
  for (const level of ["area", "city"]) {
    const { total, covered, uncovered, notAssessed } = cross().today.figures[level].elders;
    assert.deepEqual([total[0], covered[0], uncovered[0], notAssessed[0]], [40, 30, 10, 0]);
  }
});

test("a facility closed, planned or opened counts or not", () => {
  const engine = cross({ facilities: { F1: ["west", 0], F2: ["east", 1] }, planned: ["F2"] });
  assert.deepEqual(minutes(engine.run({ build: ["F2"] })), [100, 130, 50, 700]);
  assert.deepEqual(minutes(engine.run({ close: ["F1"], build: ["F2"] })), [900, 930, 50, 700]);
  assert.ok([...engine.run({ close: ["F1"] }).minutes].every(Number.isNaN));
  assert.deepEqual(minutes(engine.run({})), [100, 130, 950, 700]);
});

test("a new place is entered from the nearest road and walks its leg", () => {
  const found = cross().run({ build: ["N1"], sites: { N1: [950, -40] } });
  assert.deepEqual(minutes(found), [100, 130, 40, 690]);
  assert.deepEqual(found.names, ["F1", "N1"]);
  assert.equal(found.names[found.facility[2]], "N1");
});

test("a place farther from any road than its limit serves nobody", () => {
  const found = cross().run({ build: ["N1"], sites: { N1: [950, -151] } });
  assert.deepEqual(minutes(found), minutes(cross().today));
});

test("a facility moves with its id", () => {
  const found = cross().run({ move: { F1: [1000, 0] } });
  assert.deepEqual(minutes(found), [900, 930, 50, 700]);
  assert.deepEqual([...new Set(found.facility)].map((k) => found.names[k]), ["F1"]);
});

test("of two equally near facilities the first by id is taken, whichever came later", () => {
  const engine = cross({ facilities: { F5: ["west", 0] } });
  const found = engine.run({ build: ["F1", "F9"], sites: { F1: [0, 0], F9: [0, 0] } });
  assert.equal(found.names[found.facility[0]], "F1");
  const later = engine.run({ build: ["F9"], sites: { F9: [0, 0] } });
  assert.equal(later.names[later.facility[0]], "F5");
});

test("limits change who is covered and nobody's minutes", () => {
  const found = cross().run({ limits: { urban: 2 } });
  assert.deepEqual(minutes(found), [100, 130, 950, 700]);
  assert.deepEqual([...found.state], [1, 0, 0, 0]);
});

test("half the speed takes twice as long, waits stay", () => {
  assert.deepEqual(minutes(cross().run({ walking_speed: 0.5 })), [200, 260, 1900, 1400]);
  const profile = JSON.parse(town({ streets: STREETS, homes: HOMES, facilities: { F1: ["west", 0] } })).profile;
  const waiting = cross({ profile: { ...profile, minutes: 3 } });
  assert.deepEqual(minutes(waiting.run({ walking_speed: 0.5 })), [380, 440, 2080, 1580]);
});

test("a closed road stops who lives behind it, and its homes link elsewhere", () => {
  const homes = { near: ["west", 0.2], middle: ["east", 0.02], far: ["east", 0.9] };
  const found = cross({ homes }).run({ roads: { close: ["east"] } });
  // 10 m east of the middle: the nearest road left is the corner itself; the far end has none
  assert.deepEqual(minutes(found), [100, 510, NaN]);
  assert.deepEqual([...found.state], [1, 1, 2]);
});

test("a new road joins where a vertex touches a road, and only there", () => {
  // from half a metre beside the corner at F1 straight to the middle of the lane, where a home is
  const joined = cross().run({ roads: { add: [[[0, 0.5], [500, 200]]] } });
  assert.equal(minutes(joined)[3], Math.round(Math.hypot(500, 199.5) * 1000) / 1000);
  assert.equal(minutes(joined)[2], 950);
  const over = cross().run({ roads: { add: [[[100, -200], [100, 200]]] } });
  assert.equal(over.minutes[2], cross().today.minutes[2]);
});

test("a new road stops at a river", () => {
  const streets = { south: [[0, 0], [400, 0]], north: [[0, 200], [400, 200]] };
  const river = [{ kind: 1, factor: null, rings: [[[-50, 100], [450, 100]]] }];
  const set = { streets, homes: { h: ["north", 0.5] }, facilities: { F1: ["south", 0.5] } };
  const add = { roads: { add: [[[200, 0], [200, 200]]] } };
  assert.equal(Math.round(new whatIf.Engine(town(set)).run(add).minutes[0] * 60), 200);
  assert.ok(Number.isNaN(new whatIf.Engine(town({ ...set, barriers: river })).run(add).minutes[0]));
});

test("a new bridge passes the river, stops at a gate, and nobody enters it from the side", () => {
  const streets = { south: [[0, 0], [400, 0]], north: [[0, 200], [400, 200]] };
  const river = { kind: 1, factor: null, rings: [[[-50, 100], [450, 100]]] }, gate = { kind: 0, factor: null, rings: [[[200, 50]]] };
  const set = { streets, homes: { h: ["north", 0.5] }, facilities: { F1: ["south", 0.5] } };
  const line = [[200, 0], [200, 200]];
  const under = (barriers, ...add) => new whatIf.Engine(town({ ...set, barriers })).run({ roads: { add } });
  assert.equal(Math.round(under([river], { line, bridge: "yes" }).minutes[0] * 60), 200);
  assert.equal(Math.round(under([river], { line, tunnel: "yes" }).minutes[0] * 60), 200);
  for (const add of [line, { line }, { line, bridge: "no" }]) {
    const found = under([river], [[0, 0], [0, 50]], add);
    assert.ok(Number.isNaN(found.minutes[0]));
    assert.deepEqual(found.network.stopped, [1]);
  }
  assert.ok(Number.isNaN(under([gate], { line, bridge: "yes" }).minutes[0]));
  assert.deepEqual(under([gate], { line, bridge: "yes" }).network.stopped, []);
  const beside = { build: ["N1"], sites: { N1: [210, 99] }, close: ["F1"], roads: { add: [{ line, bridge: "yes" }] } };
  assert.equal(Math.round(new whatIf.Engine(town(set)).run(beside).minutes[0] * 60), 99 + 10 + 200);
  const street = { ...beside, roads: { add: [line] } };
  assert.equal(Math.round(new whatIf.Engine(town(set)).run(street).minutes[0] * 60), 10 + 101);
});

test("a new road ends in the middle of another new road", () => {
  const homes = { end: ["lane", 1] }, first = [[0, 0], [0, 400]], second = [[0.4, 300], [500, 400]];
  const found = cross({ homes }).run({ roads: { add: [first, second] } });
  assert.equal(minutes(found)[0], Math.round((Math.hypot(0.4, 300) + Math.hypot(499.6, 100)) * 1000) / 1000);
});

test("what is no line is refused", () => {
  for (const add of [[[0, 0]], { bridge: "yes" }, [[0, "x"], [1, 1]]]) {
    assert.throws(() => cross().run({ roads: { add: [add] } }), /roads.add: give lines/);
  }
});

test("no access leg crosses a river", () => {
  const streets = { south: [[0, 0], [400, 0]], north: [[0, 200], [400, 200]] };
  const river = [{ kind: 1, factor: null, rings: [[[-50, 100], [450, 100]]] }];
  const set = { streets, homes: { h: ["north", 0.5], s: ["south", 0.5] }, facilities: { F1: ["south", 0] }, barriers: river };
  const at = (y) => new whatIf.Engine(town(set)).run({ build: ["N1"], sites: { N1: [200, y] }, close: ["F1"] }).minutes;
  assert.ok(Number.isNaN(at(99)[0]));
  assert.equal(Math.round(at(99)[1] * 60), 99);
  assert.equal(Math.round(at(101)[0] * 60), 99);
});

test("a one-way street is walked its way only, but its corner is entered freely", () => {
  const streets = { out: { line: [[0, 0], [300, 0]], flags: WITH_ONLY }, back: [[0, 0], [150, 200], [300, 0]] };
  const set = { streets, homes: { h: ["out", 0.5], corner: ["out", 1] }, facilities: { F1: ["out", 0] } };
  assert.deepEqual(minutes(new whatIf.Engine(town(set)).today), [150 + 500, 500]);
  assert.deepEqual(minutes(new whatIf.Engine(town({ ...set, towards: false })).today), [150, 300]);
});

test("a road at a speed of its own takes no profile's", () => {
  assert.deepEqual(minutes(cross().run({ roads: { speed: { west: 2 } } })), [50, 80, 700, 450]);
});

test("reached roads end where the minutes do", () => {
  const { reached } = cross().run({}, { rings: [5, 10] });
  const spans = [...reached.piece].map((piece, k) => [piece, reached.from[k], reached.to[k], reached.ring[k]]);
  const longest = (piece, ring) => Math.max(0, ...spans.filter((s) => s[0] === piece && s[3] === ring).map((s) => s[2]));
  assert.ok(Math.abs(longest(0, 0) - 300 / 500) < 1e-6);
  assert.equal(longest(0, 1), 1);
  assert.ok(Math.abs(longest(1, 1) - 100 / 500) < 1e-6);
  assert.ok(Math.abs(longest(2, 1) - 100 / 400) < 1e-6);
  assert.equal(longest(1, 0), 0);
});

test("a facility in the middle of a street reaches to both sides of it", () => {
  const { reached } = cross({ facilities: { F1: ["west", 0.5] } }).run({}, { rings: [2] });
  assert.deepEqual([...reached.piece], [0]);
  assert.ok(Math.abs(reached.from[0] - 130 / 500) < 1e-6 && Math.abs(reached.to[0] - 370 / 500) < 1e-6);
});

test("uncovered areas are listed, and none where all are covered", () => {
  assert.deepEqual([...cross().today.uncovered], [0]);
  assert.deepEqual([...cross().run({ limits: { urban: 60 } }).uncovered], []);
});

test("what the page cannot do or does not know is refused in one line", () => {
  const engine = cross();
  for (const [scenario, told] of [
    [{ build: ["X"] }, /build: X is not known/], [{ close: ["X"] }, /close: X/], [{ move: { F1: "X" } }, /move: X/],
    [{ roads: { close: ["X"] } }, /roads.close: X/], [{ limits: { town: 3 } }, /limits: town/], [{ population: 2 }, /population: not changed/],
  ]) assert.throws(() => engine.run(scenario), told);
});

test("rounding goes half to even, as in numpy", () => {
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map((n) => whatIf.even(n) + 0), [0, 2, 2, 0, -2, 2, 3]);
});

test("the plane is evaluated term by term", () => {
  const fit = { middle: [10, 20], half: [2, 4], degree: 2, terms: [[1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 1]] };
  const [u, v] = [0.5, -0.25]; // terms run 1, v, v2, u, uv, u2
  const first = 1 + 2 * v + 3 * v * v + 4 * u + 5 * u * v + 6 * u * u;
  assert.deepEqual(whatIf.toXY({ to_xy: fit }, 11, 19), [first, u * u]);
});

test("large and negative whole numbers survive the packing", () => {
  const world = JSON.parse(town({ streets: STREETS, homes: HOMES, facilities: { F1: ["west", 0] } }));
  world.homes.weights.elders.whole = counts([0, -1, 2 ** 40, -(2 ** 40)]);
  assert.deepEqual([...whatIf.unpack(world).homes.weights.elders], [0, -1, 2 ** 40, -(2 ** 40)]);
});

/* A random graph by a fixed rule, so that every run sees the same one. */
function randomNet(n, seed) {
  let state = seed;
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const arcs = Array.from({ length: 3 * n }, () => [Math.floor(next() * n), Math.floor(next() * n), 1 + Math.floor(next() * 100)]);
  const rows = Array.from({ length: n }, () => []);
  for (const [a, b, cost] of arcs) rows[a].push([b, cost]), rows[b].push([a, cost]);
  const indptr = [0];
  for (const row of rows) indptr.push(indptr.at(-1) + row.length);
  const flat = rows.flat();
  const chains = Array.from({ length: n }, (_, j) => j);
  return {
    nJunctions: n, indptr, head: flat.map((arc) => arc[0]), arcSeconds: flat.map((arc) => arc[1]),
    ends: chains.flatMap((j) => [j, j]), arcs,
  };
}

const source = (junction, rank) => ({ rank, at: { chain: junction, toStart: 0, toEnd: 0, own: 0 } });

test("the search equals repeated relaxing of every street", () => {
  for (const seed of [1, 2, 3]) {
    const net = randomNet(60, seed), sources = [source(3, 1), source(40, 2), source(41, 3)];
    const { cost } = whatIf.spread(net, whatIf.freshLabels(net), sources);
    const slow = new Float64Array(60).fill(Infinity);
    for (const { at } of sources) slow[at.chain] = 0;
    for (let round = 0; round < 60; round++) {
      for (const [a, b, c] of net.arcs) {
        slow[b] = Math.min(slow[b], slow[a] + c);
        slow[a] = Math.min(slow[a], slow[b] + c);
      }
    }
    assert.deepEqual([...cost], [...slow]);
  }
});

test("improving labels by one more facility equals a search from all", () => {
  const net = randomNet(80, 7), first = [source(5, 1), source(60, 3)], more = [source(22, 2)];
  const kept = whatIf.spread(net, whatIf.freshLabels(net), first);
  const whole = whatIf.spread(net, whatIf.freshLabels(net), [...first, ...more]);
  const grown = whatIf.spread(net, kept, more);
  assert.deepEqual([...grown.cost], [...whole.cost]);
  assert.deepEqual([...grown.who], [...whole.who]);
});

test("a click is answered on the roads of the plan, not of today", () => {
  const engine = cross({ plane: { to_xy: SAME, to_degrees: SAME } }), ask = whatIf.clicks(() => engine);
  const [street] = ask.road({ lon: 120, lat: 12 });
  assert.deepEqual([street.road, street.added, street.x, street.y], ["west", -1, 120, 0]);
  const scenario = { roads: { add: [[[100, 0], [100, 200]], { line: [[900, 0], [900, 200]], bridge: "yes" }] } };
  const [lane] = ask.road({ lon: 112.004, lat: 100, scenario });
  assert.deepEqual([lane.road, lane.added, lane.x, lane.y, lane.structure], [null, 0, 100, 100, false]);
  assert.equal(ask.road({ lon: 112, lat: 100 })[0].piece, -1);
  assert.deepEqual([ask.road({ lon: 890, lat: 100, scenario })[0].structure, ask.road({ lon: 50, lat: 1, scenario })[0].road], [true, "west"]);
  assert.equal(ask.road({ lon: 120, lat: 12, scenario: { roads: { close: ["west"] } } })[0].piece, -1);

  const [today] = ask.place({ lon: 110, lat: 160 }), [planned] = ask.place({ lon: 110, lat: 160, scenario });
  assert.deepEqual([today.linked, planned.linked, planned.access_m, planned.lon, planned.lat], [false, true, 10, 100, 160]);
  assert.equal(ask.place({ lon: 890, lat: 160, scenario })[0].linked, false); // beside a bridge
});
