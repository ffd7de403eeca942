"""Random scenarios for a study, and what the page must answer to be right: Python's own figures."""

from __future__ import annotations

import json

import numpy as np
import shapely

import carecircle as cc
from browser import chromium, visit
from carecircle.outputs.colours import CELLS
from carecircle.outputs.map.atlas import coverage_map
from carecircle.planning.tally import FIGURES
from carecircle.scenarios.file import scenarios_from

#: What a scenario may do, how often; those that search the roads anew take Python a second each.
QUICK = ("add", "close", "move", "open")
SLOW = ("limits", "speed", "close_road", "add_road", "road_speed")
STATES = {
    "total": "total", "covered": "covered", "uncovered": "uncovered",
    "notAssessed": "not_assessed",
}  # fmt: skip

ASK = """
async (scenarios) => {
  const code = document.getElementById("what-if-worker").textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const ask = (message) => new Promise((good) => {
    worker.onmessage = ({ data }) => good(data);
    worker.postMessage(message);
  });
  const plain = (one) => ArrayBuffer.isView(one)
    ? Array.from(one, (value) => (Number.isNaN(value) ? null : value))
    : one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).map(([key, value]) => [key, plain(value)]))
      : one;
  await ask({ type: "init", pack: document.getElementById("what-if-pack").textContent });
  const answers = [];
  for (const scenario of scenarios) {
    const began = performance.now();
    const { reached, uncovered, ...told } = await ask({ type: "scenario", id: 7, scenario });
    answers.push({ ...told, took: performance.now() - began });
  }
  return JSON.stringify(answers.map(plain));
}
"""


def draw(baseline, n, *, seed, slow=0.25, spread_m=120.0):
    """Draw scenarios as the plain objects that a page writes and Python reads."""
    rng = np.random.default_rng(seed)
    pen = _Pen(baseline, rng, spread_m)
    return [pen.scenario(slow=k < slow * n) for k in range(n)]


def draw_at_barriers(study, n, *, seed):
    """Draw scenarios of roads and bridges that touch roads which barriers cut, near the cut."""
    rng, roads, barriers = np.random.default_rng(seed), study.tables.roads, study.tables.barriers
    edges = barriers.geometry.where(barriers.geom_type != "Polygon", barriers.boundary)
    cuts = [
        (line, line.project(shapely.Point(shapely.get_coordinates(meeting)[0])))
        for edge in edges
        for line in roads.geometry
        if not (meeting := line.intersection(edge)).is_empty
    ]
    lines = list(roads.geometry)

    def spot(line, metre):
        at = line.interpolate(float(np.clip(metre, 0, line.length)))
        return [round(at.x, 2), round(at.y + float(rng.choice([0.0, 0.2])), 2)]

    def road():
        line, metre = cuts[rng.integers(len(cuts))]
        other = lines[rng.integers(len(lines))]
        start = spot(line, metre + rng.normal(0, rng.choice([0.3, 2, 40])))
        end = spot(other, rng.uniform(0, other.length))
        return {"line": [start, end], "bridge": str(rng.choice(["yes", "no"]))}

    return [{"roads": {"add": [road() for _ in range(rng.integers(1, 4))]}} for _ in range(n)]


