"""The commands site and compare."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

import carecircle as cc
from carecircle.cli_planning import app
from carecircle.errors import InputError
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
    assert "proof: optimal: objective 10, bound 10, gap 0.00%, none 1.0; verified" in done.stdout
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
    ],
)
def test_terms_that_do_not_fit_the_problem_are_refused(sample, solver, options, told):
    with pytest.raises(InputError, match=told):
        runner.invoke(app, ["site", sample, *options], catch_exceptions=False)


def test_compare_prints_today_and_each_scenario(sample, tmp_path):
    path = tmp_path / "plans.toml"
    path.write_text('[[scenario]]\nname = "two"\nbuild = ["S07", "S02"]\n', encoding="utf-8")
    done = runner.invoke(app, ["compare", sample, str(path)], catch_exceptions=False)
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert {"today", "two"} <= set(rows)
    done = runner.invoke(app, ["compare", sample, str(path), "--json"], catch_exceptions=False)
    today, two = json.loads(done.stdout)
    assert today["scenario"] == "today"
    assert two["elders_covered"] > today["elders_covered"]
    assert two["change"] == pytest.approx(two["elders_gained"])


def test_compare_names_what_is_wrong(sample, tmp_path):
    path = tmp_path / "plans.toml"
    path.write_text('[[scenario]]\nname = "two"\nbuild = ["S99"]\n', encoding="utf-8")
    with pytest.raises(InputError, match="S99 is not known"):
        runner.invoke(app, ["compare", sample, str(path)], catch_exceptions=False)
