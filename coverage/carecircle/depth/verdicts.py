"""The depth of every verdict of a study in one go: classes, curves, intervals, gaps, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.analysis.classes import coverage_by_minutes
from carecircle.depth.certainty import (
    coverage_by_speed,
    coverage_intervals,
    roads_of,
    speed_classes,
    usual_uncertainty,
)
from carecircle.depth.explanation import explain_uncovered
from carecircle.depth.road_checks import road_gap_checks
from carecircle.outputs.folder import save_folder
from carecircle.outputs.fractions import fraction
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.layers import write_frames
from carecircle.outputs.manifest import manifest_text, plain_json
from carecircle.outputs.masking import internal
from carecircle.outputs.workbook.tables import write_csv
from carecircle.scenarios.baseline import Baseline
from carecircle.study.assessment import assess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carecircle.analysis.classes import SpeedClasses
    from carecircle.analysis.draws import Uncertainty
    from carecircle.analysis.findings import Findings
    from carecircle.analysis.uncertainty import Intervals
    from carecircle.depth.explanation import Explanations
    from carecircle.depth.road_checks import RoadChecks
    from carecircle.study.assessment import Result, Study

__all__ = ["StudyDepth", "depth_of"]

_CLASSES = ("robust", "fragile", "uncovered", "hard")
_WORDS = {
    "robust": ("稳健", "robust"), "fragile": ("脆弱", "fragile"),
    "uncovered": ("未覆盖", "uncovered"), "hard": ("难覆盖", "hard"),
    "not_assessed": ("未评估", "not assessed"),
}  # fmt: skip
_WHO = {
    "elders": ("老年人口", "elders"), "people": ("常住人口", "residents"),
    "homes": ("住宅", "homes"),
}  # fmt: skip
_AREAS = ("社区(村)", "areas")
_SHOWN = 3
#: Layer -> (Chinese, English).
_LAYERS = {
    "areas": ("社区(村):稳健程度", "areas: how sure each verdict is"),
    "homes": ("住宅:稳健程度", "homes: how sure each verdict is"),
    "road_gaps": ("疑似断头路", "probable gaps in the roads"),
    "uncovered": ("盲区:原因和实地措施", "uncovered areas: reason and what would help"),
}
_NO_CHANGE = ("没有断头路影响判定", "no verdict hangs on a gap in the roads")


@dataclass(frozen=True, eq=False)
class StudyDepth:
    """How deep the verdicts of a study stand.

    Attributes
    ----------
    result
        The assessment.
    classes
        By three walking speeds; see :func:`carecircle.speed_classes`.
    by_minutes, by_speed
        Coverage over limits and over speeds; see :func:`carecircle.coverage_by_minutes` and
        :func:`carecircle.coverage_by_speed`.
    intervals
        See :func:`carecircle.coverage_intervals`.
    road_checks
        See :func:`carecircle.road_gap_checks`.
    explanations
        See :func:`carecircle.explain_uncovered`.
    """

    result: Result
    classes: SpeedClasses
    by_minutes: pd.DataFrame
    by_speed: pd.DataFrame
    intervals: Intervals
    road_checks: RoadChecks
    explanations: Explanations

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The short form as (what, figure) in the study's language."""
        pick = 0 if self.result.card.language == "zh" else 1
        return [*self._rates(pick), *self._class_lines(pick), *self._gap_lines(pick),
                *self._reasons(pick)]  # fmt: skip

    @property
    def facts(self) -> dict[str, Any]:
        """The same as plain JSON values: city rates, classes, worst gaps, first explanations."""
        city = self.intervals.rates.loc[["city"]].reset_index()
        classes = self.classes.units.loc[["city"]].reset_index()
        units = self.explanations.units.head(_SHOWN).reset_index()
        facts: dict[str, Any] = plain_json({
            "terms": self.intervals.uncertainty.terms().reset_index().to_dict("records"),
            "draws": self.intervals.uncertainty.draws,
            "seed": self.intervals.uncertainty.seed,
            "rates": city.to_dict("records"),
            "speeds_m_s": list(self.classes.speeds_m_s),
            "classes": classes.to_dict("records"),
            "areas_by_class": self._areas_by_class(),
            "road_gaps": len(self.road_checks.gaps),
            "worst_road_gaps": self._worst_gaps().to_dict("records"),
            "explanations": units[["unit_kind", "unit_id", "name", "zh", "en"]].to_dict("records"),
        })  # fmt: skip
        return facts

    def save(self, folder: str | Path) -> Path:
        """Write the result folder, whole or not at all; equal studies give equal bytes.

        The folder is not for publication, and says so: its parts, subtracted from each other or
        from a published assessment, tell small counts of people.

        Parameters
        ----------
        folder
            Folder to make; an empty one or an earlier carecircle result is replaced.

        Returns
        -------
        pathlib.Path
            The folder: ``classes.csv``, ``class_areas.csv``, ``class_homes.csv``,
            ``coverage_by_minutes.csv``, ``coverage_by_speed.csv``, ``intervals.csv``,
            ``interval_areas.csv``, ``road_gaps.csv`` (to take into the field),
            ``road_gap_homes.csv``, ``explanations.csv``, ``changes.csv``, ``depth.gpkg`` (areas,
            homes, road_gaps, uncovered), ``depth.json`` and ``manifest.json``.

        Raises
        ------
        InputError
            If the folder holds anything that carecircle did not write.
        """
        gaps = pd.DataFrame(self.road_checks.gaps.drop(columns="geometry"))
        tables = {
            "classes": self.classes.units, "class_areas": self.classes.areas,
            "class_homes": self.classes.homes, "coverage_by_minutes": self.by_minutes,
            "coverage_by_speed": self.by_speed, "intervals": self.intervals.rates,
            "interval_areas": self.intervals.areas, "road_gaps": gaps,
            "explanations": self.explanations.units, "changes": self.explanations.changes,
        }  # fmt: skip
        plain = {name: frame.reset_index() for name, frame in tables.items()}
        plain["road_gap_homes"] = self.road_checks.homes
        text = manifest_text(self.facts).encode()

        def write_facts(_: Findings, path: Path) -> None:
            path.write_bytes(text)

        writers = {f"{name}.csv": _writer(frame) for name, frame in plain.items()}
        own = {"depth.gpkg": self._write_layers, "depth.json": write_facts}
        return save_folder(internal(self.result), folder, writers=writers | own)

    def __repr__(self) -> str:
        return "\n".join(f"{what}: {said}" for what, said in self.lines)

    def _repr_html_(self) -> str:
        card = self.result.card
        title = card.title_zh if card.language == "zh" else card.title
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(what)}</td>"
            f"<td style='text-align:left'>{escape(said)}</td></tr>"
            for what, said in self.lines
        )
        return f"<div><b>{escape(title)}</b><table>{rows}</table></div>"

    def _rates(self, pick: int) -> list[tuple[str, str]]:
        weight = counted_in(self.result)
        lines = []
        for _, row in self.intervals.rates.xs("city", level="level").reset_index().iterrows():
            if row["weight"] != weight:
                continue
            spread = f"{_percent(row['rate_p5'])}-{_percent(row['rate_p95'])} %"
            what = (f"{_WHO[weight][0]}覆盖率", f"coverage of {_WHO[weight][1]}")[pick]
            of = (f"{self.intervals.uncertainty.draws} 次模拟的 p5-p95",
                  f"p5-p95 of {self.intervals.uncertainty.draws} draws")[pick]  # fmt: skip
            lines.append((what, f"{fraction(row['covered'], row['total'])}; {of}: {spread}"))
        return lines

    def _areas_by_class(self) -> dict[str, int]:
        counts = self.classes.areas["class"].value_counts()
        return {name: int(counts.get(name, 0)) for name in (*_CLASSES, "not_assessed")}

    def _class_lines(self, pick: int) -> list[tuple[str, str]]:
        speeds = "/".join(f"{speed:g}" for speed in self.classes.speeds_m_s)
        weight = counted_in(self.result)
        city = self.classes.units.loc[["city"]].reset_index()
        own = city[city["weight"] == weight]
        sums = {name: float(own[name].sum()) for name in (*_CLASSES, "not_assessed")}
        return [
            (f"{what[pick]} ({speeds} {('米/秒', 'm/s')[pick]})",
             ", ".join(f"{_WORDS[name][pick]} {n:,.0f}" for name, n in counts.items()))
            for what, counts in ((_WHO[weight], sums), (_AREAS, self._areas_by_class()))
        ]  # fmt: skip

    def _worst_gaps(self) -> pd.DataFrame:
        columns = ["road_id", "other_road_id", "gap_m", "detour_m", "x", "y", "homes_flipped",
                   "elders_flipped"]  # fmt: skip
        gaps = pd.DataFrame(self.road_checks.gaps)
        worst = gaps[gaps["homes_flipped"] > 0][columns].head(_SHOWN)
        return worst.reset_index()

    def _gap_lines(self, pick: int) -> list[tuple[str, str]]:
        label = ("疑似断头路", "probable gaps in the roads")[pick]
        lines = [(label, f"{len(self.road_checks.gaps):,}")]
        worst = self._worst_gaps()
        if worst.empty:
            return [(label, f"{lines[0][1]}; {_NO_CHANGE[pick]}")]
        lines += [(str(row["road_gap_id"]), _gap(row, pick)) for row in worst.to_dict("records")]
        return lines

    def _reasons(self, pick: int) -> list[tuple[str, str]]:
        units = self.explanations.units.head(_SHOWN)
        label = ("说明", "why")[pick]
        return [(label, str(said)) for said in units[("zh", "en")[pick]]]

    def _write_layers(self, findings: Findings, path: Path) -> None:
        pick = 0 if findings.card.language == "zh" else 1
        areas = self.result.areas[["name", "kind", "geometry"]].join([
            self.classes.areas["class"],
            self.intervals.areas[["on_time", "on_time_chance", "flip_chance"]],
            self.road_checks.areas[["depends_on", "elders_depend"]],
            _said(self.explanations, "area"),
        ])  # fmt: skip
        homes = self.result.homes[["area_id", "geometry"]].join([
            self.classes.homes.drop(columns="area_id"),
            self.intervals.homes, self.road_checks.depends_on,
        ])  # fmt: skip
        uncovered = self.result.gaps.join(_said(self.explanations, "gap"))
        layers = {"areas": areas, "homes": homes, "road_gaps": self.road_checks.gaps,
                  "uncovered": uncovered}  # fmt: skip
        names = {layer: pair[pick] for layer, pair in _LAYERS.items()}
        write_frames(layers, path, findings.card, names=names)


