/* Gaps and circles of scenarios: reads [{ pack, scenarios, minutes }] from standard input, writes an answer for each. */
import { readFileSync } from "node:fs";
import { whatIf } from "./town.mjs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);

function answer(engine, scenario, minutes) {
  engine.run(scenario);
  const gaps = whatIf.gaps(engine), shapes = whatIf.gapShapes(engine.world.homes, gaps.of, gaps.n, engine.world.terms.gaps.join);
  const circles = engine.last.sources.map(({ id }) => [id, whatIf.circles(engine, id, minutes)]);
  return { gaps, shapes, circles: Object.fromEntries(circles) };
}

const told = asked.map(({ pack, scenarios, minutes }) => {
  const engine = new whatIf.Engine(pack);
  return scenarios.map((scenario) => answer(engine, scenario, minutes));
});
process.stdout.write(JSON.stringify(told, plain));
