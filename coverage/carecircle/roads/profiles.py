"""Travel profiles: how fast someone travels, on which roads, and where that figure comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROFILES", "Mode", "TravelProfile"]

Mode = Literal["walk", "wheelchair", "bike", "car"]

_GB50180 = "GB 50180-2018, 2.0.2 to 2.0.4: fixed distance along the road"
_GB50180_ZH = "GB 50180-2018 第2.0.2至2.0.4条:沿道路的固定距离"
_OWN_CAR = (
    "class speeds for small Chinese cities, about 0.75 of free flow; recommendation, not a rule"
)
_OWN_CAR_ZH = "中小城市各等级道路车速,约为自由流的0.75;建议值,非规范要求"

#: Default car speed by OpenStreetMap highway class, km/h.
CAR_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 90, "motorway_link": 50, "trunk": 55, "trunk_link": 40,
        "primary": 40, "primary_link": 40, "secondary": 35, "secondary_link": 35,
        "tertiary": 30, "tertiary_link": 30, "unclassified": 25, "residential": 20,
        "road": 20, "living_street": 10, "service": 15, "track": 15,
    }
)  # fmt: skip


@dataclass(frozen=True)
class TravelProfile:
    """How one kind of traveller moves; every figure carries the profile's name.

    Parameters
    ----------
    name
        Printed on every map and table.
    mode
        Which roads are open: ``walk``, ``wheelchair``, ``bike`` or ``car``.
    speed_m_s
        Speed in metres per second where no class speed applies.
    source, source_zh
        Where the speed comes from, in English and in Chinese (empty: only the other is known).
    class_kmh
        Speed by highway class in km/h (cars). A ``maxspeed`` tag times 0.75 goes before it.
    access_minutes
        Minutes added once to every trip: start and park.
    access_speed_m_s
        Speed of the leg between a place and its road; ``None``: ``speed_m_s`` on
        foot, 1.0 otherwise.
    signal_seconds
        Seconds added per traffic signal on the way.
    crossing_seconds
        Seconds added per road that crosses a secondary road or above without a signal.
    slope
        ``none`` or ``tobler``: speed times exp(-3.5 |s + 0.05|) / exp(-3.5 * 0.05), with s the
        grade in the direction of travel.

    Examples
    --------
    >>> PROFILES["elder_default"].speed_m_s
    1.0
    >>> PROFILES["elder_default"].metres(15)
    900.0
    """

    name: str
    mode: Mode
    speed_m_s: float
    source: str
    class_kmh: Mapping[str, float] = field(default_factory=dict, hash=False)
    access_minutes: float = 0.0
    access_speed_m_s: float | None = None
    signal_seconds: float = 0.0
    crossing_seconds: float = 0.0
    slope: Literal["none", "tobler"] = "none"
    source_zh: str = ""

    def __post_init__(self) -> None:
        if not 0.05 <= self.speed_m_s <= 60:  # noqa: PLR2004
            msg = (
                f"travel profile {self.name!r}: speed_m_s is {self.speed_m_s}, expected 0.05 to 60;"
                " give metres per second (1.0 is an older adult on foot)"
            )
            raise ValueError(msg)

    @property
    def leg_speed_m_s(self) -> float:
        """Speed of the access leg in metres per second."""
        if self.access_speed_m_s is not None:
            return self.access_speed_m_s
        return self.speed_m_s if self.mode in ("walk", "wheelchair") else 1.0

    def metres(self, minutes: float) -> float:
        """Return how far ``speed_m_s`` goes in ``minutes``, in metres."""
        return self.speed_m_s * 60.0 * minutes

    def at_speed(self, speed_m_s: float, name: str | None = None) -> TravelProfile:
        """Return the same profile at another speed in metres per second."""
        return replace(self, speed_m_s=speed_m_s, name=name or f"{self.name}@{speed_m_s:g}")


def _walk(name: str, speed: float, source: str, zh: str) -> TravelProfile:
    return TravelProfile(name, "walk", speed, source, source_zh=zh)


#: The profiles known by name.
PROFILES: Mapping[str, TravelProfile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _walk("elder_default", 1.0, "60 m/min; GB 50180-2018's own band is 0.83 to 1.11 m/s",
                  "60米/分钟;GB 50180-2018 自身的范围为0.83至1.11米/秒"),
            _walk("elder_slow", 0.8, "80 and over, slow gait; HRS 2006-16: half of 65+ are slower",
                  "80岁及以上,慢步;HRS 2006-16:65岁及以上半数更慢"),
            _walk("adult", 1.2, "general population; street crossings in China 1.17 to 1.29 m/s",
                  "一般人群;国内过街步速1.17至1.29米/秒"),
            TravelProfile("wheelchair", "wheelchair", 0.67, "40 m/min, planning convention",
                          source_zh="40米/分钟,规划惯例"),
            _walk("gb_800", 800 / 900, f"{_GB50180}; 15 minutes stand for 800 m",
                  f"{_GB50180_ZH};15分钟即800米"),
            _walk("gb_1000", 1000 / 900, f"{_GB50180}; 15 minutes stand for 1000 m",
                  f"{_GB50180_ZH};15分钟即1000米"),
            TravelProfile(
                "ebike", "bike", 15 / 3.6, "15 km/h, legal cap 25 km/h; recommendation",
                access_minutes=2.0, source_zh="15公里/小时,法定上限25公里/小时;建议值",
            ),
            TravelProfile(
                "car", "car", 20 / 3.6, _OWN_CAR, class_kmh=CAR_KMH, access_minutes=3.0,
                signal_seconds=15.0, source_zh=_OWN_CAR_ZH,
            ),
        )
    }
)  # fmt: skip
