"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import carecircle as cc

ROOT = Path(__file__).parents[1]
# tests are collected by importlib; helper modules beside them (towns.py, ...) are found here
sys.path.insert(0, str(ROOT / "tests"))

# kernels compile during the first example, so no example has a deadline; towns are small enough to
# read without shrinking, which takes minutes
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
settings.register_profile(
    "carecircle",
    deadline=None,
    print_blob=True,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of a law
)
settings.load_profile("carecircle")

# The longest modules come first, so that no worker is left with one at the end. In a fresh checkout
# the first compiles the kernels of the road search; the next two do without them meanwhile.
LONG_FIRST = (
    "test_docs", "test_siting_median", "test_house", "test_notebooks", "test_examples", "test_cli",
    "test_cli_depth", "test_report", "test_what_if_page", "test_cli_planning", "test_map_page",
    "test_bench", "test_gaps", "test_explain",
)  # fmt: skip


# Frames are many small objects and hardly ever cycles; looking through all that has been imported
# and collected again and again takes a tenth of the run.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """Leave out of every later search for garbage what stays until the end anyway."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by module: the long ones first, the others as they were found."""
    place = {name: number for number, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real extracts; absent data skip, unless the run demands them."""
    folder = Path(os.environ.get("CARECIRCLE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "osm").is_dir():
        reason = f"no real extracts at {folder}; set CARECIRCLE_DATA to their folder"
        if os.environ.get("CARECIRCLE_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``carecircle ...`` in this process: exit code, output, errors, each as one line."""
    from carecircle.cli import main as cli

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carecircle", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            sys.exit(cli.main())
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(end.value.code or 0), said.out, " ".join(said.err.split())

    return call


# The sample city is read, searched and assessed once for all tests of a worker: nothing in the
# package changes its inputs, and the tests that hold it to that make their own.


@pytest.fixture(scope="session")
def sample_study() -> cc.Study:
    """The sample city."""
    import carecircle as cc

    return cc.samples.wuhai()


@pytest.fixture(scope="session")
def sample_result(sample_study: cc.Study) -> cc.Result:
    """Its assessment."""
    import carecircle as cc

    return cc.assess(sample_study)


@pytest.fixture(scope="session")
def sample_base(sample_study: cc.Study) -> cc.Baseline:
    """Its baseline for scenarios, plans, classes and intervals."""
    import carecircle as cc

    return cc.Baseline.of(sample_study)


@pytest.fixture(scope="session")
def sample_frames(sample_result: cc.Result, sample_study: cc.Study) -> cc.RuleFrames:
    """What its rules and indicators are checked against, ledgers too."""
    import carecircle as cc

    tables = sample_study.tables
    return cc.RuleFrames.from_findings(
        sample_result, projects=tables.projects, rosters=tables.rosters,
        observations=tables.observations,
    )  # fmt: skip