class _Pen:
    def __init__(self, baseline, rng, spread_m):
        self.rng, self.spread_m, self.study = rng, spread_m, baseline.study
        self.homes = shapely.get_coordinates(self.study.homes.geometry.array)
        register = baseline.register
        counts, operates = register["counts"].to_numpy(), register["operates"].to_numpy()
        self.open, self.closed = list(baseline.names), list(register.index[counts & ~operates])
        roads = self.study.tables.roads
        told = roads["bridge"].notna() if "bridge" in roads else np.zeros(len(roads), dtype=bool)
        self.bridges = list(roads.index[told])

    def scenario(self, *, slow):
        rng = self.rng
        does = set(rng.choice(QUICK, size=rng.integers(1, 3), replace=False))
        if slow:
            does |= set(rng.choice(SLOW, size=rng.integers(1, 3), replace=False))
        found = {}
        n = min(len(self.open), 3)
        chosen = [str(one) for one in rng.choice(self.open, size=n, replace=False)]
        if "add" in does:
            found["sites"] = {f"N{k}": self.spot() for k in range(rng.integers(1, 4))}
            found["build"] = list(found["sites"])
        if "open" in does and self.closed:
            found["build"] = [*found.get("build", []), str(rng.choice(self.closed))]
        if "close" in does:
            found["close"] = chosen[: rng.integers(1, max(n, 2))]
        if "move" in does and chosen[-1] not in found.get("close", ()):
            found["move"] = {chosen[-1]: self.spot()}
        return found | self.terms(does) | self.roads(does)

    def terms(self, does):
        found = {}
        if "limits" in does:
            kinds = self.study.card.limits
            found["limits"] = {kind: int(self.rng.integers(5, 61)) for kind in kinds}
        if "speed" in does:
            found["walking_speed"] = round(float(self.rng.uniform(0.6, 1.4)), 2)
        return found

    def roads(self, does):
        rng, found, ids = self.rng, {}, self.study.tables.roads.index
        if "close_road" in does:
            found["close"] = [str(one) for one in rng.choice(ids, size=4, replace=False)]
            found["close"] += [str(one) for one in rng.permutation(self.bridges)[:1]]
        if "add_road" in does:
            first = self.line()
            lines = [first, self.branch(first)][: rng.integers(1, 3)]
            found["add"] = [self.bridge(one) if rng.random() < 0.4 else one for one in lines]
        if "road_speed" in does:
            found["speed"] = {str(one): 0.7 for one in rng.choice(ids, size=3, replace=False)}
        return {"roads": found} if found else {}

    def spot(self):
        at = self.homes[self.rng.integers(len(self.homes))] + self.rng.normal(0, self.spread_m, 2)
        return [round(float(value), 2) for value in at]

    @staticmethod
    def bridge(line):
        return {"line": line, "bridge": "yes"}

    def branch(self, line):
        """From the middle of a new road to the corner of an old one."""
        start = np.mean(line[:2], axis=0)
        roads = self.study.tables.roads.geometry
        near = roads.sindex.query(shapely.Point(start).buffer(500))
        end = shapely.get_coordinates(roads.iloc[self.rng.choice(near)])[0]
        return [[round(float(value), 2) for value in at] for at in (start, end)]

    def line(self):
        """From a corner of one road by a bend into the middle of another."""
        lines = self.study.tables.roads.geometry
        one = lines.iloc[self.rng.integers(len(lines))]
        other = lines.iloc[self.rng.choice(lines.sindex.query(one.buffer(500)))]
        start = shapely.get_coordinates(one)[-1]
        end = shapely.get_coordinates(other.interpolate(self.rng.uniform(), normalized=True))[0]
        bend = (start + end) / 2 + self.rng.normal(0, 20, 2)
        return [[round(float(value), 2) for value in at] for at in (start, bend, end)]


def outcome_of(baseline, scenario):
    """What Python says of a scenario that a page wrote."""
    (read,) = scenarios_from({"scenario": [{"name": "drawn"} | scenario]})
    return baseline.what_if(read)


def differences(answer, outcome):
    """What an answer of the page says otherwise than Python; nothing where it is right."""
    told = []
    minutes = np.array(answer["minutes"], dtype=float)
    if not np.array_equal(np.isnan(minutes), np.isnan(outcome.minutes)):
        told.append("other homes are without a way")
    worst = np.nanmax(np.abs(minutes - outcome.minutes), initial=0.0)
    if worst > 1e-3:
        told.append(f"minutes are off by {worst}")
    state = np.where(outcome.tally.assessed, outcome.covered.astype(int), 2)
    wrong = np.flatnonzero(state != np.array(answer["state"]))
    if len(wrong):
        told.append(f"homes {wrong[:5].tolist()} are in another state")
    told += verdict_differences(answer["verdicts"], outcome.figures["area"])
    for level, figures in outcome.figures.items():
        for weight in answer[level]:
            for theirs, ours in STATES.items():
                expected = figures[:, FIGURES.index(f"{weight}_{ours}")]
                found = np.array(answer[level][weight][theirs], dtype=float)
                if not np.array_equal(found, expected, equal_nan=True):
                    told.append(f"{level}: {weight} {ours} {found.tolist()} != {expected.tolist()}")
    return told


def verdict_differences(verdicts, figures):
    """Which areas have another cell, or a facility in the one and none in the other."""
    cells = np.column_stack([figures[:, FIGURES.index(f"cell_{cell}")] > 0 for cell in CELLS])
    expected = np.where(cells.any(axis=1), cells.argmax(axis=1), len(CELLS))
    has = figures[:, FIGURES.index("units_with_facility")]
    wrong = np.flatnonzero((expected != verdicts["cell"]) | (has != verdicts["has"]))
    return [f"areas {wrong[:5].tolist()} have another verdict"] if len(wrong) else []


def nearest_names(answer):
    """Id of each home's nearest facility in an answer, None without one."""
    names = [*answer["names"], None]
    return [names[number] for number in answer["facility"]]


def names_in(outcome):
    """The same as Python has it."""
    names = [*outcome.names, None]
    return [names[number] for number in outcome.facility]


def baseline_of(study):
    """Study held ready without standards, which a what-if does not touch, and its findings."""
    from dataclasses import replace

    study = replace(study, terms=replace(study.terms, presets=()))
    return cc.Baseline.of(study), cc.assess(study)


def answers_of_page(findings, scenarios, folder):
    """What the map that ships answers in a browser without network; ``took`` are milliseconds."""
    path = folder / "map.html"
    coverage_map(findings).save(str(path))
    with chromium() as tool, visit(tool, path.as_uri()) as seen:
        answers = json.loads(seen.page.evaluate(ASK, scenarios))
        assert seen.complaints == []
        assert [one for one in seen.requests if not one.startswith(("file:", "blob:"))] == []
    return answers
