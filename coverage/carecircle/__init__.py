"""Who is really served along the roads: coverage, standards and siting of care facilities."""

from carecircle import errors as errors
from carecircle import samples as samples
from carecircle.analysis.access import FloatingCatchment, floating_catchment, roll_up_access
from carecircle.analysis.capacity_use import (
    CapacityUse,
    assign_places,
    roll_up_places,
    shared_floor_area,
)
from carecircle.analysis.circles import CircleStyle, service_circles
from carecircle.analysis.classes import SpeedClasses, coverage_by_minutes
from carecircle.analysis.coverage import coverage_by_area, home_coverage, roll_up
from carecircle.analysis.decay import Exponential, Flat, Gaussian, Linear, Power, Steps
from carecircle.analysis.draws import Uncertainty
from carecircle.analysis.findings import Findings, StudyCard
from carecircle.analysis.gaps import GapContext, GapRule, uncovered_areas, uncovered_homes
from carecircle.analysis.inequality import gini, inequality, inequality_by, lorenz, palma
from carecircle.analysis.opportunities import cumulative_access, dual_access, gravity_access
from carecircle.analysis.pairs import limit_pairs
from carecircle.analysis.road_gaps import RoadGapRule
from carecircle.analysis.roster import four_cells, is_eligible, roster
from carecircle.analysis.uncertainty import Intervals
from carecircle.audit.replaying import Replay, replay
from carecircle.audit.stored import open_result
from carecircle.depth.access import StudyAccess, StudyPlaces, access_of, places_of
from carecircle.depth.certainty import coverage_by_speed, coverage_intervals, speed_classes
from carecircle.depth.explanation import Explanations, explain_uncovered
from carecircle.depth.road_checks import RoadChecks, road_gap_checks
from carecircle.depth.verdicts import StudyDepth, depth_of
from carecircle.depth.within import StudyReach, reach_of
from carecircle.evidence.explaining import Explanation, explain
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
    read_observations,
    read_projects,
    read_roads,
    read_rosters,
    read_sites,
)
from carecircle.inputs.terrain import grades_from_dem, grades_from_nodes
from carecircle.inputs.topology import assign_areas, check_areas, check_together
from carecircle.outputs.folder import save_folder
from carecircle.outputs.map.atlas import change_map, coverage_map
from carecircle.outputs.masking import masked
from carecircle.outputs.report.model import Report
from carecircle.outputs.static_maps import draw_map
from carecircle.planning.alternatives import Alternatives, k_best
from carecircle.planning.area_plan import AreaPlan
from carecircle.planning.area_problem import AreaProblem
from carecircle.planning.area_standard import meet_area_standard
from carecircle.planning.attendance import max_attendance
from carecircle.planning.candidates import (
    CostModel,
    SiteRules,
    candidates_from_buildings,
    candidates_from_grid,
    candidates_from_roads,
    filter_candidates,
    spaced,
)
from carecircle.planning.capacity import capacitated_max_cover, capacitated_p_median
from carecircle.planning.center import p_center
from carecircle.planning.cover import (
    backup_cover,
    max_cover,
    max_min_share,
    min_sites,
    min_sites_for_share,
)
from carecircle.planning.engine.objectives import blend_weights
from carecircle.planning.equity import Equity
from carecircle.planning.full_cover import FullCover, cost_of_all
from carecircle.planning.instance import Instance
from carecircle.planning.market import market_share
from carecircle.planning.market_target import market_share_target
from carecircle.planning.median import p_median
from carecircle.planning.meet_roster import meet_roster
from carecircle.planning.options import SolveOptions
from carecircle.planning.pareto import Front, pareto_front
from carecircle.planning.phasing import phased, phased_to_all
from carecircle.planning.plan import Plan, Proof
from carecircle.planning.relocate import relocate_within_budget
from carecircle.planning.roster_rules import RosterRule
from carecircle.planning.scenario import RoadChanges, Scenario
from carecircle.reporting import make_report
from carecircle.roads.interchange import to_networkx
from carecircle.roads.network import RoadNetwork
from carecircle.roads.positions import locate
from carecircle.roads.profiles import PROFILES, TravelProfile
from carecircle.roads.reach import nearest, nearest_from_pairs, reach
from carecircle.roads.reached import reached_roads
from carecircle.roads.store import load_network, save_network
from carecircle.scenarios.baseline import Baseline
from carecircle.scenarios.comparison import Comparison, compare
from carecircle.scenarios.critical import critical_links
from carecircle.scenarios.file import read_scenarios
from carecircle.scenarios.what_if import apply_scenario
from carecircle.siting.area_standard import area_problem
from carecircle.siting.curve import CoverageCurve, coverage_curve
from carecircle.siting.effects import PlanEffects, effects_of_plan
from carecircle.siting.problem import siting_instance
from carecircle.siting.rivals import market_problem
from carecircle.siting.robustness import Robustness, robust_sites
from carecircle.siting.roster import RosterBesideTime, roster_beside_time, roster_problem
from carecircle.siting.steps import plan_as_scenario
from carecircle.siting.trials import Trial, standard_trials
from carecircle.standards.evaluate import check_standards
from carecircle.standards.floor_area import FloorAreaRule, check_floor_area, roll_up_floor_area
from carecircle.standards.indicators import indicator_spread, indicators
from carecircle.standards.plausibility import check_plausibility
from carecircle.standards.presets import load_preset, preset_names, read_rules
from carecircle.standards.progress import progress
from carecircle.standards.registry import formula, ratio
from carecircle.standards.roster_inference import roster_fractions
from carecircle.standards.rule_frames import RuleFrames
from carecircle.standards.rules import PlanLine, Preset, Rule
from carecircle.standards.sync import SyncRule, check_sync, sync_rates
from carecircle.standards.three_levels import network_matrix, station_links
from carecircle.study.assessment import Result, Study, Terms, assess, load_study

