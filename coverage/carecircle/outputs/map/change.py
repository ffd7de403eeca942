"""Before, after and change of one city: layers whose content follows the view that is chosen.

Each such layer holds one part for each view: today, then for each scenario *after* and *change*.
Everything is decided on the exact figures of the findings; nothing is computed for its own sake.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from carecircle.outputs import colours
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.card import (
    card_change,
    card_of,
    headline_change,
    headline_of,
    kinds_here,
)
from carecircle.outputs.map.codec import pack_codes
from carecircle.outputs.map.layers import (
    area_layers,
    facility_layers,
    facility_places,
    home_layers,
    homes_data,
)
from carecircle.outputs.map.records import area_records, column, counted_kinds, facility_records
from carecircle.outputs.map.shapes import Layer, has_place, swatch
from carecircle.outputs.map.summary import spoken_change, spoken_summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.map.text import Speech

__all__ = ["Change"]

_NEW, _GONE = "~built in {}", "~gone in {}"  # no kind of a study begins so
_SYMBOLS = {"new_site": ("star", "#c4007a"), "gone_site": ("cross", "#a83a12")}
_NOWHERE = -2  # a kind that no facility has
_EXACT = 1e-12


@dataclass(frozen=True, eq=False)
class Change:
    """Findings of today with those of each scenario, ready to be put on one map.

    Attributes
    ----------
    before
        Today.
    after
        Scenario -> findings with the same areas and homes.
    say
        Words in the language of the study.
    """

    before: Findings
    after: Mapping[str, Findings]
    say: Speech

    @cached_property
    def together(self) -> Findings:
        """Today with the facilities of all scenarios beside its own, each under its own kind."""
        parts = [self.before.facilities]
        for number, (gone, built) in enumerate(self._moves):
            for frame, kind, status in ((built, _NEW, "operating"), (gone, _GONE, "closed")):
                rows = frame.assign(kind=kind.format(number), status=status)
                parts.append(rows.set_index(f"{kind.format(number)}: " + rows.index.astype(str)))
        whole = pd.concat([part for part in parts if len(part)] or parts[:1])
        crs = self.before.facilities.crs
        return replace(
            self.before, facilities=gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)
        )

    @cached_property
    def _moves(self) -> list[tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]]:
        """Return for each scenario the facilities that are gone, and those that are built."""
        return [_moved(self.before.facilities, one.facilities) for one in self.after.values()]

    def facilities(self) -> dict[str, Any]:
        """Return places and popups of all facilities; those of a scenario say which it is."""
        places: dict[str, Any] = facility_places(self.together)
        places |= facility_records(self.together, self.say)
        row = len(self.before.facilities)
        for name, (gone, built) in zip(self.after, self._moves, strict=True):
            for frame, word in ((built, "new_site"), (gone, "gone_site")):
                told = [f"{self.say(word)} · {name}"] * len(frame)
                places["subtitle"][row : row + len(frame)] = told
                own = [str(one) for one in frame.index]
                names = [self.say.text(cell) for cell in column(frame, "name")]
                places["title"][row : row + len(frame)] = [
                    called or key for called, key in zip(names, own, strict=True)
                ]
                row += len(frame)
        return places

    def facility_layers(self) -> tuple[list[Layer], list[Layer]]:
        """Return the layers of today's facility kinds, and those of what scenarios change."""
        layers = facility_layers(self.together, self.say)
        kinds = {layer["title"]: layer["kind"] for layer in layers}
        usual = [layer for layer in layers if not str(layer["title"]).startswith("~")]
        changed = []
        for word, kind in (("new_site", _NEW), ("gone_site", _GONE)):
            shape, colour = _SYMBOLS[word]
            nobody = {"title": self.say(word), "kind": _NOWHERE, "legend": []}
            parts = [nobody]
            for number in range(len(self.after)):
                place = kinds.get(kind.format(number))
                frame = self._moves[number][1 if word == "new_site" else 0]
                entry = swatch("symbol", colour, self.say(word), len(frame)) | {"shape": shape}
                here = {"kind": place, "legend": [entry]}
                parts += [nobody if place is None else nobody | here] * 2
            if any(part is not nobody for part in parts):
                # its own symbol, whatever the status: a facility closed today looks otherwise
                layer = {"id": word, "type": "symbols", "on": True, "above": 1, "solid": True}
                changed.append(layer | {"shape": shape, "colour": colour} | _in_views(parts))
        return usual, changed

    def homes(self) -> dict[str, Any]:
        """Return places, minutes and facilities of homes, today and in each scenario."""
        data = homes_data(self.together)
        if not data["n"]:
            return data
        then = []
        for number, (name, one) in enumerate(self.after.items()):
            own = set(self._moves[number][1].index)
            facility = [
                f"{_NEW.format(number)}: {key}" if key in own else key
                for key in column(one.homes, "facility_id")
            ]
            frame = one.homes.assign(facility_id=facility).loc[self.before.homes.index]
            found = homes_data(replace(self.together, homes=frame, card=one.card))
            kept = ("minutes", "facility", "limit", "limits")
            then.append({"name": name} | {key: found[key] for key in kept})
        return data | {"then": then}

    def home_layers(self) -> list[Layer]:
        """Return the homes by minutes before and after, and those that change."""
        layers = home_layers(self.before, self.say)
        if not layers:
            return []
        drawn = has_place(self.before.homes)
        parts = [self._home_part(self.before, drawn)]
        for one in self.after.values():
            there = replace(one, homes=one.homes.loc[self.before.homes.index])
            parts += [self._home_part(there, drawn), self._changed_homes(there, drawn)]
        return [{"id": "homes", "type": "homes", "on": True} | _in_views(parts)]

    def _home_part(self, findings: Findings, drawn: NDArray[np.bool_]) -> Layer:
        (layer,) = home_layers(findings, self.say)
        at = replace(findings, homes=findings.homes[drawn])
        return layer | {"codes": homes_data(at)["codes"]}

    def _changed_homes(self, after: Findings, drawn: NDArray[np.bool_]) -> Layer:
        codes = _home_changes(self.before, after)
        counts = np.bincount(codes, minlength=len(colours.HOME_CHANGES) + 1)
        words = [*colours.HOME_CHANGES, "not_assessed"]
        paint = [*colours.HOME_CHANGES.values(), colours.NO_DATA]
        return {
            "title": self.say("layer_homes_change"),
            "colours": paint,
            "codes": pack_codes(codes[drawn]),
            "legend": [
                swatch("dot", colour, self.say(word), int(count))
                for word, colour, count in zip(words, paint, counts, strict=True)
            ],
        }

    def area_layers(self) -> list[Layer]:
        """Return covered share and verdict of the areas, before, after and their change."""
        if not len(self.before.areas):
            return []
        weight = counted_in(self.before)
        parts: dict[str, list[Layer]] = {"rate": [], "cell": []}
        for place, one in enumerate([self.before, *self.after.values()]):
            same = replace(one, areas=one.areas.loc[self.before.areas.index])
            for layer in area_layers(same, self.say):
                if layer["id"] in parts:
                    parts[layer["id"]].append(layer)
            if place:
                parts["rate"].append(_rate_change(self.before, same, weight, self.say))
                parts["cell"].append(_cell_change(self.before, same, self.say))
        layers: list[Layer] = [
            {"id": key, "type": "fill"} | _in_views(each) for key, each in parts.items()
        ]
        layers[0]["on"] = True
        nothing = {"id": "none", "title": self.say("layer_none"), "type": "none", "legend": []}
        return [*layers, nothing]

    def area_records(self) -> dict[str, Any]:
        """Return the popups of the areas: today's, with a line for each scenario."""
        say, weight = self.say, counted_in(self.before)
        records = area_records(self.before, say)
        today = column(self.before.areas, f"{weight}_covered").astype(float)
        for name, one in self.after.items():
            areas = one.areas.loc[self.before.areas.index]
            covered, total = (column(areas, f"{weight}_{s}") for s in ("covered", "total"))
            records["fields"].append(name)
            for row, (now, of, was) in enumerate(zip(covered, total, today, strict=True)):
                added = "" if pd.isna(now) or pd.isna(was) else f" · {now - was:+,.0f}"
                records["values"][row].append(say.share(now, of) + added)
        return dict(records)

    def _card(self, findings: Findings) -> dict[str, Any]:
        kinds, weight = kinds_here(findings), counted_in(findings)
        singly = counted_kinds(findings)
        return card_of(findings.card, self.say, kinds=kinds, weight=weight, singly=singly)

    def views(self) -> dict[str, Any]:
        """Return what there is to choose from, and the headline of each view."""
        say = self.say
        headlines, summaries = [headline_of(self.before, say)], [spoken_summary(self.before, say)]
        cards = [self._card(self.before)]
        for name, one in self.after.items():
            after = [say("say_after", name), *spoken_summary(one, say)]
            summaries += [after, spoken_change(self.before, one, name, say)]
            told = _moved_people(self.before, one, say)
            headlines += [headline_of(one, say), headline_change(self.before, one, told, say)]
            cards += [self._card(one), card_change(cards[0], self._card(one))]
        words = [say(f"view_{view}") for view in ("before", "after", "change")]
        return {
            "title": say("view"), "words": words, "scenario": say("scenario"),
            "scenarios": list(self.after), "headlines": headlines, "summaries": summaries,
            "cards": cards, "part": 2 if self.after else 0,
        }  # fmt: skip


