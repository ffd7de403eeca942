"""Take outputs and run counts out of notebooks: ``python notebooks/strip.py FILE...``.

Ends with code 1 when a file was changed, so that a commit stops and can be made again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat


def stripped(text: str) -> str:
    """Return a notebook without what running it left behind."""
    book = nbformat.reads(text, as_version=4)
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    kept = ("kernelspec", "language_info")
    book.metadata = {name: book.metadata[name] for name in kept if name in book.metadata}
    if "language_info" in book.metadata:
        book.metadata["language_info"] = {"name": "python"}
    return nbformat.writes(book) + "\n"


def main() -> int:
    """Strip the named files in place."""
    changed = 0
    for path in map(Path, sys.argv[1:]):
        text = path.read_text(encoding="utf-8")
        clean = stripped(text)
        if clean != text:
            path.write_text(clean, encoding="utf-8")
            changed = 1
    return changed


if __name__ == "__main__":
    sys.exit(main())
