"""Download roads, features and areas by name through OSMnx; only when the user calls for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from carecircle.errors import InputError
from carecircle.inputs.graphs import roads_from_graph
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.inputs.osm_tags import NODE_TAGS, WAY_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import geopandas as gpd

__all__ = ["NetworkType", "download_areas", "download_features", "download_roads"]

NetworkType = Literal["all", "all_public", "bike", "drive", "drive_service", "walk"]


def download_roads(place: str, *, network_type: NetworkType = "all") -> gpd.GeoDataFrame:
    """Download the roads of a place from OpenStreetMap.

    The network is simplified to junctions, but cut at gates, signals and the like, and pieces keep
    their own tags.

    Parameters
    ----------
    place
        Name, such as ``"Haibowan District, Wuhai, China"``.
    network_type
        OSMnx's choice of roads. ``all`` leaves it to the travel profile.

    Returns
    -------
    gpd.GeoDataFrame
        As :func:`carecircle.inputs.graphs.roads_from_graph`, in EPSG:4326.

    Raises
    ------
    InputError
        If there is no connection, or the place is not known.

    Examples
    --------
    >>> download_roads("Vaduz, Liechtenstein")  # doctest: +SKIP
    """
    with _asking("roads", place) as ox, _all_tags(ox):
        graph = ox.graph_from_place(
            place, network_type=network_type, simplify=False, retain_all=True
        )
        graph = ox.simplify_graph(
            graph, node_attrs_include=["barrier", "highway"], edge_attrs_differ=["osmid"]
        )
    return roads_from_graph(graph, log=IssueLog())


def download_features(place: str, tags: Mapping[str, Sequence[str] | bool]) -> gpd.GeoDataFrame:
    """Download features by tag: points, and polygons where an outline is mapped.

    Parameters
    ----------
    place
        Name of the place.
    tags
        Values to take by key, ``{"amenity": ["clinic", "doctors"]}``; ``True`` takes every value.

    Returns
    -------
    gpd.GeoDataFrame
        Index ``osm_id`` such as ``n12``, ``w34``, ``r56``; tags as columns; EPSG:4326.

    Raises
    ------
    InputError
        If there is no connection, the place is not known or has no such feature.

    Examples
    --------
    >>> download_features("Vaduz, Liechtenstein", {"amenity": ["clinic"]})  # doctest: +SKIP
    """
    wanted = {key: rule if isinstance(rule, bool) else list(rule) for key, rule in tags.items()}
    with _asking("features", place) as ox:
        found = ox.features_from_place(place, wanted)
    kinds, numbers = (found.index.get_level_values(level) for level in (0, 1))
    return found.set_axis(_osm_ids(kinds, numbers))


def download_areas(place: str | Sequence[str]) -> gpd.GeoDataFrame:
    """Download the boundary of each named place.

    Parameters
    ----------
    place
        One name, or several: one area each.

    Returns
    -------
    gpd.GeoDataFrame
        Polygons in EPSG:4326; index ``osm_id``; columns ``name`` and ``display_name``.

    Raises
    ------
    InputError
        If there is no connection, or a place is not known.

    Examples
    --------
    >>> download_areas(["Vaduz, Liechtenstein", "Schaan, Liechtenstein"])  # doctest: +SKIP
    """
    names = [place] if isinstance(place, str) else list(place)
    with _asking("areas", "; ".join(names)) as ox:
        found = ox.geocode_to_gdf(names)
    ids = _osm_ids(found["osm_type"], found["osm_id"])
    areas: gpd.GeoDataFrame = found.set_axis(ids)[["name", "display_name", "geometry"]]
    return areas


def _osm_ids(kinds: Any, numbers: Any) -> pd.Index[str]:
    letters = pd.Series(list(kinds), dtype=object).astype(str).str[0]
    ids = letters + pd.Series(list(numbers), dtype=object).astype(str)
    return pd.Index(ids, name="osm_id")


@contextmanager
def _asking(table: str, place: str) -> Iterator[Any]:
    """Give OSMnx, and turn what goes wrong on the way into one clear error."""
    import osmnx

    refused = (
        osmnx._errors.InsufficientResponseError,  # noqa: SLF001 - OSMnx has no public name for it
        osmnx._errors.ResponseStatusCodeError,  # noqa: SLF001 - same
    )
    try:
        yield osmnx
    except OSError as error:  # requests' errors are OSErrors
        issue = Issue(
            "no_connection", "fatal", table, place, found=type(error).__name__,
            fix="check the internet connection, or read an extract (.osm.pbf) from a file",
        )  # fmt: skip
        raise InputError(str(issue), [issue]) from error
    except (TypeError, *refused) as error:  # TypeError: the name is that of a point, not an area
        issue = Issue(
            "place_not_found", "fatal", table, place, found=str(error),
            fix="give the place with its district, city and country, as OpenStreetMap names it",
        )  # fmt: skip
        raise InputError(str(issue), [issue]) from error


@contextmanager
def _all_tags(ox: Any) -> Iterator[None]:
    """Let OSMnx keep the tags of the road table, and put its settings back afterwards."""
    ways, nodes = ox.settings.useful_tags_way, ox.settings.useful_tags_node
    ox.settings.useful_tags_way = sorted({*ways, *WAY_TAGS})
    ox.settings.useful_tags_node = sorted({*nodes, *NODE_TAGS})
    try:
        yield
    finally:
        ox.settings.useful_tags_way, ox.settings.useful_tags_node = ways, nodes
