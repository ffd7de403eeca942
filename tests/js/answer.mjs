/* Answers scenarios: reads [{ pack, scenarios }] from standard input, writes an answer for each. */
import { readFileSync } from "node:fs";
import { whatIf } from "./town.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const plain = (values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value));

/* Whether the road before each door is drawn as reached exactly where its minutes say so. */
function checkReached(engine, { minutes, reached }, rings) {
  const { piece, share, own } = engine.onNet, found = new Map();
  reached.piece.forEach((p, k) => found.set(p, [...(found.get(p) || []), k]));
  minutes.forEach((minute, home) => {
    // who stands at a corner may have come by another street
    if (piece[home] < 0 || share[home] < 1e-6 || share[home] > 1 - 1e-6) return;
    const onRoad = minute - own[home] / 60; // without the leg to the door
    rings.forEach((ring, r) => {
      if (Math.abs(onRoad - ring) < 1e-4) return;
      const at = (k) => reached.ring[k] === r && reached.from[k] - 1e-5 <= share[home] && share[home] <= reached.to[k] + 1e-5;
      const drawn = (found.get(piece[home]) || []).some(at);
      if (drawn !== onRoad < ring) throw new Error(`home ${home}: ${onRoad} minutes, drawn within ${ring}: ${drawn}`);
    });
  });
}

function answer(engine, scenario) {
  const rings = [5, 10, 15], result = engine.run(scenario, { rings });
  checkReached(engine, result, rings);
  const { minutes, state, facility, names, figures } = result;
  const levels = {};
  for (const [level, weights] of Object.entries(figures)) {
    levels[level] = {};
    for (const [weight, states] of Object.entries(weights)) {
      levels[level][weight] = Object.fromEntries(Object.entries(states).map(([name, values]) => [name, plain(values)]));
    }
  }
  const floor = result.floor && Object.fromEntries(Object.entries(result.floor).map(([level, one]) => [level, Object.fromEntries(Object.entries(one).map(([name, values]) => [name, plain(values)]))]));
  const { cell, has } = result.verdicts;
  return { ...levels, verdicts: { cell: [...cell], has: [...has] }, floor, minutes: plain(minutes), state: [...state], facility: [...facility], names };
}

const told = asked.map(({ pack, scenarios }) => {
  const engine = new whatIf.Engine(pack);
  return scenarios.map((scenario) => answer(engine, scenario));
});
process.stdout.write(JSON.stringify(told));
