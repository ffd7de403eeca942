"""Tiles under the map, only where the user asks: whose they are, and in which datum."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError

if TYPE_CHECKING:
    from carecircle.outputs.map.text import Speech

__all__ = ["tile_source"]

_OSM = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_TIANDITU = (
    "https://t{s}.tianditu.gov.cn/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=vec"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk="
)
#: Hosts of tiles in GCJ-02 or BD-09: streets would stand 300 to 700 m beside the homes.
_SHIFTED = re.compile(
    r"autonavi|amap\.com|gaode|bdimg|baidu|map\.qq\.com|gtimg|google\.cn|gl=cn", re.IGNORECASE
)
_PLACES = ("{z}", "{x}", "{y}")


def tile_source(tiles: str, say: Speech) -> dict[str, Any]:
    """Return address and source of the tiles a user names.

    Parameters
    ----------
    tiles
        ``"osm"``, ``"tianditu:KEY"`` with a key of one's own, or any address with ``{z}``, ``{x}``
        and ``{y}`` in WGS-84 or CGCS2000.
    say
        Words of the page.

    Raises
    ------
    InputError
        If it is none of them, or its host serves GCJ-02 or BD-09.

    Examples
    --------
    >>> from carecircle.outputs.map.text import Speech
    >>> tile_source("osm", Speech("en"))["title"]
    'Online base map (needs the internet)'
    """
    name = tiles.strip()
    source = {"title": f"{say('tiles')} ({say('tiles_note')})", "subdomains": "abc"}
    if name.lower() == "osm":
        return source | {"url": _OSM, "credit": "© OpenStreetMap contributors"}
    if name.lower().startswith("tianditu:"):
        key = name.partition(":")[2].strip()
        if not re.fullmatch(r"[0-9A-Za-z]+", key):
            raise InputError("tiles: 'tianditu:' is followed by no key; write tianditu:YOURKEY")
        return source | {"url": _TIANDITU + key, "credit": "© 天地图", "subdomains": "01234567"}
    if _SHIFTED.search(name):
        msg = (
            f"tiles: {name!r} is served in GCJ-02 or BD-09, so that streets stand hundreds of"
            " metres beside the homes; take 'osm', 'tianditu:KEY' or tiles in WGS-84 or CGCS2000"
        )
        raise InputError(msg)
    lacking = [place for place in _PLACES if place not in name]
    if lacking or not re.match(r"https?://", name):
        msg = (
            f"tiles: {name!r} is no address of tiles; give 'osm', 'tianditu:KEY' or"
            " https://…/{z}/{x}/{y}.png"
        )
        raise InputError(msg)
    return source | {"url": name, "credit": re.sub(r"^https?://([^/?]+).*", r"\1", name)}