__version__ = "0.1.0"
from carecircle.audit.years import YearComparison, compare_years

__all__ = [
    "PROFILES",
    "Alternatives",
    "AreaPlan",
    "AreaProblem",
    "Baseline",
    "CapacityUse",
    "CircleStyle",
    "Comparison",
    "CostModel",
    "CoverageCurve",
    "Equity",
    "Explanation",
    "Explanations",
    "Exponential",
    "Findings",
    "Flat",
    "FloatingCatchment",
    "FloorAreaRule",
    "Front",
    "FullCover",
    "GapContext",
    "GapRule",
    "Gaussian",
    "Instance",
    "Intervals",
    "Issue",
    "IssueLog",
    "Linear",
    "Plan",
    "PlanEffects",
    "PlanLine",
    "Power",
    "Preset",
    "Proof",
    "Replay",
    "Report",
    "Result",
    "RoadChanges",
    "RoadChecks",
    "RoadGapRule",
    "RoadNetwork",
    "Robustness",
    "RosterBesideTime",
    "RosterRule",
    "Rule",
    "RuleFrames",
    "Scenario",
    "SiteRules",
    "SolveOptions",
    "Source",
    "SpeedClasses",
    "Steps",
    "Study",
    "StudyAccess",
    "StudyCard",
    "StudyDepth",
    "StudyPlaces",
    "StudyReach",
    "SyncRule",
    "Terms",
    "TravelProfile",
    "Trial",
    "Uncertainty",
    "YearComparison",
    "access_of",
    "apply_scenario",
    "area_problem",
    "assess",
    "assign_areas",
    "assign_places",
    "backup_cover",
    "blend_weights",
    "candidates_from_buildings",
    "candidates_from_grid",
    "candidates_from_roads",
    "capacitated_max_cover",
    "capacitated_p_median",
    "change_map",
    "check_areas",
    "check_floor_area",
    "check_plausibility",
    "check_standards",
    "check_sync",
    "check_together",
    "compare",
    "compare_years",
    "cost_of_all",
    "coverage_by_area",
    "coverage_by_minutes",
    "coverage_by_speed",
    "coverage_curve",
    "coverage_intervals",
    "coverage_map",
    "critical_links",
    "cumulative_access",
    "depth_of",
    "detect_datum",
    "download_areas",
    "download_features",
    "download_roads",
    "draw_map",
    "dual_access",
    "effects_of_plan",
    "errors",
    "explain",
    "explain_uncovered",
    "filter_candidates",
    "floating_catchment",
    "formula",
    "four_cells",
    "from_wgs84",
    "gini",
    "grades_from_dem",
    "grades_from_nodes",
    "gravity_access",
    "home_coverage",
    "homes_from_areas",
    "homes_from_buildings",
    "homes_from_dwellings",
    "homes_from_grid",
    "indicator_spread",
    "indicators",
    "inequality",
    "inequality_by",
    "is_eligible",
    "k_best",
    "limit_pairs",
    "load_network",
    "load_preset",
    "load_study",
    "locate",
    "lorenz",
    "make_report",
    "market_problem",
    "market_share",
    "market_share_target",
    "masked",
    "max_attendance",
    "max_cover",
    "max_min_share",
    "meet_area_standard",
    "meet_roster",
    "min_sites",
    "min_sites_for_share",
    "nearest",
    "nearest_from_pairs",
    "network_matrix",
    "node_lines",
    "open_result",
    "p_center",
    "p_median",
    "palma",
    "pareto_front",
    "phased",
    "phased_to_all",
    "places_of",
    "plan_as_scenario",
    "preset_names",
    "progress",
    "ratio",
    "reach",
    "reach_of",
    "reached_roads",
    "read_areas",
    "read_barriers",
    "read_buildings",
    "read_facilities",
    "read_homes",
    "read_observations",
    "read_osm_areas",
    "read_osm_features",
    "read_osm_places",
    "read_osm_roads",
    "read_projects",
    "read_roads",
    "read_rosters",
    "read_rules",
    "read_scenarios",
    "read_sites",
    "relocate_within_budget",
    "replay",
    "road_gap_checks",
    "roads_from_graph",
    "robust_sites",
    "roll_up",
    "roll_up_access",
    "roll_up_floor_area",
    "roll_up_places",
    "roster",
    "roster_beside_time",
    "roster_fractions",
    "roster_problem",
    "samples",
    "save_folder",
    "save_network",
    "service_circles",
    "shared_floor_area",
    "siting_instance",
    "spaced",
    "speed_classes",
    "standard_trials",
    "station_links",
    "sync_rates",
    "to_networkx",
    "to_wgs84",
    "uncovered_areas",
    "uncovered_homes",
]
