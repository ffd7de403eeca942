"""What is published hides small counts of people: nobody can work one out, and no file tells."""

from __future__ import annotations

import io
import itertools
import json
import sqlite3
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

import carecircle as cc
from carecircle.depth.access_folder import save_access
from carecircle.depth.verdicts import depth_of
from carecircle.errors import InputError
from carecircle.outputs.evidence import read_evidence
from carecircle.outputs.masking import INTERNAL, LEAST, MASKING, masked
from carecircle.outputs.people_cells import people_cells
from carecircle.outputs.suppression import determined, small, suppress

STATES = ("total", "covered", "uncovered", "not_assessed")


@pytest.fixture(scope="module")
def wuhai(sample_result):
    return sample_result


@pytest.fixture(scope="module")
def published(wuhai):
    return masked(wuhai)


def town_of(elders):
    """The toy town with these elders in its thirteen homes."""
    town = cc.samples.toy_town()
    homes = town.homes.assign(elders=elders, population=2.0 * np.array(elders), households=elders)
    return replace(town, tables=replace(town.tables, homes=homes))


def attack(areas, totals, gaps, weight):  # noqa: C901  all an attacker knows in one place
    """Lower and upper bound of every blank count, from all that is printed and nothing else."""
    cells = {}
    for area, row in areas.iterrows():
        cells |= {("area", area, s): row[f"{weight}_{s}"] for s in STATES}
    for (level, unit), row in totals.iterrows():
        cells |= {(level, unit, s): row[f"{weight}_{s}"] for s in STATES}
    column = {"people": "population"}.get(weight, weight)
    state_of = gaps["assessed"].map({True: "uncovered", False: "not_assessed"})
    cells |= {("gap", gap, state_of[gap]): row[column] for gap, row in gaps.iterrows()}
    blank = [key for key, value in cells.items() if np.isnan(value)]
    at = {key: k for k, key in enumerate(blank)}
    left, right = [], []

    def adds_up(whole, parts):
        row, known = np.zeros(len(blank)), 0.0
        for key, sign in [(whole, 1.0), *((part, -1.0) for part in parts)]:
            if key in at:
                row[at[key]] += sign
            else:
                known += sign * cells[key]
        left.append(row)
        right.append(-known)

    columns = {"city": "city_id", "district": "district_id", "street": "street_id", "kind": "kind"}
    units = sorted({key[:2] for key in cells if key[0] != "gap"})
    for level, unit in units:
        adds_up((level, unit, "total"), [(level, unit, s) for s in STATES[1:]])
        if level != "area":
            inside = areas.index[areas[columns[level]].astype(str) == unit]
            for s in STATES:
                adds_up((level, unit, s), [("area", area, s) for area in inside])
    (city,) = [u for u in units if u[0] == "city"]
    for s in STATES[2:]:
        of_state = gaps[state_of == s]
        adds_up((*city, s), [("gap", gap, s) for gap in of_state.index])
        for area in areas.index:  # gaps that lie in one area, where no other gap touches it
            touching = [gap for gap, ids in of_state["area_ids"].items() if area in ids.split(";")]
            if touching and all(gaps.loc[gap, "area_ids"] == area for gap in touching):
                adds_up(("area", area, s), [("gap", gap, s) for gap in touching])
    return {key: bounds(np.array(left), np.array(right), at[key]) for key in blank}


