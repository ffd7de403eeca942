"""Floor area that is short, and where it could be built: a problem as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.notebook import Tabled
from carecircle.standards.floor_rule import DECIMALS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.candidates import CostModel

__all__ = ["AreaProblem", "enlargement_options", "site_options"]

_OPTION_NUMBERS = ("fixed_cost", "cost_per_m2", "min_m2", "max_m2")
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class AreaProblem(Tabled):
    """Areas short of floor area, ways to build it, and which site may serve which area.

    Attributes
    ----------
    shortfall
        Index ``area_id``, sorted: m2 short, above 0, in steps of 1e-6 m2.
    unknown
        Ids of areas whose shortfall is not known; they are in no sum.
    options
        One row per site and way to get it, sorted by both: ``site_id``, ``way`` (``build``,
        ``buy_back``, ``lease``, ``convert``, or ``enlarge``), ``fixed_cost``, ``cost_per_m2``,
        ``min_m2``, ``max_m2`` (``inf`` none), ``required``, ``group`` (missing: none). At most one
        way per site, and one site per group.
    pairs
        ``site_id``, ``area_id``, ``minutes`` (missing: not known), ``own`` (the area the site
        stands in or serves today); sorted by site, then area.
    """

    shortfall: pd.Series
    unknown: pd.Index
    options: pd.DataFrame
    pairs: pd.DataFrame

    @classmethod
    def from_tables(
        cls, shortfall: pd.Series, options: pd.DataFrame, pairs: pd.DataFrame
    ) -> AreaProblem:
        """Check and sort tables.

        Parameters
        ----------
        shortfall
            Index ``area_id``: m2 short, 0 or missing allowed.
        options
            ``site_id``, ``way``, ``fixed_cost``, ``cost_per_m2``; may have ``min_m2``, ``max_m2``,
            ``required``, ``forbidden``, ``group``. See :func:`site_options`.
        pairs
            ``site_id``, ``area_id``; may have ``minutes``, ``own``, and others, which stay. Pairs
            of areas that are not short are dropped.

        Raises
        ------
        InputError
            With every fault found.

        Examples
        --------
        >>> short = pd.Series([300.0, 0.0], index=["A", "B"])
        >>> ways = pd.DataFrame({"site_id": ["S"], "way": "build", "fixed_cost": 50.0,
        ...                      "cost_per_m2": 0.5})
        >>> pairs = pd.DataFrame({"site_id": ["S", "S"], "area_id": ["A", "B"]})
        >>> AreaProblem.from_tables(short, ways, pairs).pairs["area_id"].tolist()
        ['A']
        """
        table = _with_defaults(options)
        faults = [*_area_faults(shortfall), *_option_faults(table)]
        faults += _pair_faults(pairs, shortfall.index, table["site_id"])
        if faults:
            raise InputError("\n".join(faults))
        m2 = shortfall.astype(float).round(DECIMALS).sort_index()
        short = m2[m2 > 0].rename("shortfall_m2").rename_axis("area_id")
        links = pairs.assign(
            minutes=pairs["minutes"].astype(float) if "minutes" in pairs else np.nan,
            own=pairs["own"].astype(bool) if "own" in pairs else False,
        )
        allowed = table[~table["forbidden"]].drop(columns="forbidden")
        kept = links["area_id"].isin(short.index) & links["site_id"].isin(allowed["site_id"])
        return cls(
            short,
            m2.index[m2.isna()],
            allowed.sort_values(["site_id", "way"], ignore_index=True),
            links[kept].sort_values(["site_id", "area_id"], ignore_index=True),
        )


def site_options(sites: pd.DataFrame, prices: CostModel) -> pd.DataFrame:
    """List the ways to get each site, with what they cost.

    Parameters
    ----------
    sites
        Index ``site_id``; may have ``acquisition`` (one or more of the prices, joined by ``;``;
        missing: any), ``min_m2``, ``max_m2`` (missing: ``floor_m2``, then no bound), ``required``,
        ``forbidden``, ``group``.
    prices
        Fixed cost and cost per m2 by acquisition.

    Returns
    -------
    pandas.DataFrame
        Options as :class:`AreaProblem` wants them.

    Raises
    ------
    InputError
        If a site has an acquisition without price.

    Examples
    --------
    >>> from carecircle.planning.candidates import CostModel
    >>> prices = CostModel({"build": 50.0, "lease": 5.0}, {"build": 0.4, "lease": 0.9}, "made up")
    >>> sites = pd.DataFrame({"floor_m2": [400.0]}, index=["S"])
    >>> site_options(sites, prices)[["site_id", "way", "fixed_cost", "max_m2"]].values.tolist()
    [['S', 'build', 50.0, 400.0], ['S', 'lease', 5.0, 400.0]]
    """
    every = ";".join(sorted(set(prices.fixed) & set(prices.per_m2)))
    given = sites["acquisition"] if "acquisition" in sites else pd.Series(None, sites.index)
    ways = given.astype(object).where(given.notna() & (given != ""), every)
    table = ways.astype("str").str.split(";").to_frame("way").explode("way")
    table["way"] = table["way"].astype("str").str.strip()
    priced = table["way"].isin(every.split(";"))
    if not priced.all():
        lost = table[~priced]
        raise InputError(
            f"sites {lost.index[0]}: acquisition {lost['way'].iloc[0]!r} has no price"
            f" ({len(lost)} such); prices know {every.replace(';', ', ')}"
        )
    floor = _column(sites, "floor_m2", np.nan)
    table = table.assign(
        fixed_cost=table["way"].map(dict(prices.fixed)).astype(float),
        cost_per_m2=table["way"].map(dict(prices.per_m2)).astype(float),
        min_m2=_column(sites, "min_m2", np.nan).reindex(table.index),
        max_m2=_column(sites, "max_m2", np.nan).fillna(floor).reindex(table.index),
    )
    for name in ("required", "forbidden", "group"):
        if name in sites:
            table[name] = sites[name].reindex(table.index)
    return table.rename_axis("site_id").reset_index()


def enlargement_options(facilities: pd.DataFrame) -> pd.DataFrame:
    """List the facilities that can be enlarged, with what it costs.

    Parameters
    ----------
    facilities
        Index ``facility_id``: ``cost_per_m2``, ``max_m2`` (most m2 that can be added); may have
        ``fixed_cost`` (0), ``min_m2``, ``required``, ``forbidden``, ``group``.

    Examples
    --------
    >>> more = pd.DataFrame({"cost_per_m2": [0.6], "max_m2": [80.0]}, index=["F1"])
    >>> enlargement_options(more)[["site_id", "way", "fixed_cost", "max_m2"]].values.tolist()
    [['F1', 'enlarge', 0.0, 80.0]]
    """
    table = facilities.assign(way="enlarge", fixed_cost=_column(facilities, "fixed_cost", 0.0))
    wanted = ["way", *_OPTION_NUMBERS, "required", "forbidden", "group"]
    kept = table[[name for name in wanted if name in table]]
    return pd.DataFrame(kept.rename_axis("site_id").reset_index())


def _column(frame: pd.DataFrame, name: str, missing: float) -> pd.Series:
    if name not in frame:
        return pd.Series(missing, frame.index, dtype=float)
    return frame[name].astype(float).fillna(missing)


def _with_defaults(options: pd.DataFrame) -> pd.DataFrame:
    group = options["group"] if "group" in options else pd.Series(None, options.index)
    # a least size is rounded up and a most size down, so that whole steps stay between them
    scale = 10.0**DECIMALS
    numbers = {name: pd.to_numeric(_column(options, name, missing)) for name, missing in
               zip(_OPTION_NUMBERS, (np.nan, np.nan, 0.0, np.inf), strict=True)}  # fmt: skip
    for name, whole in (("min_m2", np.ceil), ("max_m2", np.floor)):
        numbers[name] = (numbers[name] * scale).round(3).map(whole) / scale
    flags = {
        name: options[name].astype("boolean").fillna(False).astype(bool)  # noqa: FBT003  # missing: not said
        if name in options
        else False
        for name in ("required", "forbidden")
    }
    table = pd.DataFrame({"site_id": options["site_id"], "way": options["way"]})
    return table.assign(**numbers, **flags, group=group.astype(object))


def _area_faults(shortfall: pd.Series) -> list[str]:
    again = shortfall.index[shortfall.index.duplicated()]
    faults = [f"shortfall: area {again[0]!r} stands twice"] if len(again) else []
    bad = shortfall[(shortfall < 0) | np.isinf(shortfall.astype(float))]
    return faults + [
        f"shortfall: area {area} is short of {m2:g} m2; give 0 or more"
        for area, m2 in bad.head(_SHOWN).items()
    ]


def _option_faults(table: pd.DataFrame) -> list[str]:
    faults = []
    again = table[table.duplicated(["site_id", "way"])]
    if len(again):
        site, way = again.iloc[0][["site_id", "way"]]
        faults.append(f"options: {site} {way} stands twice; keep one row per site and way")
    for name in _OPTION_NUMBERS:
        bad = ~(table[name] >= 0) | ((name != "max_m2") & np.isinf(table[name]))
        faults += [
            f"options {site}: {name} is {value}; give a number of 0 or more"
            for site, value in table.loc[bad, ["site_id", name]]
            .head(_SHOWN)
            .itertuples(index=False)
        ]
    small = table[table["min_m2"] > table["max_m2"]]
    faults += [
        f"options {row.site_id}: min_m2 {row.min_m2:g} is above max_m2 {row.max_m2:g}"
        for row in small.head(_SHOWN).itertuples()
    ]
    both = table.loc[table["required"] & table["forbidden"], "site_id"].head(_SHOWN)
    return faults + [f"options {site}: both required and forbidden; drop one" for site in both]


def _pair_faults(pairs: pd.DataFrame, areas: pd.Index, sites: pd.Series) -> list[str]:
    faults = []
    known: dict[str, NDArray[np.bool_]] = {
        "site_id": pairs["site_id"].isin(sites).to_numpy(),
        "area_id": pairs["area_id"].isin(areas).to_numpy(),
    }
    for name, fits in known.items():
        if not fits.all():
            table = "options" if name == "site_id" else "shortfall"
            lost = pairs[name].iloc[int(np.argmin(fits))]
            faults.append(f"pairs: {name} {lost!r} is not in {table}; ids must match")
    again = pairs[pairs.duplicated(["site_id", "area_id"])]
    if len(again):
        faults.append(f"pairs: {again['site_id'].iloc[0]}, {again['area_id'].iloc[0]} stands twice")
    return faults
