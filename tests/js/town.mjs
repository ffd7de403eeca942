/* Small towns as the page gets them, packed by hand: a second way to what what_if/pack.py writes. */
import { readFileSync } from "node:fs";
import vm from "node:vm";

const FOLDER = new URL("../../coverage/carecircle/outputs/what_if/", import.meta.url);
const PARTS = [
  "pack", "plane", "shapes", "lines", "search", "network", "changes", "positions", "tally", "reached",
  "roster", "floor", "neighbours", "gaps", "squares", "fields", "circles", "drawing", "engine", "clicks", "worker",
];

for (const part of PARTS) vm.runInThisContext(readFileSync(new URL(`${part}.js`, FOLDER), "utf8"), part);

export const whatIf = globalThis.whatIf;

const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/* Whole numbers of any sign in seven-bit groups, lowest first. */
export function counts(values) {
  const out = [];
  for (const value of values) {
    let rest = BigInt(value) >= 0n ? 2n * BigInt(value) : -2n * BigInt(value) - 1n;
    do {
      const group = Number(rest & 127n);
      rest >>= 7n;
      out.push(rest ? group | 128 : group);
    } while (rest);
  }
  return base64(out);
}

export const steps = (values) => counts(values.map((value, i) => value - (i ? values[i - 1] : 0)));
export const floats = (values) => base64(new Uint8Array(Float64Array.from(values).buffer));

export function places(points) {
  const tenths = points.flat().map((metre) => Math.round(metre * 10000));
  return counts(tenths.map((value, i) => value - (i > 1 ? tenths[i - 2] : 0)));
}

const metresOf = (line) => line.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - line[i][0], y - line[i][1]), 0);
export const SAME = { middle: [0, 0], half: [1, 1], degree: 1, terms: [[0, 0, 1], [0, 1, 0]] };

/* Streets { id: line } or { id: { line, flags } }, each a chain of its own between corners; homes and
   facilities { id: [street, share, access] } standing beside it; one urban area A, all homes in it. */
export function town({ streets, homes, facilities, planned = [], barriers = [], towards = true, ...rest }) {
  const ids = Object.keys(streets), lines = ids.map((id) => streets[id].line || streets[id]);
  const corners = new Map();
  const corner = (point) => corners.get(String(point)) ?? corners.set(String(point), corners.size).get(String(point));
  const ends = lines.flatMap((line) => [corner(line[0]), corner(line.at(-1))]);
  const spot = ([street, share, access = 0]) => {
    const line = lines[ids.indexOf(street)], from = line[0], to = line.at(-1), long = metresOf([from, to]);
    const along = [0, 1].map((k) => from[k] + share * (to[k] - from[k]));
    return [along[0] - (access * (to[1] - from[1])) / long, along[1] + (access * (to[0] - from[0])) / long];
  };
  const at = (spots) => ({
    xy: spots.map(spot), piece: spots.map(([street]) => ids.indexOf(street)),
    share: floats(spots.map(([, share]) => share)), access: floats(spots.map(([, , access = 0]) => access)),
  });
  const people = Object.values(homes), open = at(Object.values(facilities)), living = at(people);
  const zero = counts(people.map(() => 0));
  return JSON.stringify({
    step: 1e-4, plane: { to_xy: SAME, to_degrees: SAME }, towards, connected: true,
    snap: { urban: 150 }, limits: { urban: 15 }, rings: [5], kind: "station",
    profile: { speed: 1, leg: 1, leg_follows: true, minutes: 0, crossing: 0, one_speed: true, new_road: 1 },
    pieces: {
      chains: counts(ids.map(() => 1)), ends: steps(ends), closed_ends: "",
      length: floats(lines.map(metresOf)), points: counts(lines.map((line) => line.length)), xy: places(lines.flat()),
      flags: base64(ids.map((id) => streets[id].flags ?? 7)), row: steps(ids.map((_, row) => row)),
    },
    roads: { id: ids, of: steps(ids.map((_, row) => row)), names: [""], name: counts(ids.map(() => 0)) },
    barriers,
    homes: {
      n: people.length, xy: places(living.xy), piece: steps(living.piece), share: living.share, access: living.access,
      passed: { rows: "", codes: "" }, reason: { rows: "", codes: "" }, area: zero,
      weights: { elders: { scale: 1, whole: counts(people.map(() => 10)) } },
    },
    facilities: {
      id: Object.keys(facilities), xy: floats(open.xy.flat()), piece: counts(open.piece), share: open.share,
      access: open.access, extra: floats(open.piece.map(() => 0)), area: counts(open.piece.map(() => 0)),
      counts: base64(open.piece.map(() => 1)),
      operates: base64(Object.keys(facilities).map((id) => Number(!planned.includes(id)))),
      coming: base64(Object.keys(facilities).map((id) => Number(planned.includes(id)))),
      named: base64(open.piece.map(() => 0)), owners: counts(open.piece.map(() => 0)), owned: "",
    },
    terms: {
      on_time: 0.95, by_name: false, circles: { trim: 60, hole: 10000 },
      gaps: { join: 150, elders: 50, population: 300, homes: 20, residential_ha: 1, detour: 1.3, open: [] },
    },
    sites: { id: [] },
    units: {
      area: { id: ["A"], name: ["Area"], of: counts([0]), stray: -1 },
      city: { id: ["T"], name: ["Town"], of: counts([0]), stray: -1 },
    },
    areas: { kinds: ["urban"], kind: counts([0]), ground: [] },
    ...rest,
  });
}