def bounds(left, right, cell):
    aim = np.zeros(left.shape[1])
    found = []
    for sign in (1.0, -1.0):
        aim[cell] = sign
        solved = linprog(aim, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
        assert solved.status in (0, 3), solved.message  # 3: without bound
        found.append(sign * solved.fun if solved.status == 0 else sign * -np.inf)
    return tuple(found)


# nobody can work one out


@pytest.mark.parametrize("weight", ["elders", "households"])
def test_no_blank_count_of_the_sample_city_can_be_worked_out(wuhai, published, weight):
    found = attack(published.areas, published.totals, published.gaps, weight)
    few = [key for key in found if key[0] == "area"
           and wuhai.areas.loc[key[1], f"{weight}_{key[2]}"] < LEAST]  # fmt: skip
    assert few, "the sample has small counts, or this test shows nothing"
    for key, (low, high) in found.items():
        assert high - low >= 1, f"{key} is between {low} and {high}"
    for key in few:
        low, high = found[key]
        assert low < LEAST
        assert high - low >= LEAST, f"{key} is between {low} and {high}"


def test_every_small_count_of_the_sample_city_is_blank(published):
    for frame in (published.areas, published.totals):
        for weight, state in itertools.product(("people", "elders", "households"), STATES):
            assert not small(frame[f"{weight}_{state}"].to_numpy(), LEAST).any()
    for frame, names in (
        (published.areas, ("population", "elders", "elders80", "households")),
        (published.gaps, ("population", "elders", "elders80", "households")),
        (published.facilities, ("people", "elders")),
        (published.floor_areas, ("households",)),
        (published.floor_totals, ("households", "households_in_failing")),
    ):
        for name in names:
            assert not small(frame[name].to_numpy(dtype=float), LEAST).any(), name


def test_most_of_the_sample_city_stays_in_print(wuhai, published):
    shown, known = published.areas["elders_covered"].notna(), wuhai.areas["elders_covered"].notna()
    assert shown.sum() > 0.8 * known.sum()
    city = published.totals.loc["city"]
    assert city[["elders_rate", "people_rate", "households_rate"]].notna().all(axis=None)


def test_masking_works_where_one_subtraction_would_not_do():
    # rows 3+30 and 40+50, columns 43 and 80: one blank is a subtraction, two in a row still are
    # recovered by their columns, so the whole square goes
    values = np.array([[33.0], [3], [30], [90], [40], [50], [43], [80]])
    sums = sparse.csr_array([
        [1, -1, -1, 0, 0, 0, 0, 0], [0, 0, 0, 1, -1, -1, 0, 0],
        [0, -1, 0, 0, -1, 0, 1, 0], [0, 0, -1, 0, 0, -1, 0, 1],
    ])  # fmt: skip
    blank = suppress(values, sums, least=10)
    assert not len(determined(sums, blank))
    assert blank[1]
    assert determined(sums, np.isin(np.arange(8), [1, 2])).tolist() == [1, 2]


@st.composite
def tables(draw):
    """Areas in streets and kinds, each with covered, uncovered and not assessed people."""
    n = draw(st.integers(4, 7))
    count = st.sampled_from([0.0, 0.0, 1.0, 4.0, 9.0, 10.0, 25.0, 70.0, 300.0])
    rows = {s: draw(st.lists(count, min_size=n, max_size=n)) for s in STATES[1:]}
    pick = st.integers(0, 2)
    return pd.DataFrame(rows).assign(
        street=draw(st.lists(pick, min_size=n, max_size=n)),
        kind=draw(st.lists(st.sampled_from(["urban", "rural"]), min_size=n, max_size=n)),
    )


@settings(max_examples=5)
@given(tables())
def test_a_blank_count_stays_uncertain_in_any_table(table):
    findings = as_findings(table)
    cells = people_cells(findings)
    blank = suppress(cells.values, cells.sums, least=LEAST)
    values = cells.values  # noqa: PD011  an array already
    assert blank[small(values, LEAST).any(axis=1)].all()
    known = np.nan_to_num(values[:, 0])
    if known.sum() == 0 or not blank.any():
        return
    left = cells.sums[:, np.flatnonzero(blank)].toarray()
    right = -(cells.sums[:, np.flatnonzero(~blank)] @ known[~blank])
    enough = table[list(STATES[1:])].to_numpy().sum() >= 4 * LEAST
    for place, cell in enumerate(np.flatnonzero(blank)):
        if 0 < known[cell] < LEAST and enough and possible(table):
            low, high = bounds(left, right, place)
            assert high - low > 1e-6, (cells.keys[cell], low, high)


def possible(table):
    """Whether every street and kind has at least two areas with people: else its area is told."""
    filled = table[table[list(STATES[1:])].sum(axis=1) > 0]
    return all((filled.groupby(name).size() >= 2).all() for name in ("street", "kind"))


def as_findings(table):
    areas = table.assign(
        total=table[list(STATES[1:])].sum(axis=1), city_id="T",
        street_id="S" + table["street"].astype(str),
    )  # fmt: skip
    areas.index = pd.Index([f"A{k}" for k in range(len(areas))], name="area_id")
    parts = {}
    for level, column in (("city", "city_id"), ("street", "street_id"), ("kind", "kind")):
        parts[level] = areas.groupby(column)[list(STATES)].sum()
    totals = pd.concat(parts, names=["level", "unit_id"])
    rename = {s: f"people_{s}" for s in STATES}
    gaps = pd.DataFrame(index=pd.Index([], name="gap_id"))
    return SimpleNamespace(areas=areas.rename(columns=rename), totals=totals.rename(columns=rename),
                           gaps=gaps)  # fmt: skip


def test_row_order_changes_nothing(wuhai, published):
    mixed = replace(wuhai, areas=wuhai.areas.iloc[::-1], gaps=wuhai.gaps.iloc[::-1],
                    totals=wuhai.totals.iloc[::-1])  # fmt: skip
    again = masked(mixed)
    pd.testing.assert_frame_equal(again.areas.loc[published.areas.index], published.areas)
    pd.testing.assert_frame_equal(again.totals.loc[published.totals.index], published.totals)


def test_the_findings_themselves_stay_as_they_are(wuhai, published):
    assert wuhai.areas["elders_covered"].notna().all()
    assert len(wuhai.homes) > len(published.homes) == 0


def test_rates_and_minutes_go_with_what_they_would_reveal():
    # West: 40 of 40; Centre: 2 uncovered of 22; Village: 10 and 7 of 37; North: 20 with no way
    town = town_of([10.0] * 4 + [10.0, 10, 1, 1] + [10.0, 20, 7] + [10.0, 10.0])
    areas = masked(cc.assess(town)).areas
    assert np.isnan(areas.loc["C", "elders_uncovered"])
    assert np.isnan(areas.loc["C", "elders_rate"])
    assert areas.loc["W", "elders_rate"] == 1.0


# no file tells

TELLING = 4321.0


@pytest.fixture(scope="module")
def told():
    """A town where 4,321 elders of the Centre are known from 7 beside them and their sum."""
    elders = [700.0] * 4 + [TELLING - 1, 1.0, 1.0, 7.0] + [600.0, 600.0, 8.0] + [50.0, 60.0]
    return cc.assess(town_of(elders))


def texts(folder):
    """Every text in the files of a result folder."""
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.suffix == ".zip":
            frames = read_evidence(path)
            cells = [one for frame in frames.values() for one in frame.to_numpy().ravel()]
            yield path.name, "\n".join(map(str, cells))
        elif path.suffix == ".xlsx":
            book = zipfile.ZipFile(io.BytesIO(data))
            yield path.name, "".join(book.read(n).decode() for n in book.namelist())
        elif path.suffix == ".gpkg":
            with sqlite3.connect(path) as base:
                rows = [
                    str(row)
                    for (name,) in base.execute("select name from sqlite_master where type='table'")
                    if not name.startswith("rtree")
                    for row in base.execute(f'select * from "{name}"')  # noqa: S608  own names
                ]
            yield path.name, "\n".join(rows)
        else:
            yield path.name, data.decode("utf-8", errors="replace")


def tells(text, number):
    return any(f"{number:{form}}" in text for form in (".0f", ",.0f", ".1f"))


def test_what_is_masked_stands_in_no_file_of_the_published_folder(told, tmp_path):
    assert told.areas.loc["C", "elders_covered"] == TELLING
    told.save(tmp_path / "own")
    told.publish(tmp_path / "out")
    secret = [told.areas.loc["C", f"{w}_covered"] for w in ("elders", "people")]
    for number in secret:
        open_files = {name for name, text in texts(tmp_path / "own") if tells(text, number)}
        assert {"coverage.gpkg", "tables.xlsx", "map.html"} <= open_files
        assert [name for name, text in texts(tmp_path / "out") if tells(text, number)] == []


def test_published_outputs_print_the_rule_and_hold_no_home(told, tmp_path):
    told.publish(tmp_path)
    held = dict(texts(tmp_path))
    for name in ("map.html", "manifest.json"):
        assert MASKING[0] in held[name] or json.dumps(MASKING[0])[1:-1] in held[name], name
    assert MASKING[0] in held["tables.xlsx"]
    assert "H05" not in "".join(held[name] for name in ("coverage.gpkg", "tables.xlsx"))
    facts = json.loads(held["manifest.json"])
    assert facts["masked"]["least"] == LEAST
    assert facts["rows"]["homes"] == 0


# what is not masked says so


def test_depth_and_access_have_no_published_form_and_their_folders_say_so(told, tmp_path):
    town = town_of([10.0] * 13)
    depth = depth_of(town, uncertainty=cc.Uncertainty(draws=2))
    access = cc.access_of(town, supply="floor_m2")
    for found in (depth, access):
        with pytest.raises(InputError, match=f"found {type(found).__name__}: .* no published form"):
            masked(found)
    depth.save(tmp_path / "depth")
    save_access(town, access, None, tmp_path / "access")
    for name in ("depth", "access"):
        facts = json.loads((tmp_path / name / "manifest.json").read_text(encoding="utf-8"))
        assert facts["internal"] is True
        assert INTERNAL[0 if town.card.language == "zh" else 1] in facts["card"]["sources"]
    page = (tmp_path / "access" / "map.html").read_text(encoding="utf-8")
    assert INTERNAL[0 if town.card.language == "zh" else 1] in page
    with pytest.raises(InputError, match="access: the findings are masked"):
        masked(told).explore(access=access)
