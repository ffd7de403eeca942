"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

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
