"""The public WGS-84 to GCJ-02 formula, kept here so that the maker stands alone."""

from __future__ import annotations

import numpy as np

__all__ = ["to_gcj02"]

_A, _EE = 6378245.0, 0.00669342162296594323


def _waves(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pi = np.pi
    common = (20 * np.sin(6 * x * pi) + 20 * np.sin(2 * x * pi)) * 2 / 3
    lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    lat += (20 * np.sin(y * pi) + 40 * np.sin(y / 3 * pi)) * 2 / 3
    lat += (160 * np.sin(y / 12 * pi) + 320 * np.sin(y * pi / 30)) * 2 / 3
    lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    lon += (20 * np.sin(x * pi) + 40 * np.sin(x / 3 * pi)) * 2 / 3
    lon += (150 * np.sin(x / 12 * pi) + 300 * np.sin(x / 30 * pi)) * 2 / 3
    return lon, lat


def to_gcj02(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift WGS-84 longitude and latitude (degrees, inside China) to GCJ-02."""
    d_lon, d_lat = _waves(lon - 105.0, lat - 35.0)
    radians = np.radians(lat)
    magic = 1 - _EE * np.sin(radians) ** 2
    d_lat = np.degrees(d_lat / ((_A * (1 - _EE)) / (magic * np.sqrt(magic))))
    d_lon = np.degrees(d_lon / (_A / np.sqrt(magic) * np.cos(radians)))
    return lon + d_lon, lat + d_lat