def _in_views(parts: Sequence[Layer]) -> Layer:
    """Return what a layer with parts is made of; the page shows one part at a time."""
    return {"title": parts[0]["title"], "legend": [], "parts": list(parts)}


def _moved(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the facilities that no longer count where they stood, and those that newly do."""
    one, other = (
        frame[column(frame, "eligible").astype("boolean").fillna(value=False).to_numpy(dtype=bool)]
        for frame in (before, after)
    )
    both = one.index.intersection(other.index)
    apart = both[one.geometry[both].to_wkb().to_numpy() != other.geometry[both].to_wkb().to_numpy()]
    gone = one.index.difference(other.index).union(apart)
    built = other.index.difference(one.index).union(apart)
    return one.loc[gone], other.loc[built]


def _home_changes(before: Findings, after: Findings) -> NDArray[np.int64]:
    """Return the place of each home in :data:`colours.HOME_CHANGES`; past the end: not assessed."""
    was, is_now = (
        column(one.homes, "covered").astype("boolean").fillna(value=False).to_numpy(dtype=bool)
        for one in (before, after)
    )
    unknown = column(after.homes, "covered").isna().to_numpy()
    place = {word: code for code, word in enumerate(colours.HOME_CHANGES)}
    codes = np.where(unknown, len(place), place["late_both"])
    codes[was & is_now] = place["in_time_both"]
    codes[is_now & ~was] = place["newly_in_time"]
    codes[was & ~is_now] = place["newly_late"]
    return codes.astype(np.int64)


def _classes(title: str, codes: NDArray[np.int64], classes: Sequence[tuple[str, str]]) -> Layer:
    counts = np.bincount(codes, minlength=len(classes))
    return {
        "title": title,
        "codes": pack_codes(codes),
        "colours": [colour for _, colour in classes],
        "legend": [
            swatch("fill", colour, label, int(count))
            for (label, colour), count in zip(classes, counts, strict=True)
            if count
        ],
    }


def _rate_change(before: Findings, after: Findings, weight: str, say: Speech) -> Layer:
    was, is_now = (
        pd.to_numeric(column(one.areas, f"{weight}_rate")).to_numpy(dtype=float)
        for one in (before, after)
    )
    points = 100 * (is_now - was)
    edges = np.array(colours.CHANGE_EDGES)
    code = np.digitize(np.abs(points), edges)
    n = len(edges)
    same = np.abs(points) <= 100 * _EXACT
    # gains from the largest on, unchanged, losses from the smallest on, unknown
    codes = np.where(points > 0, n - code, n + 2 + code)
    codes = np.where(same, n + 1, codes)
    codes = np.where(np.isnan(points), 2 * n + 3, codes)
    pairs = list(itertools.pairwise(edges))
    spans = [f"≥ +{edges[-1]:g}", *(f"+{a:g} … +{b:g}" for a, b in pairs[::-1]), f"< +{edges[0]:g}"]
    losses = [f"> −{edges[0]:g}", *(f"−{a:g} … −{b:g}" for a, b in pairs), f"≤ −{edges[-1]:g}"]
    labels = [say("points", span) for span in spans]
    labels += [say("unchanged"), *(say("points", span) for span in losses), say("no_data")]
    paint = (*colours.GAINS, colours.SAME, *colours.LOSSES, colours.NO_DATA)
    classes = list(zip(labels, paint, strict=True))
    return _classes(say(f"{weight}_rate_change"), codes.astype(np.int64), classes)


def _cell_change(before: Findings, after: Findings, say: Speech) -> Layer:
    was, is_now = (column(one.areas, "cell").astype("str").fillna("") for one in (before, after))
    on_time = [cell.str.endswith("in_time").to_numpy(dtype=bool) for cell in (was, is_now)]
    has = [cell.str.startswith("has").to_numpy(dtype=bool) for cell in (was, is_now)]
    unknown = ((was == "") | (is_now == "")).to_numpy(dtype=bool)
    codes = np.full(len(was), 2)
    codes[has[1] & ~has[0]] = 1
    codes[on_time[1] & ~on_time[0]] = 0
    codes[(on_time[0] & ~on_time[1]) | (has[0] & ~has[1] & ~on_time[1])] = 3
    codes[unknown] = 4
    words = ("now_on_time", "now_has", "unchanged", "worse", "not_assessed")
    paint = (colours.GAINS[1], "#8fd0e0", colours.SAME, colours.LOSSES[-2], colours.NO_DATA)
    pairs = [(say(word), colour) for word, colour in zip(words, paint, strict=True)]
    return _classes(say("layer_cell_change"), codes.astype(np.int64), pairs)


def _moved_people(before: Findings, after: Findings, say: Speech) -> str:
    """Return how many are newly in time, and how many no longer."""
    weight = counted_in(before)
    homes = after.homes.loc[before.homes.index]
    size = {"elders": "elders", "people": "population"}.get(weight)
    people = pd.Series(1.0, homes.index) if size is None else pd.to_numeric(column(homes, size))
    codes, words = _home_changes(before, replace(after, homes=homes)), list(colours.HOME_CHANGES)
    moved = [
        say.number(float(np.nansum(people[codes == words.index(word)].to_numpy(dtype=float))))
        for word in ("newly_in_time", "newly_late")
    ]
    return say(f"{weight}_moved", *moved)
