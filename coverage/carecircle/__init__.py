"""Who is really served along the roads: coverage, standards and siting of care facilities."""

from carecircle.roads.network import RoadNetwork
from carecircle.roads.positions import locate
from carecircle.roads.profiles import PROFILES, TravelProfile
from carecircle.roads.reach import nearest, nearest_from_pairs, reach

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "RoadNetwork",
    "TravelProfile",
    "locate",
    "nearest",
    "nearest_from_pairs",
    "reach",
]
