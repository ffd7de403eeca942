"""A page for each notebook, in English and in Chinese: its words, its code and what it shows.

The English words stand in the notebook. The Chinese ones stand in ``docs/zh/tutorials``, one file
for each notebook, each piece under the id of its cell and a stamp of the English it was made from.
Code and outputs are those of the notebook in both.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.structure.files import Files

DOCS = Path(__file__).parent
NOTEBOOKS = sorted((DOCS.parent / "notebooks").glob("*.ipynb"))
CHINESE = "zh/tutorials/"
#: Set to run the notebooks and show what they show; without it pages hold their text and code.
RUN = "CARECIRCLE_RUN_NOTEBOOKS"
_MARK = re.compile(r"^<!-- (?P<cell>[\w-]+) (?P<stamp>[0-9a-f]{8}) -->\n", re.MULTILINE)
_LARGE = 100_000  # a map: shown in a frame, from a file of its own
_WORDS = {"en": {"map": "Map", "figure": "Figure"}, "zh": {"map": "地图", "figure": "图"}}


def stamp(english: str) -> str:
    """Return the mark by which a translation knows the text it was made from."""
    return hashlib.sha256(english.encode()).hexdigest()[:8]


def chinese(path: Path) -> dict[str, tuple[str, str]]:
    """Return stamp and Chinese words of each Markdown cell of a notebook, by the cell's id."""
    told = (DOCS / CHINESE / f"{path.stem}.md").read_text(encoding="utf-8")
    _, *pieces = _MARK.split(told)
    triples = zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    return {cell: (made_from, words.strip()) for cell, made_from, words in triples}


@cache
def cells(path: Path) -> list[Any]:
    """Return the cells of a notebook, after a run where runs are asked for."""
    return _run(path) if os.environ.get(RUN) else _read(path)


def as_page(path: Path, language: str = "en") -> str:
    """Return a notebook as Markdown."""
    words = chinese(path) if language == "zh" else {}
    here = "../../tutorials/" if language == "zh" else ""
    parts, title, number = [], path.stem, 0
    for cell in cells(path):
        if cell.cell_type == "markdown":
            # notebooks link to each other; pages are called alike
            text = words[cell.id][1] if words else cell.source.replace(".ipynb)", ".md)")
            title = title if parts else text.partition("\n")[0].lstrip("# ")
            parts.append(text)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for data in _shown(cell):
            number += _is_file(data)
            parts.append(_output(data, f"{here}{path.stem}_{number}", title, _WORDS[language]))
    return "\n\n".join(parts) + "\n"


def files_of(path: Path) -> dict[str, str | bytes]:
    """Return the large outputs of a notebook, which get files of their own."""
    large = [data for cell in cells(path) for data in _shown(cell) if _is_file(data)]
    return {
        f"{path.stem}_{number}.{_ending(data)}": _unframed(data["text/html"])
        if _is_map(data)
        else base64.b64decode(data["image/png"])
        for number, data in enumerate(large, 1)
    }


def tutorials(language: str = "en") -> str:
    """Return the list of the tutorials with the first sentence of each."""
    rows = []
    for path in NOTEBOOKS:
        first = _read(path)[0]
        text = chinese(path)[first.id][1] if language == "zh" else first.source
        title, _, rest = text.partition("\n")
        end = "。" if language == "zh" else "."
        told = re.split(r"。|\. ", " ".join(rest.split()))[0].rstrip(".") + end
        rows.append(f"- [{title.lstrip('# ')}](tutorials/{path.stem}.md): {told}")
    return "\n".join(rows)


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Add a page for each notebook, and what it shows; called by mkdocs once it knows the files."""
    for path in NOTEBOOKS:
        files.append(File.generated(config, f"tutorials/{path.stem}.md", content=as_page(path)))
        for name, content in files_of(path).items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Weave code and outputs into the Chinese words, and write lists of the tutorials."""
    source = page.file.src_uri
    if source.startswith(CHINESE):
        return as_page(DOCS.parent / "notebooks" / f"{Path(source).stem}.ipynb", "zh")
    language = "zh" if source.startswith("zh/") else "en"
    mark = "<!-- write: tutorials -->"
    return markdown.replace(mark, tutorials(language)) if mark in markdown else markdown


def _read(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def _run(path: Path) -> list[Any]:
    """Return the cells of a notebook after a run; as they are where its extract is absent."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.read(path, as_version=4)
    try:
        NotebookClient(book, timeout=600).execute()
    except CellExecutionError as fault:
        if "set CARECIRCLE_DATA" not in str(fault):
            raise
        return _read(path)
    return list(book.cells)


def _shown(cell: Any) -> list[dict[str, str]]:
    outputs = cell.get("outputs", []) if cell.cell_type == "code" else []
    return [output["data"] for output in outputs if "data" in output]


def _is_map(data: dict[str, str]) -> bool:
    return len(data.get("text/html", "")) > _LARGE


def _is_file(data: dict[str, str]) -> bool:
    return _is_map(data) or "image/png" in data


def _ending(data: dict[str, str]) -> str:
    return "html" if _is_map(data) else "png"


def _output(data: dict[str, str], name: str, title: str, words: dict[str, str]) -> str:
    """Return what a cell shows, as Markdown."""
    if _is_map(data):
        told = html.escape(f"{words['map']}: {title}")
        return f'<iframe src="{name}.html" title="{told}" style="width:100%;height:34rem"></iframe>'
    if "image/png" in data:
        return f"![{words['figure']}: {title}]({name}.png)"
    if "text/html" in data:
        return f'<div class="output">\n{_one_block(data["text/html"])}\n</div>'
    return f"```text\n{data.get('text/plain', '')}\n```"


def _unframed(shown: str) -> str:
    """Return the page inside a map's frame."""
    inside = re.search(r'srcdoc="(.*?)"', shown, re.DOTALL)
    return html.unescape(inside[1]) if inside else shown


def _one_block(shown: str) -> str:
    # a table of pandas brings a border of its own; the theme dresses only tables without a class
    shown = re.sub(r'<table border="1" class="dataframe">', "<table>", shown)
    # Markdown ends a block of HTML at an empty line
    return re.sub(r"\n\s*\n", "\n", shown.strip())
