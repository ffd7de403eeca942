"""The seam to folium: one element that puts vendored code, our own and the data into the page.

folium reads Leaflet and six other files from the internet, names its elements at random and
passes what it embeds through Jinja a second time. Planners work offline, an audit wants equal
bytes, and ``{{`` in a name must stay text; so everything is written here, in full and as it is.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from branca.element import Element, Figure, MacroElement

from carecircle.outputs.map.lean import lean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium

__all__ = ["Atlas", "json_for_html", "make_offline"]

_SCRIPTS = (
    "atlas_decode.js",
    "atlas_words.js",
    "atlas_symbols.js",
    "atlas_pixels.js",
    "atlas_canvas.js",
    "atlas_drawers.js",
    "atlas_popups.js",
    "atlas_search.js",
    "atlas_table.js",
    "atlas_legend.js",
    "atlas_swipe.js",
    "atlas_panel.js",
    "atlas_frame.js",
    "atlas_try_link.js",
    "atlas_try.js",
    "atlas_try_reached.js",
    "atlas_try_paint.js",
    "atlas_try_shapes.js",
    "atlas_try_map.js",
    "atlas_try_told.js",
    "atlas_try_floor.js",
    "atlas_try_rehearse.js",
    "atlas_try_plan.js",
    "atlas_try_panel.js",
    "atlas.js",
)
_OF_COMPARISONS = "atlas_swipe"  # style and script


@cache
def _read(folder: str, name: str) -> str:
    return (resources.files(__package__) / folder / name).read_text(encoding="utf-8")


@cache
def _own(name: str) -> str:
    return lean(_read("page_files", name))


def _leaflet_js() -> str:
    # a browser with developer tools open would ask for the map
    return re.sub(r"//# sourceMappingURL=.*", "", _read("vendor", "leaflet-1.9.4.js"))


def _leaflet_css() -> str:
    # no control or marker used here has a picture, so none is asked for
    return lean(re.sub(r"url\(images/[^)]*\)", "none", _read("vendor", "leaflet-1.9.4.css")))


def json_for_html(value: object) -> str:
    r"""Return JSON that cannot end the script element it stands in.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON does not know.

    Examples
    --------
    >>> json_for_html({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in ("<", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    # half a surrogate pair in a name has no UTF-8 form
    return text.encode("utf-8", "replace").decode("utf-8")


class _Verbatim(Element):
    """Text that goes into the page as it is, not through a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_kwargs: object) -> str:
        return self._text


class Atlas(MacroElement):
    """Everything the page shows: style, code and the data of one assessment.

    ``elements`` is HTML that goes into the page as it is, such as the pack of the what-if.
    """

    def __init__(self, payload: Mapping[str, Any], *, elements: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca types it in part
        self._name = "Atlas"
        self.payload = payload
        self.elements = elements

    def render(self, **_kwargs: object) -> str:
        """Write style and code into the head, data into the body, and the call at the end."""
        figure, chart = self.get_root(), self._parent
        if not isinstance(figure, Figure) or chart is None:
            msg = "an atlas is drawn on a folium map: add it with add_child first"
            raise TypeError(msg)
        compares = "views" in self.payload
        styles = ["atlas.css", *([f"{_OF_COMPARISONS}.css"] if compares else [])]
        scripts = [one for one in _SCRIPTS if compares or one != f"{_OF_COMPARISONS}.js"]
        head = (
            f"<style>{_leaflet_css()}</style>\n<script>{_leaflet_js()}</script>\n"
            + "\n".join(f"<style>{_own(one)}</style>" for one in styles)
            + "\n"
            + "\n".join(f"<script>{_own(one)}</script>" for one in scripts)
        )
        name = self.get_name()
        data = f'<script type="application/json" id="{name}">{json_for_html(self.payload)}</script>'
        data = f"{data}\n{self.elements}"
        call = (
            f"carecircle.open({chart.get_name()}, document.getElementById('{name}').textContent);"
        )
        figure.header.add_child(_Verbatim(head), name="carecircle_head")
        figure.html.add_child(_Verbatim(data), name=name)
        figure.script.add_child(_Verbatim(call), name=name)
        return ""


def make_offline(chart: folium.Map, title: str) -> None:
    """Take the internet out of a map and give its elements names that repeat.

    Two maps in one notebook do not meet: each lives in its own frame.
    """
    chart.default_js, chart.default_css = [], []
    figure = chart.get_root()
    if isinstance(figure, Figure):
        figure.title = re.sub(r"[<>&]", " ", title)
    chart._id = "map"  # noqa: SLF001  # branca offers no other way to name an element
    for number, child in enumerate(chart._children.values()):  # noqa: SLF001  # same
        child._id = f"{number}"  # noqa: SLF001  # same
