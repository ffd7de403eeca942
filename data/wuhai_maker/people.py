"""Who lives where: households, residents and elders of the 83 areas, with exact totals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["make_people", "share_out"]

HOUSEHOLDS, POPULATION, ELDERS, ELDERS80 = 221_000, 556_621, 90_649, 12_000
DISTRICT_SHARE = {"150302": 0.611, "150303": 0.170, "150304": 0.219}
#: Settlements smaller than a town quarter: factor on the drawn households.
_SMALL = {
    "150302101003": 0.7, "150302101004": 0.6, "150302101400": 0.7, "150303103008": 0.7,
    "150303102007": 0.6, "150303102008": 0.5, "150303102009": 0.5, "150304003007": 0.6,
    "150304003008": 0.5, "150304011011": 0.6, "150304011012": 0.5, "150304011013": 0.5,
}  # fmt: skip
#: Share of households in new estates (1 = wholly new) by area.
_NEW_SHARE = {
    "150302004008": 1.0, "150302004009": 1.0, "150302007008": 1.0, "150302001007": 1.0,
    "150303001012": 1.0, "150304008013": 1.0, "150302004006": 0.55, "150302007009": 0.4,
    "150302001005": 0.6, "150302002010": 0.35, "150302008005": 0.5, "150304008007": 0.45,
    "150304010011": 0.3, "150304101008": 0.6, "150303001007": 0.4, "150303001011": 0.5,
}  # fmt: skip


def share_out(weights: np.ndarray, total: int, least: int = 0) -> np.ndarray:
    """Share a whole number out by weight (largest remainders), at least ``least`` each."""
    exact = weights / weights.sum() * (total - least * len(weights))
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - least * len(weights) - whole.sum()]] += 1
    return whole + least


def read_names() -> pd.DataFrame:
    """Read the 83 real names and codes (NBS 2023 division codes)."""
    table = pd.read_csv(Path(__file__).with_name("names.csv"), dtype=str)
    table = table.rename(
        columns={
            "code": "area_id",
            "township_code": "street_id",
            "township_name": "street_name",
            "district_code": "district_id",
        }
    )
    return table.set_index("area_id").sort_index()


def _households(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Lognormal (mean 2,660, CV 0.5) in town, 200 to 900 in villages, scaled by district."""
    sigma = np.sqrt(np.log(1 + 0.5**2))
    urban = (table["kind"] == "urban").to_numpy()
    drawn = rng.lognormal(np.log(2660) - sigma**2 / 2, sigma, len(table))
    drawn = np.clip(drawn, 950, 4600)
    drawn *= [_SMALL.get(code, 1.0) for code in table.index]
    drawn = np.where(urban, drawn, rng.uniform(200, 900, len(table)))
    result = drawn.round().astype(int)
    of_district = share_out(np.array([*DISTRICT_SHARE.values()]), HOUSEHOLDS)
    for district, total in zip(DISTRICT_SHARE, of_district, strict=True):
        here = (table["district_id"] == district).to_numpy()
        town = here & urban
        result[town] = share_out(drawn[town], int(total) - int(result[here & ~urban].sum()))
    return result


def make_people(rng: np.random.Generator) -> pd.DataFrame:
    """Return the area table without polygons; totals are exact."""
    table = read_names()
    table["households"] = _households(table, rng)
    size = rng.normal(2.5, 0.12, len(table))
    table["population"] = share_out((table["households"] * size).to_numpy(), POPULATION)
    new = pd.Series(_NEW_SHARE).reindex(table.index).fillna(0.0)
    age = np.clip(rng.normal(0.168, 0.03, len(table)) - 0.05 * new, 0.07, 0.27)
    age += np.where(table["kind"] == "rural", 0.05, 0.0)
    table["elders"] = share_out((table["population"] * age).to_numpy(), ELDERS)
    old = np.clip(rng.normal(0.13, 0.015, len(table)), 0.09, 0.18)
    table["elders80"] = share_out((table["elders"] * old).to_numpy(), ELDERS80)
    table["regime"] = np.select([new >= 1.0, new > 0.0], ["new", "mixed"], "existing")
    table["households_new"] = (table["households"] * new).round().astype(int)
    table["city_id"], table["city_name"] = "1503", "乌海市"
    return table
