"""The one door to numba: imported late, and guarded against the bare ``coverage`` folder."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel"]

_F = TypeVar("_F", bound="Callable[..., Any]")


def _hide_bare_coverage_folder() -> bool:
    # In a checkout the source root "coverage/" can be picked up as a namespace package where
    # coverage.py is not installed; numba then believes it has coverage.py and fails to import.
    if "coverage" in sys.modules:
        return False
    spec = find_spec("coverage")
    if spec is None or spec.origin is not None:
        return False
    sys.modules["coverage"] = None  # type: ignore[assignment]  # None means: not importable
    return True


_hidden = _hide_bare_coverage_folder()
try:
    import numba
finally:
    if _hidden:
        del sys.modules["coverage"]


def kernel(function: _F) -> _F:
    """Compile ``function`` on first call; it releases the GIL and is cached on disk."""
    compiled: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    return cast("_F", compiled)
