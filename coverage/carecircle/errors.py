"""The errors a caller may catch.

::

    CarecircleError
    ├── InputError (ValueError)       a table, file or study cannot be used; carries its issues
    ├── CrsError (ValueError)         coordinates without a usable reference system
    ├── NetworkError (ValueError)     roads that do not make a network
    └── MissingLibraryError (ImportError)   an optional library is needed

    CarecircleWarning (UserWarning)   something looks wrong and was used all the same
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecircle.inputs.issues import Issue

__all__ = [
    "CarecircleError",
    "CarecircleWarning",
    "CrsError",
    "InputError",
    "MissingLibraryError",
    "NetworkError",
]


class CarecircleError(Exception):
    """The root of every error raised on purpose by carecircle."""


class InputError(CarecircleError, ValueError):
    """Raised when input cannot be used; ``issues`` holds every problem, not only the first."""

    def __init__(self, message: str, issues: Sequence[Issue] = ()) -> None:
        super().__init__(message)
        self.issues: tuple[Issue, ...] = tuple(issues)


class CrsError(CarecircleError, ValueError):
    """Raised when a table has no CRS, a geographic one where metres are needed, or two differ."""


class NetworkError(CarecircleError, ValueError):
    """Raised when roads give no network: no nodes, or nothing open to the traveller."""


class MissingLibraryError(CarecircleError, ImportError):
    """Raised when an optional library is needed; the message says which extra to install."""


class CarecircleWarning(UserWarning):
    """Warns about input that was used with a caveat or set aside, when no issue list was given."""