def depth_of(
    study: Study | Baseline,
    *,
    uncertainty: Uncertainty | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> StudyDepth:
    """Say how sure every verdict of a study is, on what it hangs, and what would change it.

    Parameters
    ----------
    study
        A study, or a :class:`Baseline` made of it.
    uncertainty
        What is drawn for the intervals;
        :func:`carecircle.depth.certainty.usual_uncertainty` when missing.
    tell
        Called with one line for each step.

    Returns
    -------
    StudyDepth
        All that the functions it names return, from one search of the roads; ``save(folder)``.

    Raises
    ------
    InputError
        If the study brings its own minutes and no roads, or its profile has a speed for each road
        class.

    Examples
    --------
    >>> import carecircle as cc
    >>> sure = cc.Uncertainty(draws=3, speed_share=0.0, home_m=0.0, facility_m=0.0)
    >>> depth_of(cc.samples.toy_town(), uncertainty=sure).lines[0]
    ('老年人口覆盖率', '61.5 % (80 / 130); 3 次模拟的 p5-p95: 61.5-61.5 %')
    """
    if isinstance(study, Baseline):
        base = study
    else:
        tell("building the road network")
        base = Baseline.of(study)
    roads_of(base, "depth of the verdicts")
    tell("assessing the study")
    result = assess(base.study)
    tell("classing by walking speed")
    classes = speed_classes(base)
    by_minutes = coverage_by_minutes(result.homes, base.study.areas)
    by_speed = coverage_by_speed(base)
    drawn = uncertainty or usual_uncertainty(base.study)
    tell(f"drawing {drawn.draws} times")
    intervals = coverage_intervals(base, drawn)
    tell("looking for gaps in the roads")
    checks = road_gap_checks(base)
    tell("explaining what is not covered")
    said = explain_uncovered(base, result=result, road_checks=checks)
    return StudyDepth(result, classes, by_minutes, by_speed, intervals, checks, said)


def _percent(share: float) -> str:
    return "--" if pd.isna(share) else f"{100 * share:.1f}"


def _gap(row: dict[Any, Any], pick: int) -> str:
    where = f"{row['road_id']} - {row['other_road_id']} ({row['x']:.0f}, {row['y']:.0f})"
    who = f"{row['homes_flipped']:,.0f} {('处住宅', 'homes')[pick]}"
    if pd.notna(row["elders_flipped"]):
        who += f" / {row['elders_flipped']:,.0f} {('位老年人', 'elders')[pick]}"
    return (
        f"{where} 间隔 {row['gap_m']:.1f} 米;接通后 {who}按时可达",
        f"{where}, {row['gap_m']:.1f} m apart; joined: {who} in time",
    )[pick]


def _said(explanations: Explanations, kind: str) -> pd.DataFrame:
    units = explanations.units
    mine = units[units.index.get_level_values("unit_kind") == kind]
    return mine.droplevel("unit_kind")[["best", "zh", "en"]]


def _writer(frame: pd.DataFrame) -> Callable[[Findings, Path], None]:
    def write(_: Findings, path: Path) -> None:
        write_csv(frame, path)

    return write
