"""All formulas that come with the package, by subject, and the ratios made of them."""

from carecircle.standards import (
    formulas_area,
    formulas_facility,
    formulas_observed,
    formulas_plan,
    formulas_roster,
    formulas_sync,
    formulas_time,
)
from carecircle.standards.registry import FORMULAS, Formula, formula, ratio

__all__ = ["FORMULAS", "SUBJECTS", "Formula", "formula", "ratio"]

#: The modules whose import fills the register.
SUBJECTS = (
    formulas_area,
    formulas_facility,
    formulas_observed,
    formulas_plan,
    formulas_roster,
    formulas_sync,
    formulas_time,
)

for _made in (
    ratio(
        "floor_area_per_100_households", "floor_area", "households",
        unit="m2/100 households", scale=100.0,
        source="100 x Σ floor area / Σ households: a ratio of sums",
    ),
    ratio(
        "elder_floor_area_per_100_households", "elder_floor_area", "households",
        unit="m2/100 households", scale=100.0,
        source="100 x Σ floor area for elder care / Σ households",
    ),
    ratio(
        "elder_floor_area_per_1000_people", "elder_floor_area", "population",
        unit="m2/1000 people", scale=1000.0,
        source="1,000 x Σ floor area for elder care / Σ residents",
    ),
    ratio(
        "floor_area_of_required", "floor_area", "required_floor_area", unit="%",
        source="floor area / max(floor, per 100 households): at 100 % both tests are passed",
    ),
    ratio(
        "beds_per_1000_elders", "beds", "elders", unit="beds/1000 elders", scale=1000.0,
        source="1,000 x Σ beds / Σ residents aged 60 and over",
    ),
    ratio(
        "beds_per_100_elders", "beds", "elders", unit="%",
        source="100 x Σ beds / Σ elders",
    ),
):  # fmt: skip
    FORMULAS[_made.name] = _made
