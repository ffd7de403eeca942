"""Two dated studies with some inputs swapped between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from carecircle.inputs.topology import assign_areas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecircle.study.assessment import Study

__all__ = ["FACTORS", "Swaps"]

#: Inputs that are swapped one at a time -> (Chinese, English).
FACTORS: Mapping[str, tuple[str, str]] = {
    "facilities": ("设施", "facilities"),
    "roads": ("道路", "roads"),
    "population": ("人口", "population"),
    "boundaries": ("边界", "boundaries"),
    "rules": ("规则", "rules"),
    "ledgers": ("台账与日期", "ledgers and day"),
}
_PEOPLE = ("households", "population", "elders", "elders80", "households_new")
#: Where a record came from; the same record from another file is the same.
_ORIGIN = ("source", "datum")
#: Terms of the card under which figures hold; titles, rings and sources change none.
_TERMS = ("profile", "limits", "eligible", "direction", "on_time_share")


@dataclass(frozen=True, eq=False)
class Swaps:
    """Two studies, and every mixture of their inputs.

    Examples
    --------
    >>> import carecircle as cc
    >>> town = cc.samples.toy_town()
    >>> closed = town.facilities.assign(status="closed")
    >>> both = Swaps(town, replace(town, tables=replace(town.tables, facilities=closed)))
    >>> both.differ
    ('facilities',)
    >>> both.mixture(frozenset(["facilities"])).facilities["status"].unique().tolist()
    ['closed']
    """

    before: Study
    after: Study
    _networks: dict[tuple[bool, bool], Study] = field(default_factory=dict, repr=False)

    @property
    def differ(self) -> tuple[str, ...]:
        """The factors whose inputs are not the same in both studies."""
        return tuple(name for name in FACTORS if not getattr(self, f"_same_{name}")())

    def mixture(self, swapped: frozenset[str]) -> Study:
        """Return the earlier study with these factors of the later one."""
        of = {name: self.after if name in swapped else self.before for name in FACTORS}
        areas, homes = self._areas_and_homes(of)
        facilities = of["facilities"].facilities
        if self._moved(of, "facilities"):
            facilities = facilities.assign(area_id=assign_areas(facilities, areas))
        ways, ledgers = of["roads"].tables, of["ledgers"].tables
        tables = replace(
            self.before.tables, areas=areas, homes=homes, facilities=facilities, roads=ways.roads,
            barriers=ways.barriers, minutes=ways.minutes, projects=ledgers.projects,
            observations=ledgers.observations, rosters=ledgers.rosters, inputs=(),
        )  # fmt: skip
        # one small ring: circles are drawn, and nobody looks at them here
        card = replace(of["rules"].card, as_of=of["ledgers"].card.as_of, rings=(1.0,))
        mixed = replace(self.before, card=card, terms=of["rules"].terms, tables=tables, file=None)
        if tables.minutes is None:
            key = ("roads" in swapped, "rules" in swapped)
            if key not in self._networks:
                self._networks[key] = mixed
            vars(mixed)["network"] = self._networks[key].network
            if "by_car" in vars(self._networks[key]):
                vars(mixed)["by_car"] = self._networks[key].by_car
        return mixed

    def _areas_and_homes(
        self, of: Mapping[str, Study]
    ) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        areas, people, homes = (
            of["boundaries"].areas,
            of["population"].areas,
            of["population"].homes,
        )
        if of["boundaries"] is of["population"]:
            return areas, homes
        if self._moved(of, "population"):
            homes = homes.assign(area_id=assign_areas(homes, areas))
        columns = {}
        for name in _PEOPLE:
            if name in people:
                columns[name] = people[name].reindex(areas.index)
                if name in homes:
                    lived = homes.groupby("area_id")[name].sum(min_count=1).reindex(areas.index)
                    new = ~areas.index.isin(people.index)
                    columns[name] = columns[name].mask(new, lived)
        gone = [name for name in _PEOPLE if name in areas and name not in people]
        return areas.drop(columns=gone).assign(**columns), homes

    def _moved(self, of: Mapping[str, Study], name: str) -> bool:
        """Whether places must look anew for the area they lie in."""
        return of["boundaries"] is not of[name] and not self._same_boundaries()

    def _same_facilities(self) -> bool:
        return self._same_places("facilities")

    def _same_places(self, name: str) -> bool:
        both = [getattr(study.tables, name) for study in (self.before, self.after)]
        if not self._same_boundaries():
            both = [table.drop(columns="area_id", errors="ignore") for table in both]
        return _is_same(*both)

    def _same_roads(self) -> bool:
        one, two = self.before.tables, self.after.tables
        return all(
            _is_same(getattr(one, name), getattr(two, name))
            for name in ("roads", "barriers", "minutes")
        )

    def _same_population(self) -> bool:
        one, two = (
            study.areas[[name for name in _PEOPLE if name in study.areas]]
            for study in (self.before, self.after)
        )
        both = one.index.intersection(two.index)
        return self._same_places("homes") and _is_same(
            pd.DataFrame(one.loc[both]), pd.DataFrame(two.loc[both])
        )

    def _same_boundaries(self) -> bool:
        one, two = (
            study.areas.drop(columns=[name for name in _PEOPLE if name in study.areas])
            for study in (self.before, self.after)
        )
        return _is_same(one, two)

    def _same_rules(self) -> bool:
        return _rules_of(self.before) == _rules_of(self.after)

    def _same_ledgers(self) -> bool:
        one, two = self.before, self.after
        checked = one.terms.presets or two.terms.presets
        if checked and one.card.as_of != two.card.as_of:
            return False  # what is due and in force goes by the day
        return all(
            _is_same(getattr(one.tables, name), getattr(two.tables, name))
            for name in ("projects", "observations", "rosters")
        )


def _rules_of(study: Study) -> list[object]:
    card, terms = study.card, study.terms
    rules = [(preset.id, preset.sha256) for preset in terms.presets]
    said = [getattr(card, name) for name in _TERMS]
    return [*said, terms.snap_m, terms.prefer_connected, terms.floor_rule, rules]


def _is_same(one: Any, two: Any) -> bool:
    """Whether two tables hold the same records, in whatever order of rows and columns."""
    if one is two:
        return True
    if one is None or two is None:
        return False
    plain = []
    for table in (one, two):
        known = table.drop(columns=[name for name in _ORIGIN if name in table])
        if isinstance(known, gpd.GeoDataFrame):
            shapes = known.geometry.to_wkb()
            known = pd.DataFrame(known.drop(columns=known.geometry.name)).assign(shape=shapes)
        known = known[sorted(known.columns)]
        unique = known.index.is_unique and not isinstance(known.index, pd.RangeIndex)
        ordered = known.sort_index() if unique else known.sort_values(list(known.columns))
        plain.append(ordered if unique else ordered.reset_index(drop=True))
    return bool(plain[0].equals(plain[1]))
