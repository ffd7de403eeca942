"""A font that has Chinese, found on the system, for drawings made without a browser."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from carecircle.errors import MissingLibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.font_manager import FontProperties

__all__ = ["FONT_VARIABLE", "drawing_font", "needs_chinese", "sized"]

#: Path of a font file to use before any other.
FONT_VARIABLE = "CARECIRCLE_FONT"

#: Families that have simplified Chinese, best to print first. One file of Noto holds the Chinese of
#: all regions, and matplotlib may list it under the first region's name.
_FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "SimHei", "DengXian",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS",
    "Noto Sans CJK JP", "Noto Serif CJK SC", "Songti SC", "SimSun", "AR PL UMing CN",
)  # fmt: skip
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_HELP = (
    "the text of this drawing is Chinese, and no font on this system has it; install one (Debian"
    " and Ubuntu: apt install fonts-noto-cjk; Fedora: dnf install google-noto-sans-cjk-fonts;"
    f" Windows and macOS bring one), or set {FONT_VARIABLE} to the path of a font file"
)


def needs_chinese(texts: Iterable[str]) -> bool:
    """Tell whether any text has Chinese characters or punctuation.

    Examples
    --------
    >>> needs_chinese(["Wuhai", "乌海"]), needs_chinese(["m²"])
    (True, False)
    """
    return any(_CHINESE.search(text) for text in texts)


def drawing_font(texts: Iterable[str]) -> FontProperties:
    """Return a font that has every script of the texts.

    Parameters
    ----------
    texts
        All that will be written.

    Returns
    -------
    matplotlib.font_manager.FontProperties
        Matplotlib's own DejaVu Sans where no text is Chinese.

    Raises
    ------
    MissingLibraryError
        If a text is Chinese and no font of the system is; the message says how to get one.
    """
    from matplotlib.font_manager import FontProperties

    if not needs_chinese(texts):
        return FontProperties(family="DejaVu Sans")
    own = os.environ.get(FONT_VARIABLE, "")
    if own:
        if Path(own).is_file():
            return FontProperties(fname=own)
        msg = f"{FONT_VARIABLE} names {own!r}, which is no file; give the path of a font"
        raise MissingLibraryError(msg)
    family = _chinese_family()
    if family is None:
        raise MissingLibraryError(_HELP)
    return FontProperties(family=family)


@lru_cache(maxsize=1)
def _chinese_family() -> str | None:
    from matplotlib.font_manager import fontManager

    known = {entry.name for entry in fontManager.ttflist}
    return next((name for name in _FAMILIES if name in known), None)


def sized(font: FontProperties, points: float) -> FontProperties:
    """Return a copy of a font in another size.

    Examples
    --------
    >>> sized(drawing_font(["m"]), 7.5).get_size()
    7.5
    """
    made = font.copy()
    made.set_size(points)
    return made
