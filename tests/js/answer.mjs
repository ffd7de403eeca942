/* Answers scenarios: reads [{ pack, scenarios }] from standard input, writes an answer for each. */
import { readFileSync } from "node:fs";
import { whatIf } from "./town.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const plain = (values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value));

function answer(engine, scenario) {
  const { minutes, state, facility, names, figures } = engine.run(scenario);
  const levels = {};
  for (const [level, weights] of Object.entries(figures)) {
    levels[level] = {};
    for (const [weight, states] of Object.entries(weights)) {
      levels[level][weight] = Object.fromEntries(Object.entries(states).map(([name, values]) => [name, plain(values)]));
    }
  }
  return { ...levels, minutes: plain(minutes), state: [...state], facility: [...facility], names };
}

const told = asked.map(({ pack, scenarios }) => {
  const engine = new whatIf.Engine(pack);
  return scenarios.map((scenario) => answer(engine, scenario));
});
process.stdout.write(JSON.stringify(told));
