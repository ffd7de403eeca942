"""The commands site and compare."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli.planning import app
from carecircle.errors import InputError
from carecircle.outputs.masking import INTERNAL
from carecircle.planning.plan import Plan, Proof

runner = CliRunner()


@pytest.fixture(scope="module")
def sample():
    return str(cc.samples.wuhai_folder())


@pytest.fixture
def solver(monkeypatch):
    """A stand-in for a siting problem: it takes the first n sites and says so."""
    asked = {}

    def max_cover(instance, *, n_sites=None, budget=None):
        asked.update(n_sites=n_sites, budget=budget, homes=instance.n_demand)
        index = instance.site_ids[:n_sites].rename("site_id")
        chosen = pd.DataFrame({"gain": 10.0, "share": 0.5, "cost": 1.0}, index=index)
        proof = Proof(10.0, 10.0, "optimal", 0.1, "none 1.0", "verified")
        return Plan("max_cover", chosen, pd.DataFrame(), proof)

    monkeypatch.setattr(cc, "max_cover", max_cover, raising=False)
    monkeypatch.setattr(cc, "min_sites", lambda instance: None, raising=False)
    return asked


def test_site_prints_the_ranked_table_with_its_proof(sample, solver):
    done = runner.invoke(app, ["site", sample, "--n", "2"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "S01" in done.stdout
    assert "和平候选点1" in done.stdout
    assert "证明: 已证明最优;目标值 10,界 10,差距 0.00%;none 1.0;verified" in done.stdout
    assert "排序" in done.stdout.splitlines()[0]
    assert "synthetic" in done.stdout
    assert solver["n_sites"] == 2


def test_site_prints_json(sample, solver):
    done = runner.invoke(app, ["site", sample, "--n", "1", "--json"], catch_exceptions=False)
    facts = json.loads(done.stdout)
    assert facts["status"] == "optimal"
    assert facts["sites"] == [{"site_id": "S01", "gain": 10.0, "share": 0.5, "cost": 1.0}]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "max_cover needs --n or --budget"),
        (["--problem", "min_sites", "--n", "3"], "min_sites takes no --n; leave it out"),
        (["--n", "3", "--share", "0.9"], "max_cover takes no --share; leave it out"),
        (["--problem", "min_sites_for_share"], "min_sites_for_share needs --share; add it"),
        (
            ["--problem", "phased_to_all", "--n", "2"],
            "phased_to_all takes no --n; leave it out\nphased_to_all needs --periods; add it",
        ),
        (["--n", "3", "--candidates", "grid", "--spacing", "0"], "--spacing is 0; give metres"),
        (
            ["--budget", "9", "--candidates", "roads"],
            "--budget needs the cost of every site, and candidates from roads have none",
        ),
    ],
)
def test_terms_that_do_not_fit_the_problem_are_refused(sample, solver, options, told):
    with pytest.raises(InputError, match=told):
        runner.invoke(app, ["site", sample, *options], catch_exceptions=False)


def test_compare_prints_today_and_each_scenario(sample, tmp_path):
    path = tmp_path / "plans.toml"
    path.write_text('[[scenario]]\nname = "two"\nbuild = ["S07", "S02"]\n', encoding="utf-8")
    done = runner.invoke(app, ["compare", sample, str(path)], catch_exceptions=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert lines[0] == ["现状", "two"]  # a column for each scenario, a line for each figure
    told = {name: figures for name, *figures in lines[1:]}
    assert told["社区(村)总数"] == ["83", "83"]
    assert told["变化"][0] == "0"
    done = runner.invoke(app, ["compare", sample, str(path), "--json"], catch_exceptions=False)
    today, two = json.loads(done.stdout)
    assert INTERNAL[0] not in done.stderr  # no folder, no warning
    assert today["scenario"] == "today"
    assert two["elders_covered"] > today["elders_covered"]
    assert two["change"] == pytest.approx(two["elders_gained"])


def test_compare_names_what_is_wrong(sample, tmp_path):
    path = tmp_path / "plans.toml"
    path.write_text('[[scenario]]\nname = "two"\nbuild = ["S99"]\n', encoding="utf-8")
    with pytest.raises(InputError, match="S99 is not known"):
        runner.invoke(app, ["compare", sample, str(path)], catch_exceptions=False)


# ------------------------------------------------------------------------- the real solver, in town


@pytest.fixture(scope="module")
def town_folder(tmp_path_factory):
    """Toy town as files, with three sites of its own."""
    folder, town = tmp_path_factory.mktemp("town"), cc.samples.toy_town()
    tables = town.tables
    for name in ("areas", "facilities", "homes", "roads"):
        getattr(tables, name).reset_index().to_parquet(folder / f"{name}.parquet")
    spots = {"N1": (900, 0), "N2": (2000, 0), "N3": (0, 50)}
    sites = gpd.GeoDataFrame(
        {"site_id": list(spots), "name": ["East", "Far", "=West"], "cost": [3.0, 2.0, 1.0]},
        geometry=[shapely.Point(xy) for xy in spots.values()], crs="EPSG:4545",
    )  # fmt: skip
    sites.to_parquet(folder / "sites.parquet")
    (folder / "study.toml").write_text(
        """
