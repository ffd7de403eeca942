"""Two languages in one site: each page speaks its own throughout and leads to its counterpart."""

from __future__ import annotations

import copy
import re
from typing import Any

NAMES = {"en": "English", "zh": "中文"}
#: What mkdocs.yml says in English and a Chinese page says in Chinese.
CHINESE = {
    "site_description": "沿着道路走,真正服务到了谁",
    "copyright": "BSD-3-Clause。样例数据是合成的。",
}
_ENGLISH: dict[str, str] = {}
_WRAP = re.compile(r"(?<=[\u4e00-\u9fff、。”,;:)])\n(?=[\u4e00-\u9fff“])")
_FOLDER = "zh/"


def language_of(path: str) -> str:
    """Return the language of a page by its path in the site."""
    return "zh" if path.startswith(_FOLDER) else "en"


def menu(nav: Any, language: str) -> Any:
    """Return the part of the menu that is written in one language, with its own first page."""
    (chinese,) = (item for item in nav.items if item.title == NAMES["zh"])
    own = copy.copy(nav)
    own.items = chinese.children if language == "zh" else [i for i in nav.items if i is not chinese]
    own.homepage = next(p for p in nav.pages if p.url == _home(language))
    return own


def _home(language: str) -> str:
    return (_FOLDER if language == "zh" else "") + "index.html"


def on_config(config: Any) -> Any:
    """Keep the English words of the configuration; called by mkdocs before the pages."""
    _ENGLISH.update({name: config[name] for name in CHINESE})
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Join wrapped lines of a Chinese page, where a browser would draw a space between signs."""
    chinese = language_of(page.file.src_uri) == "zh"
    return _WRAP.sub("", markdown) if chinese else markdown


def on_page_context(context: Any, *, page: Any, config: Any, nav: Any) -> Any:
    """Set words, menu and language switch of one page; called by mkdocs as it draws the page."""
    language = language_of(page.url)
    bare = page.url.removeprefix(_FOLDER)
    config.theme["language"] = language
    config.extra["alternate"] = [
        {"name": name, "lang": code, "link": (_FOLDER if code == "zh" else "") + bare}
        for code, name in NAMES.items()
    ]
    for name, word in (CHINESE if language == "zh" else _ENGLISH).items():
        config[name] = word
    return {**context, "nav": menu(nav, language)}


def on_post_page(output: str, **_: Any) -> str:
    """Take out the links by which the theme's script looks for maps of the site.

    In pages opened from a folder a browser forbids that; the switch in the header does without.
    """
    return re.sub(r'<link rel="alternate"[^>]*>\s*', "", output)
