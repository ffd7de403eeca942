"""The one door to numba: imported late, and guarded against the bare ``coverage`` folder."""

from __future__ import annotations

import sys
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel", "kernel_stamp"]

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


@cache
def kernel_stamp(package: Path) -> str:
    """Return a hash of the source of all modules of a package that hold kernels."""
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"roads.compiled import kernel" in source:
            digest.update(source)
    return digest.hexdigest()


def kernel(function: _F) -> _F:
    """Compile ``function`` on first call; it releases the GIL and is cached on disk."""
    compiled: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    # numba keeps a compiled caller as long as its own file is unchanged, with the old code of what
    # it calls in other files inside: after an upgrade, figures would come from a mixture of both
    try:
        file = compiled._cache._cache_file  # noqa: SLF001  # numba has no public way
        file._source_stamp = (file._source_stamp, kernel_stamp(Path(__file__).parents[1]))  # noqa: SLF001
    except AttributeError:
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return cast("_F", compiled)
