"""Who is really served along the roads: coverage, standards and siting of care facilities."""

from carecircle import errors as errors
from carecircle import samples as samples
from carecircle.analysis.circles import CircleStyle, service_circles
from carecircle.analysis.coverage import coverage_by_area, home_coverage, roll_up
from carecircle.analysis.findings import Findings, StudyCard
from carecircle.analysis.gaps import GapContext, GapRule, uncovered_areas
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.inputs.datums import detect_datum, from_wgs84, to_wgs84
from carecircle.inputs.download import download_areas, download_features, download_roads
from carecircle.inputs.graphs import roads_from_graph
from carecircle.inputs.homes import (
    homes_from_areas,
    homes_from_buildings,
    homes_from_dwellings,
    homes_from_grid,
)
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.inputs.lines import node_lines
from carecircle.inputs.osm import (
    read_osm_areas,
    read_osm_features,
    read_osm_places,
    read_osm_roads,
)
from carecircle.inputs.source import Source
from carecircle.inputs.tables import (
    read_areas,
    read_barriers,
    read_buildings,
    read_facilities,
    read_homes,
    read_projects,
    read_roads,
    read_sites,
)
from carecircle.inputs.terrain import grades_from_dem, grades_from_nodes
from carecircle.inputs.topology import assign_areas, check_areas, check_together
from carecircle.outputs.folder import save_folder
from carecircle.outputs.maps import coverage_map
from carecircle.roads.interchange import to_networkx
from carecircle.roads.network import RoadNetwork
from carecircle.roads.positions import locate
from carecircle.roads.profiles import PROFILES, TravelProfile
from carecircle.roads.reach import nearest, nearest_from_pairs, reach
from carecircle.roads.reached import reached_roads
from carecircle.roads.store import load_network, save_network
from carecircle.standards.floor_area import FloorAreaRule, check_floor_area, roll_up_floor_area
from carecircle.study import Result, Study, Terms, assess, load_study

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "CircleStyle",
    "Findings",
    "FloorAreaRule",
    "GapContext",
    "GapRule",
    "Issue",
    "IssueLog",
    "Result",
    "RoadNetwork",
    "Source",
    "Study",
    "StudyCard",
    "Terms",
    "TravelProfile",
    "assess",
    "assign_areas",
    "check_areas",
    "check_floor_area",
    "check_together",
    "coverage_by_area",
    "coverage_map",
    "detect_datum",
    "download_areas",
    "download_features",
    "download_roads",
    "errors",
    "four_cells",
    "from_wgs84",
    "grades_from_dem",
    "grades_from_nodes",
    "home_coverage",
    "homes_from_areas",
    "homes_from_buildings",
    "homes_from_dwellings",
    "homes_from_grid",
    "is_eligible",
    "load_network",
    "load_study",
    "locate",
    "nearest",
    "nearest_from_pairs",
    "node_lines",
    "reach",
    "reached_roads",
    "read_areas",
    "read_barriers",
    "read_buildings",
    "read_facilities",
    "read_homes",
    "read_osm_areas",
    "read_osm_features",
    "read_osm_places",
    "read_osm_roads",
    "read_projects",
    "read_roads",
    "read_sites",
    "roads_from_graph",
    "roll_up",
    "roll_up_floor_area",
    "roster",
    "samples",
    "save_folder",
    "save_network",
    "service_circles",
    "to_networkx",
    "to_wgs84",
    "uncovered_areas",
]
