"""Formulas of areas: households, people, and the floor area they have and owe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.inputs.dasymetric import numbers
from carecircle.standards.floor_rule import DECIMALS, FloorAreaRule, floor_parts
from carecircle.standards.joining import reasons
from carecircle.standards.measures import measured
from carecircle.standards.registry import formula

if TYPE_CHECKING:
    from carecircle.standards.rule_frames import RuleFrames

__all__ = [
    "area_figure",
    "area_share",
    "elder_floor_area",
    "elders",
    "floor_area",
    "households",
    "population",
    "required_floor_area",
]

#: Facility kinds that care for elders in the community.
_ELDER_CARE = (
    "station", "day_care", "street_centre", "embedded_complex", "rural_centre", "mutual_aid_home",
)  # fmt: skip
_COMPLEX = ("service_complex",)


def _column(frames: RuleFrames, name: str) -> pd.DataFrame:
    figure = numbers(frames.areas, name)
    reason = reasons(len(figure), (np.isnan(figure), f"{name}_missing"))
    return pd.DataFrame({"numerator": figure, "reason": reason}, index=frames.units("area"))


@formula("households", unit="households", level="area", closes="households")
def households(frames: RuleFrames) -> pd.DataFrame:
    """Family households."""
    return _column(frames, "households")


@formula("population", unit="people", level="area", closes="people")
def population(frames: RuleFrames) -> pd.DataFrame:
    """Resident population."""
    return _column(frames, "population")


@formula("elders", unit="people", level="area", closes="people")
def elders(frames: RuleFrames) -> pd.DataFrame:
    """Residents aged 60 and over."""
    return _column(frames, "elders")


@formula("area_figure", unit="", level="area")
def area_figure(frames: RuleFrames, column: str) -> pd.DataFrame:
    """Take a figure from a column of the areas, such as ``social_workers``."""
    found = _column(frames, column)
    blind = found["numerator"].isna().to_numpy()
    return found.assign(reason=reasons(len(found), (blind, "figure_missing")))


@formula("area_share", unit="%", level="area", closes="m2")
def area_share(frames: RuleFrames, column: str, of: str) -> pd.DataFrame:
    """One column of the areas as a share of another, such as built floor area."""
    top, bottom = numbers(frames.areas, column), numbers(frames.areas, of)
    blind = np.isnan(top) | np.isnan(bottom)
    return measured(top, bottom, scale=100.0, index=frames.units("area"),
                    reason=reasons(len(top), (blind, "figure_missing")))  # fmt: skip


@formula(
    "floor_area", unit="m2", level="area", closes="m2",
    source="shared facilities are split by households, as in check_floor_area",
)  # fmt: skip
def floor_area(
    frames: RuleFrames, kinds: tuple[str, ...] = _COMPLEX, column: str = "floor_m2"
) -> pd.DataFrame:
    """Floor area of the facilities that serve an area; areas without households owe nothing."""
    provided, remarks, served = frames.floor(tuple(kinds), column)
    known = numbers(frames.areas, "households")
    return pd.DataFrame(
        {
            "numerator": np.round(provided, DECIMALS),
            "owes": known != 0,
            "reason": reasons(
                len(known),
                (known == 0, "no_households"),
                (remarks["floor_missing"], "floor_missing"),
                (remarks["split_unknown"], "split_unknown"),
            ),
            "evidence": served,
        },
        index=frames.units("area"),
    )


@formula("elder_floor_area", unit="m2", level="area", closes="m2")
def elder_floor_area(
    frames: RuleFrames, kinds: tuple[str, ...] = _ELDER_CARE, column: str = "elder_floor_m2"
) -> pd.DataFrame:
    """Floor area for community elder care that serves an area."""
    return floor_area(frames, kinds, column)


@formula(
    "required_floor_area", unit="m2", level="area", closes="m2",
    source="乌海市“十四五”民政事业发展规划 第五章第二节: max(floor, per 100 households)",
)  # fmt: skip
def required_floor_area(
    frames: RuleFrames,
    existing_m2_per_100: float = 30.0,
    existing_floor_m2: float = 300.0,
    new_m2_per_100: float = 50.0,
    new_floor_m2: float = 500.0,
    kinds: tuple[str, ...] = _COMPLEX,
) -> pd.DataFrame:
    """Floor area an area owes, or its floor where it has less than that and no households known."""
    rule = FloorAreaRule(existing_m2_per_100, existing_floor_m2, new_m2_per_100, new_floor_m2)
    total = numbers(frames.areas, "households")
    kind = frames.areas["kind"].to_numpy(dtype=object)
    parts = floor_parts(total, frames.regime, frames.households_new, kind, rule)
    owed = np.maximum(parts["floor"], parts["per_100"])
    provided = np.round(frames.floor(tuple(kinds), "floor_m2")[0], DECIMALS)
    # who misses the floor fails, whatever the households would have added
    owed = np.where(np.isnan(owed) & (provided < parts["floor"]), parts["floor"], owed)
    blind = np.isnan(owed)
    reason = reasons(
        len(owed),
        (blind & pd.isna(kind), "kind_missing"),
        (blind & np.isnan(total), "households_missing"),
        (blind, "households_new_missing"),
    )
    return pd.DataFrame(
        {
            "numerator": owed,
            "owes": total != 0,
            "reason": reason,
        },
        index=frames.units("area"),
    )
