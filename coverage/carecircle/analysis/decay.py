"""How the weight of a place falls with the way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from carecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "ENHANCED_STEPS",
    "AttendanceDecay",
    "Decay",
    "Exponential",
    "Flat",
    "Gaussian",
    "Linear",
    "Power",
    "Steps",
    "attendance_share",
    "decay_weights",
]

AttendanceDecay = Literal["linear", "gaussian"]


class Decay(Protocol):
    """Anything that weighs a way of so many minutes, given how far one may go at most."""

    def weights(self, minutes: Floats, limit: Floats) -> Floats:
        """Return the weights of ways that are within their limit."""
        ...


@dataclass(frozen=True)
class Flat:
    """1 within the limit: a place counts in full or not at all."""

    def weights(self, minutes: Floats, limit: Floats) -> Floats:  # noqa: ARG002  # the common form
        """Return 1 for each way."""
        return np.ones(len(minutes))


@dataclass(frozen=True)
class Linear:
    """1 - t / limit, as the problem type "maximize attendance" of ArcGIS Network Analyst."""

    def weights(self, minutes: Floats, limit: Floats) -> Floats:
        """Return 1 at the door, falling straight to 0 at the limit."""
        return 1.0 - _ratio(minutes, limit)


@dataclass(frozen=True)
class Gaussian:
    """(exp(-(t/limit)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)): 1 at the door, 0 at the limit.

    D. Dai (2010), Black residential segregation, disparities in spatial access to health care
    facilities, and late-stage breast cancer diagnosis in metropolitan Detroit, Health and Place
    16(5), 1038-1052.
    """

    def weights(self, minutes: Floats, limit: Floats) -> Floats:
        """Return the bell that falls to 0 at the limit."""
        least = np.exp(-0.5)
        return np.asarray((np.exp(-0.5 * _ratio(minutes, limit) ** 2) - least) / (1.0 - least))


#: Weights by minutes of W. Luo and Y. Qi (2009), An enhanced two-step floating catchment area
#: (E2SFCA) method, Health and Place 15(4), 1100-1107, as PySAL ``access`` has them.
ENHANCED_STEPS: Mapping[float, float] = MappingProxyType({10.0: 1.0, 20.0: 0.68, 30.0: 0.22})


@dataclass(frozen=True)
class Steps:
    """A weight for each ring of minutes: up to and including 10, to 20, to 30; 0 beyond the last.

    Attributes
    ----------
    rings
        Upper end of each ring in minutes -> weight.

    Examples
    --------
    >>> Steps().weights(np.array([10.0, 10.1, 30.0, 31.0]), np.full(4, 60.0)).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """

    rings: Mapping[float, float] = field(default_factory=lambda: dict(ENHANCED_STEPS))

    def __post_init__(self) -> None:
        """Refuse rings without an end or with a negative weight."""
        fine = (end >= 0 and 0 <= weight < np.inf for end, weight in self.rings.items())
        if not self.rings or not all(fine):
            raise InputError(
                f"steps: rings is {dict(self.rings)!r}; give minutes of 0 or more, each with a"
                " weight of 0 or more"
            )

    def weights(self, minutes: Floats, limit: Floats) -> Floats:  # noqa: ARG002  # the common form
        """Return the weight of the ring that each way ends in."""
        ends = np.array(sorted(self.rings))
        table = np.array([*(self.rings[end] for end in ends), 0.0], dtype=np.float64)
        return table[np.searchsorted(ends, minutes, side="left")]


@dataclass(frozen=True)
class Exponential:
    """2 ** (-t / half_minutes): each further ``half_minutes`` halves the weight."""

    half_minutes: float

    def __post_init__(self) -> None:
        """Refuse a half-life of nothing."""
        if not 0 < self.half_minutes < np.inf:
            raise InputError(f"decay: half_minutes is {self.half_minutes!r}; give minutes above 0")

    def weights(self, minutes: Floats, limit: Floats) -> Floats:  # noqa: ARG002  # the common form
        """Return the powers of one half."""
        return np.asarray(2.0 ** (-minutes / self.half_minutes), dtype=np.float64)


@dataclass(frozen=True)
class Power:
    """t ** -power with t at least ``nearest_minutes``, so that no place pulls without end.

    W. G. Hansen (1959), How accessibility shapes land use, Journal of the American Institute of
    Planners 25(2), 73-76. The weight is not at most 1 when ``nearest_minutes`` is less than 1.
    """

    power: float = 2.0
    nearest_minutes: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a pull that grows with the way, or without end."""
        if not (0 <= self.power < np.inf and 0 < self.nearest_minutes < np.inf):
            raise InputError(f"{self}: give a power of 0 or more and nearest_minutes above 0")

    def weights(self, minutes: Floats, limit: Floats) -> Floats:  # noqa: ARG002  # the common form
        """Return the pull of places that far away."""
        return np.asarray(np.maximum(minutes, self.nearest_minutes) ** -self.power)


_ATTENDANCE: Mapping[str, Decay] = {"linear": Linear(), "gaussian": Gaussian()}


def decay_weights(minutes: Floats, limit: Floats, decay: Decay) -> Floats:
    """Return the weight of each way; 0 beyond its limit, whatever the decay says.

    Parameters
    ----------
    minutes, limit
        The way and the farthest one may go, in minutes; exactly at the limit is within.
    decay
        The law.

    Examples
    --------
    >>> decay_weights(np.array([5.0, 15.0, 15.1]), np.full(3, 15.0), Flat()).tolist()
    [1.0, 1.0, 0.0]
    """
    inside = minutes <= limit
    weights = np.zeros(len(minutes))
    weights[inside] = decay.weights(minutes[inside], limit[inside])
    return weights


def attendance_share(minutes: Floats, limit: Floats, decay: AttendanceDecay = "linear") -> Floats:
    """Return the share of people who will go that far: all at the door, none beyond the limit.

    Parameters
    ----------
    minutes, limit
        The way, and the limit of the resident, in minutes.
    decay
        ``linear`` (:class:`Linear`) or ``gaussian`` (:class:`Gaussian`).

    Returns
    -------
    NDArray
        0 to 1. With a limit of 0 everyone goes who is at the door.

    Raises
    ------
    InputError
        If the decay is another one.

    Examples
    --------
    >>> attendance_share(np.array([0.0, 6.0, 15.0, 16.0]), np.full(4, 15.0)).tolist()
    [1.0, 0.6, 0.0, 0.0]
    """
    if decay not in _ATTENDANCE:
        raise InputError(f"decay is {decay!r}; give 'linear' or 'gaussian'")
    return decay_weights(minutes, limit, _ATTENDANCE[decay])


def _ratio(minutes: Floats, limit: Floats) -> Floats:
    ratio = np.zeros(len(minutes))
    np.divide(minutes, limit, out=ratio, where=limit > 0)
    return ratio