[study]
title = "Toy town"
crs = "EPSG:4545"
as_of = 2020-12-31
[areas]
file = "areas.parquet"
[[facilities]]
file = "facilities.parquet"
[homes]
method = "points"
file = "homes.parquet"
[roads]
file = "roads.parquet"
[sites]
file = "sites.parquet"
[service]
kinds = ["station", "rural_centre"]
""",
        encoding="utf-8",
    )
    return folder


def site(folder, *options):
    return runner.invoke(app, ["site", str(folder), *options], catch_exceptions=False)


def test_the_least_share_asked_for_is_reached_with_the_fewest_sites(town_folder):
    # today 80 of 130; N1 brings 110, which is 0.846
    done = site(town_folder, "--problem", "min_sites_for_share", "--share", "0.84", "--json")
    facts = json.loads(done.stdout)
    assert [row["site_id"] for row in facts["sites"]] == ["N1"]
    with pytest.raises(InputError, match="together cover 110 of 130"):
        site(town_folder, "--problem", "min_sites_for_share", "--share", "0.9")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--n", "4"], "n_sites is 4, but 3 candidates may stand together"),
        (["--n", "0"], "n_sites is 0; give at least 1"),
        (["--budget", "0"], "budget is 0.0; give an amount above 0"),
        (["--problem", "min_sites"], "leave them out with --leave-out-unreachable"),
        (["--n", "1", "--candidates", "buildings"], "there are no buildings to choose from"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(town_folder, options, told):
    with pytest.raises(InputError, match=told) as raised:
        site(town_folder, *options)
    assert len(str(raised.value).splitlines()) == 1


def test_a_study_without_sites_is_told_of_candidates(town_folder, tmp_path):
    for path in town_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    study = tmp_path / "study.toml"
    text = study.read_text(encoding="utf-8").replace('[sites]\nfile = "sites.parquet"\n', "")
    study.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="--candidates roads, grid or buildings"):
        site(tmp_path, "--n", "1")


def test_a_plan_is_written_whole_and_compares_again(town_folder, tmp_path):
    out = tmp_path / "plan"
    done = site(town_folder, "--problem", "min_sites", "--leave-out-unreachable", "--out", str(out))
    assert f"结果: {out}" in done.stdout
    assert INTERNAL[0] in done.stderr  # the folder holds counts of people that nobody masked
    assert "没有场址能到达的住宅 2 处:H12, H13" in done.stdout
    steps = pd.read_csv(out / "plan.csv", encoding="utf-8-sig")
    told = steps[["site_id", "elders_gained", "cost_per_elder"]].to_dict("records")
    assert told == [{"site_id": "N1", "elders_gained": 30.0, "cost_per_elder": 0.1}]
    assert json.loads((out / "plan.json").read_text("utf-8"))["left_out"] == ["H12", "H13"]
    again = tmp_path / "again"
    files = [str(town_folder), str(out / "scenario.json"), "--out", str(again), "--json"]
    done = runner.invoke(app, ["compare", *files], catch_exceptions=False)
    _, planned = json.loads(done.stdout)
    assert INTERNAL[0] in done.stderr
    assert planned["elders_covered"] == 110.0
    assert planned["cost"] == 3.0
    assert (again / "map.html").stat().st_size > 100_000


def test_candidates_in_uncovered_areas_stand_beside_the_studys_own(town_folder, tmp_path):
    out = tmp_path / "plan"
    options = ["--candidates", "grid", "--spacing", "100", "--problem", "phased_to_all"]
    done = site(
        town_folder, *options, "--periods", "2", "--leave-out-unreachable", "--out", str(out)
    )
    # H12 is on a road of its own: only a candidate of the grid can serve it; H13 has no road
    assert "没有场址能到达的住宅 1 处:H13" in done.stdout
    assert "cost" not in done.stdout
    steps = pd.read_csv(out / "plan.csv", encoding="utf-8-sig")
    assert steps["period"].tolist() == [1, 2]
    assert steps["elders_covered"].tolist() == [110.0, 120.0]
    (scenario,) = cc.read_scenarios(out / "scenario.json")
    plans = cc.compare(cc.load_study(town_folder), [scenario])
    assert plans.summary["elders_covered"].tolist() == [80.0, 120.0]


def test_a_folder_of_someone_else_is_left_alone(town_folder, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is not a carecircle result"):
        site(town_folder, "--n", "1", "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_share_that_is_nearly_all_is_not_called_all(sample, solver):
    from carecircle.cli.site_answers import percent

    assert [percent(s) for s in (1.0, 0.99965, 0.5, float("nan"))] == [
        "100.0 %", "<100 %", "50.0 %", "--",
    ]  # fmt: skip


def test_a_relocation_says_what_closes_and_what_moves(sample):
    call = ["site", sample, "--problem", "relocate_within_budget", "--budget", "300"]
    done = runner.invoke(app, [*call, "--movable", "all"], catch_exceptions=False)
    assert "独立复核通过" in done.stdout
    with pytest.raises(InputError, match="relocate_within_budget needs --movable; add it"):
        runner.invoke(app, call, catch_exceptions=False)
    with pytest.raises(InputError, match="max_cover takes no --movable; leave it out"):
        runner.invoke(app, ["site", sample, "--n", "1", "--movable", "F1"], catch_exceptions=False)


def test_a_roster_is_met_for_districts_as_for_communities(sample, sample_study):
    call = ["site", sample, "--problem", "meet_roster", "--level", "district", "--least", "24"]
    done = runner.invoke(app, [*call, "--json"], catch_exceptions=False)
    plan = json.loads(done.stdout)
    study = sample_study
    places = pd.concat([study.facilities["area_id"], _areas_of_sites(study)])
    operating = study.facilities.index[
        (study.facilities["status"] == "operating")
        & study.facilities["kind"].isin(study.card.eligible)
    ]
    stand = [*operating, *(one["site_id"] for one in plan["sites"])]
    districts = study.areas["district_id"].reindex(places[stand]).value_counts()
    assert (districts >= 24).all()
    assert plan["objective"] == plan["bound"] == len(plan["sites"])


def _areas_of_sites(study):
    return cc.assign_areas(study.tables.sites, study.areas)


# ------------------------------------------------------------------------- the further problems


def test_missing_floor_area_is_closed_at_the_prices_given(town_folder, tmp_path):
    """Centre and North are short of 300 m2 each; N1 stands in Centre, and nothing near North."""
    ask, out = ["--problem", "meet_area_standard", "--prices", "build=50:0.5"], tmp_path / "floor"
    with pytest.raises(InputError, match=r"no site that may serve them \(N\); .*--leave-out-unr"):
        site(town_folder, *ask)
    done = site(town_folder, *ask, "--leave-out-unreachable", "--out", str(out))
    assert "仍缺面积:1 个社区(村)共 300.0 平方米:N" in done.stdout
    assert "目标值 200,界 200" in done.stdout
    assert "独立复核通过:场址、规模、分配、缺口和费用均已重新加总" in done.stdout
    built = pd.read_csv(out / "plan.csv", encoding="utf-8-sig")
    assert built[["site_id", "built_m2", "cost"]].to_numpy().tolist() == [["N1", 300.0, 200.0]]
    areas = pd.read_csv(out / "areas.csv", encoding="utf-8-sig").set_index("area_id")
    assert areas["left_m2"].to_dict() == {"C": 0.0, "N": 300.0}
    assert json.loads((out / "plan.json").read_text("utf-8"))["plan"]["status"] == "optimal"


def test_a_front_is_written_with_each_plan_as_a_scenario(town_folder, tmp_path):
    out = tmp_path / "front"
    ask = ["--problem", "pareto_front", "--second", "cost"]
    done = site(town_folder, *ask, "--out", str(out))
    assert "证明: 3 个方案中有 3 个已证明最优; 均已独立复核" in done.stdout
    front = pd.read_csv(out / "front.csv", encoding="utf-8-sig")
    # 30 more elders for 3 of N1, 10 more for 2 of N2, or nothing for nothing
    assert front[["first", "second"]].to_numpy().tolist() == [
        [110.0, 3.0],
        [90.0, 2.0],
        [80.0, 0.0],
    ]
    summary = pd.read_csv(out / "summary.csv", encoding="utf-8-sig").set_index("scenario")
    assert summary["elders_covered"].to_dict() == {"today": 80.0, "plan 1": 110.0, "plan 2": 90.0}
    facts = json.loads(site(town_folder, *ask, "--n", "1", "--most", "2", "--json").stdout)
    assert [row["site_ids"] for row in facts["table"]] == ["N1", ""]
    assert all(one["verdict"].startswith("verified") for one in facts["plans"].values())


def test_people_are_won_from_the_facilities_that_others_run(town_folder):
    ask = ["--rivals", "F1", "--json"]
    won = json.loads(site(town_folder, "--problem", "market_share", "--n", "1", *ask).stdout)
    assert [row["site_id"] for row in won["sites"]] == ["N1"]
    # at least the 30 whom the rival does not reach, less than the 110 within reach
    assert 30.0 < won["objective"] < 110.0
    assert "won, added up anew" in won["verdict"]
    few = site(town_folder, "--problem", "market_share_target", "--share", "0.5", *ask)
    assert [row["site_id"] for row in json.loads(few.stdout)["sites"]] == ["N1"]


def test_the_curve_and_the_cost_of_all_are_printed_with_their_verdict(town_folder, tmp_path):
    done = site(town_folder, "--problem", "coverage_curve", "--out", str(tmp_path / "curve"))
    assert "证明: 1 个方案中有 1 个已证明最优; 均已独立复核" in done.stdout
    curve = pd.read_csv(tmp_path / "curve" / "curve.csv", encoding="utf-8-sig")
    assert curve["covered"].tolist() == [80.0, 110.0]
    done = site(town_folder, "--problem", "cost_of_all")
    assert "没有场址能到达的住宅 2 处:H12, H13\n" in done.stdout
    assert "84.62% can be covered: 1 sites, or cost 3" in done.stdout


def test_each_period_may_build_as_much_as_the_next(town_folder):
    ask = ["--problem", "phased", "--periods", "2", "--json"]
    for each in (["--n", "1"], ["--budget", "3"]):
        plan = json.loads(site(town_folder, *ask, *each).stdout)
        assert [(row["site_id"], row["period"]) for row in plan["sites"]] == [("N1", 1)]


def test_units_without_a_candidate_are_told_in_words(town_folder):
    done = site(town_folder, "--problem", "meet_roster", "--leave-out-unreachable")
    assert "未计入的单元: N" in done.stdout
    assert "closed" not in done.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["meet_area_standard"], "meet_area_standard needs --prices; add it"),
        (["meet_area_standard", "--prices", "build=5"], "'build=5' cannot be read; write it like"),
        (["meet_area_standard", "--prices", "a=1:2,a=3:4"], "--prices: a stands twice"),
        (["meet_area_standard", "--prices", "build=-1:2"], "build costs -1.0; give a number of 0"),
        (
            ["meet_area_standard", "--prices", "build=1:2", "--enlarge", "F9=3:4"],
            "facility 'F9' is not known",
        ),
        (["market_share", "--n", "1"], "market_share needs --rivals; add it"),
        (["market_share", "--n", "1", "--rivals", "F11"], "'F11' is unknown; did you mean F1"),
        (["pareto_front", "--n", "1"], "pareto_front needs --second; add it"),
        (["pareto_front", "--second", "homes"], "pareto_front needs --n or --budget; add it"),
        (["max_cover", "--n", "1", "--rivals", "F1"], "max_cover takes no --rivals; leave it out"),
        (["phased", "--periods", "2"], "phased needs --n or --budget; add it"),
        (["phased", "--n", "1", "--periods", "0"], "--periods is 0; give at least 1"),
    ],
)
def test_options_of_the_further_problems_are_refused_by_name(town_folder, options, told):
    with pytest.raises(InputError, match=told) as raised:
        site(town_folder, "--problem", *options)
    assert len(str(raised.value).splitlines()) == 1
