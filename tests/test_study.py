"""The study file and the assessment: every mistake at once, and answers counted on fingers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import carecircle as cc
from carecircle.errors import InputError
from carecircle.outputs.headcount import counted_in
from carecircle.outputs.map.card import headline_of
from carecircle.outputs.map.text import Speech
from carecircle.study.file import SECTIONS, read_study_file
from carecircle.study.terms import card_of

STUDY = """\
[study]
title = "Toy town"
title_zh = "玩具小镇"
as_of = 2020-12-31
crs = "EPSG:4545"
synthetic = true
[areas]
file = "areas.gpkg"
[[facilities]]
file = "facilities.gpkg"
[homes]
method = "points"
file = "homes.gpkg"
[roads]
file = "roads.gpkg"
[service]
kinds = ["station", "rural_centre"]
[floor_area]
"""


@pytest.fixture
def toy_files(tmp_path):
    """The toy town as files in a folder, with its study file."""
    tables = cc.samples.toy_town().tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).reset_index().to_file(tmp_path / f"{name}.gpkg")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def problems(folder, text):
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_study_file(path)
    return {issue.field: issue for issue in caught.value.issues}


# the file


@pytest.mark.parametrize(
    ("travel", "rings", "drawn"),
    [
        ("", "", (5, 10, 15, 30)),
        ("urban_minutes = 12\nrural_minutes = 45", "", (5, 10, 12, 15, 45)),
        ("urban_minutes = 15\nrural_minutes = 15", "", (5, 10, 15)),
        ("", "rings = [20, 8]", (8, 20)),
    ],
)
def test_circles_go_as_far_as_the_limits_unless_the_study_says_otherwise(
    tmp_path, travel, rings, drawn
):
    text = STUDY.replace("[service]", f"[travel]\n{travel}\n[service]\n{rings}")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert card_of(read_study_file(tmp_path).sections, {}).rings == drawn


def test_a_small_study_file_gets_every_default(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    file = read_study_file(tmp_path)
    assert file.sections["service"]["rings"] is None
    assert file.sections["facilities"][0]["columns"] == {}
    assert "travel" not in file.sections
    assert file.source(file.sections["areas"]).file == tmp_path / "areas.gpkg"


@pytest.mark.parametrize(
    ("before", "after", "field", "code", "fix"),
    [
        ("[areas]", "[aeras]", "[aeras]", "unknown_key", "did you mean 'areas'"),
        ("[areas]", "[aeras]", "[areas]", "missing_section", "communities and villages"),
        ("crs =", "csr =", "study.csr", "unknown_key", "did you mean 'crs'"),
        ("crs =", "csr =", "study.crs", "missing_key", "EPSG:4545"),
        ("synthetic = true", "zzz = 1", "study.zzz", "unknown_key", "known here: title"),
        ('"EPSG:4545"', "4545", "study.crs", "wrong_type", "text in quotes"),
        ("2020-12-31", '"end of 2020"', "study.as_of", "wrong_type", "such as 2025-12-31"),
        ("synthetic = true", 'synthetic = "yes"', "study.synthetic", "wrong_type", "true or false"),
        ('"points"', '"point"', "homes.method", "unknown_value", "did you mean 'points'"),
        ('"station"', '"staton"', "service.kinds", "unknown_value", "did you mean 'station'"),
        ("[floor_area]", "names = { gym = 'gym' }", "service.names", "wrong_type", "the Chinese"),
        ("[floor_area]", "rings = [5, -1]", "service.rings", "bad_number", "from 0.1 to 1440"),
        ("[floor_area]", "rings = []", "service.rings", "bad_number", "give numbers"),
        ("[floor_area]", "rings = [true]", "service.rings", "wrong_type", "list of numbers"),
        ("[floor_area]", "on_time_share = 95", "service.on_time_share", "bad_number", "0 to 1"),
        ("[floor_area]", "[travel]\nprofile = 'elder'", "travel.profile", "unknown_value", "car"),
        ("[floor_area]", "[travel]\nspeed_m_s = 500", "travel.speed_m_s", "bad_number", "to 60"),
        ("[floor_area]", "[travel]\nspeed_m_s = nan", "travel.speed_m_s", "bad_number", "0.05"),
        ("[areas]\n", "[[areas]]\n", "[areas]", "wrong_type", "write [areas]"),
        ("[roads]\n", "[road]\n", "[roads]", "missing_section", "table of minutes"),
        ('"areas.gpkg"', '"$NOWHERE_SET/a.gpkg"', "areas.file", "variable_not_set", "NOWHERE_SET"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_fix(tmp_path, before, after, field, code, fix):
    found = problems(tmp_path, STUDY.replace(before, after, 1))
    assert found[field].code == code
    assert found[field].severity == "fatal"
    assert fix in found[field].fix


def test_a_study_without_facilities_in_brackets_says_how_to_write_them(tmp_path):
    text = "facilities = 3\n" + STUDY.replace('[[facilities]]\nfile = "facilities.gpkg"\n', "")
    assert "[[facilities]]" in problems(tmp_path, text)["[facilities]"].fix
    assert problems(tmp_path, text.replace("= 3", "= []"))["[facilities]"].found == "none"


def test_all_mistakes_of_a_file_come_at_once_in_a_fixed_order(tmp_path):
    text = (
        STUDY.replace("crs", "csr")
        .replace('"points"', '"point"')
        .replace("[floor_area]", "rings = 5\n[flor_area]\n[zoo]")
    )
    first = list(problems(tmp_path, text))
    assert first == list(problems(tmp_path, text))
    assert set(first) == {
        "[flor_area]", "[zoo]", "study.csr", "study.crs", "homes.method", "service.rings",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[study\n", r"study\.toml is not a TOML file.*line 1"),
        ("标题".encode("gbk"), r"study\.toml is not a TOML file in UTF-8"),
    ],
)
def test_what_is_no_toml_is_one_clear_error(tmp_path, content, message):
    (tmp_path / "study.toml").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_study_file(tmp_path)


def test_a_missing_file_names_the_toml_files_there(tmp_path):
    (tmp_path / "city.toml").write_text(STUDY, encoding="utf-8")
    with pytest.raises(InputError, match=r"TOML files there: city\.toml.*carecircle init"):
        read_study_file(tmp_path)


@pytest.mark.parametrize("written", ["$TOWN_DATA/areas.gpkg", "${TOWN_DATA}/areas.gpkg"])
def test_a_path_may_start_with_a_variable(tmp_path, monkeypatch, written):
    monkeypatch.setenv("TOWN_DATA", str(tmp_path / "far"))
    (tmp_path / "study.toml").write_text(STUDY.replace("areas.gpkg", written), encoding="utf-8")
    file = read_study_file(tmp_path)
    assert file.source(file.sections["areas"]).file == tmp_path / "far" / "areas.gpkg"
    # what is saved with a result is what was written, not where this machine keeps it
    assert file.sections["areas"]["file"] == written


def test_every_default_passes_its_own_check(tmp_path):
    lines = {section.name: [] for section in SECTIONS}
    for section in SECTIONS:
        for key in section.keys:
            assert key.default is None or not key.choices or key.default in key.choices
            if key.kind in ("number", "numbers") and key.default is not None:
                values = key.default if isinstance(key.default, list) else [key.default]
                assert all(key.least <= value <= key.most for value in values), key.name
    assert lines


# all tables at once


def test_the_issues_of_all_files_come_together(toy_files):
    (toy_files / "areas.gpkg").unlink()
    (toy_files / "homes.gpkg").write_text("no layer", encoding="utf-8")
    (toy_files / "roads.gpkg").unlink()
    with pytest.raises(InputError) as caught:
        cc.load_study(toy_files)
    fatal = [i for i in caught.value.issues if i.severity == "fatal"]
    assert {issue.table for issue in fatal} == {"areas", "homes", "roads"}
    assert all(issue.fix or issue.found for issue in fatal)


def test_an_unknown_crs_is_one_fatal_issue(toy_files):
    text = STUDY.replace("EPSG:4545", "EPSG:4326")
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="EPSG:4326"):
        cc.load_study(toy_files)


def test_an_id_in_two_facility_files_is_set_aside_once(toy_files):
    text = STUDY.replace("[homes]", '[[facilities]]\nfile = "facilities.gpkg"\n[homes]')
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    study = cc.load_study(toy_files)
    assert len(study.facilities) == 5
    again = [issue.record for issue in study.issues if issue.code == "duplicate_id"]
    assert again == ["F1", "F2", "S1", "S2", "S3"]


def test_homes_without_a_file_need_the_areas_method(toy_files):
    text = STUDY.replace('file = "homes.gpkg"\n', "")
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="homes"):
        cc.load_study(toy_files)
    (toy_files / "study.toml").write_text(text.replace('"points"', '"areas"'), encoding="utf-8")
    study = cc.load_study(toy_files)
    assert study.homes["households"].sum() == pytest.approx(1000 + 2000 + 400 + 100)


# the toy town, counted on fingers

#: Walk of each home to the station at (0, 0), in metres along the streets; None: no way.
WALKS = {
    "H01": 100, "H02": 400, "H03": 700, "H04": 900,
    "H05": 500, "H06": 900, "H07": 1000, "H08": 1500,
    "H09": 1500, "H10": 1800, "H11": 2000,
    "H12": None, "H13": None,
}  # fmt: skip
COVERED = {"H01", "H02", "H03", "H04", "H05", "H06", "H09", "H10"}


@pytest.fixture(scope="module")
def toy():
    return cc.assess(cc.samples.toy_town())


def test_minutes_of_the_toy_town_are_blocks(toy):
    expected = pd.Series({home: np.nan if m is None else m / 60 for home, m in WALKS.items()})
    np.testing.assert_allclose(toy.homes["minutes"], expected, rtol=0, atol=1e-9)
    assert set(toy.homes["facility_id"].dropna()) == {"F1"}  # the village centre is only planned
    assert set(toy.homes.index[toy.homes["covered"].fillna(value=False)]) == COVERED
    reasons = toy.homes["reason"]
    assert reasons[reasons != ""].to_dict() == {"H12": "other_component", "H13": "not_linked"}


def test_areas_of_the_toy_town_add_up_to_the_city(toy):
    columns = ["elders_covered", "elders_uncovered", "elders_not_assessed", "elders_total"]
    assert toy.areas[columns].to_numpy().tolist() == [
        [40, 0, 0, 40], [20, 20, 0, 40], [20, 10, 0, 30], [0, 10, 10, 20],
    ]  # fmt: skip
    assert toy.totals.loc[("city", "T"), columns].tolist() == [80, 40, 10, 130]
    assert toy.areas["has_facility"].tolist() == [True, False, False, False]
    assert toy.areas["cell"].tolist()[:3] == ["has_in_time", "none_late", "none_late"]


def test_every_uncovered_home_of_the_toy_town_is_in_a_gap(toy):
    assert toy.gaps["homes"].sum() == 13 - len(COVERED)
    assert toy.gaps["elders"].sum() == 130 - 80


def test_floor_area_of_the_toy_town(toy):
    # 400 m2 for 1,000 households; 300 for 2,000; 300 for 400; none for 100
    rates = toy.floor_areas["m2_per_100_households"].tolist()
    assert rates == [40, 15, 75, 0]
    # required: 30 m2 per 100 households, and never less than 300
    assert toy.floor_areas["shortfall_m2"].tolist() == [0, 300, 0, 300]


def test_the_station_serves_the_homes_that_reach_it(toy):
    assert toy.facilities.loc["F1", ["homes", "elders"]].tolist() == [11, 110]
    assert pd.isna(toy.facilities.loc["F2", "homes"])


def test_files_give_the_same_answers_as_the_sample(toy_files, toy):
    result = cc.assess(cc.load_study(toy_files))
    for column in ("minutes", "covered", "reason", "facility_id", "area_id"):
        pd.testing.assert_series_equal(result.homes[column], toy.homes[column])
    pd.testing.assert_frame_equal(result.totals, toy.totals)


def test_a_table_of_minutes_takes_the_place_of_roads(toy_files, toy):
    pairs = pd.DataFrame(
        [("F1", home, metres / 60) for home, metres in WALKS.items() if metres]
        + [("F2", "H11", 0.0)],  # planned, so it does not count
        columns=["facility_id", "home_id", "min"],
    )
    pairs.to_csv(toy_files / "minutes.csv", index=False)
    text = STUDY.replace('[roads]\nfile = "roads.gpkg"', '[minutes]\nfile = "minutes.csv"\n'
                         'columns = { minutes = "min" }')  # fmt: skip
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    result = cc.assess(cc.load_study(toy_files))
    np.testing.assert_allclose(result.homes["minutes"], toy.homes["minutes"], atol=1e-9)
    assert (
        result.homes["covered"].fillna(value=False).equals(toy.homes["covered"].fillna(value=False))
    )
    assert result.circles.empty
    assert result.save(toy_files / "out").is_dir()


@pytest.mark.parametrize("name", ["nowhere.csv", "roads.gpkg"])
def test_a_bad_table_of_minutes_is_named(toy_files, name):
    text = STUDY.replace('[roads]\nfile = "roads.gpkg"', f'[minutes]\nfile = "{name}"')
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="minutes"):
        cc.load_study(toy_files)


def test_minutes_without_their_columns_are_named(toy_files):
    (toy_files / "m.csv").write_text("facility,home,minutes\nF1,H01,3\n", encoding="utf-8")
    text = STUDY.replace('[roads]\nfile = "roads.gpkg"', '[minutes]\nfile = "m.csv"')
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="facility_id"):
        cc.load_study(toy_files)


def test_two_runs_write_equal_bytes(toy_files):
    written = []
    for run in ("one", "two"):
        folder = cc.assess(cc.load_study(toy_files)).save(toy_files / run)
        written.append({p.name: p.read_bytes() for p in folder.iterdir()})
    one, two = written
    assert one.keys() == two.keys() >= {"coverage.gpkg", "tables.xlsx", "map.html", "issues.csv"}
    for name in one.keys() - {"manifest.json"}:
        assert one[name] == two[name], name


def test_headlines_count_the_best_that_is_known(toy):
    study = cc.samples.toy_town()
    bare = study.homes.assign(elders=np.nan, elders80=np.nan)
    people = cc.assess(replace(study, tables=replace(study.tables, homes=bare)))
    nobody = bare.assign(population=np.nan, households=np.nan)
    homes = cc.assess(replace(study, tables=replace(study.tables, homes=nobody)))
    assert [counted_in(result) for result in (toy, people, homes)] == ["elders", "people", "homes"]
    labels = [headline_of(r, Speech("en"))[0]["figures"][1] for r in (toy, people, homes)]
    assert [(label["label"], label["share"]) for label in labels] == [
        ("Elders in time (15/30 min)", "80 / 130"),
        ("Residents in time (15/30 min)", "200 / 325"),
        ("Homes in time (15/30 min)", "8 / 13"),
    ]


def test_homes_outside_all_areas_have_a_line_of_their_own_without_roster():
    study = cc.samples.toy_town()
    homes = study.homes.copy()
    homes.loc["H13", "area_id"] = None
    result = cc.assess(replace(study, tables=replace(study.tables, homes=homes)))
    town, outside = headline_of(result, Speech("en"))[::-1]
    if town["name"] != "Toy town":
        town, outside = outside, town
    assert (town["name"], outside["name"]) == ("Toy town", "Outside all communities")
    assert len(town["figures"]) == 2
    assert [figure["share"] for figure in outside["figures"]] == ["0 / 10"]


def test_pairs_that_make_no_sense_are_set_aside_and_listed(toy_files):
    rows = "F1,H01,3\nF1,H02,-1\nF1,H03,soon\nF9,H04,2\n"
    (toy_files / "m.csv").write_text("facility_id,home_id,minutes\n" + rows, encoding="utf-8")
    text = STUDY.replace('[roads]\nfile = "roads.gpkg"', '[minutes]\nfile = "m.csv"')
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    study = cc.load_study(toy_files)
    found = {i.code: (i.severity, i.record) for i in study.issues if i.table == "minutes"}
    assert found == {"bad_pair": ("error", "F1, H02"), "unknown_id": ("warning", "F9")}
    assert cc.assess(study).homes["minutes"].dropna().to_dict() == {"H01": 3.0}


def test_the_distance_that_joins_homes_to_gaps_is_the_studys(toy_files):
    text = STUDY.replace("[floor_area]", "gap_join_m = 350")
    (toy_files / "study.toml").write_text(text, encoding="utf-8")
    assert cc.load_study(toy_files).terms.gaps.join_m == 350


def test_a_city_whose_areas_name_none_has_the_title_of_the_study():
    town = cc.samples.toy_town()
    bare = town.areas.drop(columns=["city_id", "city_name"], errors="ignore")
    plain = replace(town, tables=replace(town.tables, areas=bare))
    result = cc.assess(plain)
    assert result.totals.loc[("city", ""), "name"] == town.card.title_zh
    assert result.totals.loc[("city", ""), "elders_total"] == 130
    from carecircle.outputs.map.summary import spoken_summary
    from carecircle.outputs.map.text import Speech

    assert spoken_summary(result, Speech("zh"))[0].startswith(f"{town.card.title_zh}:")
