"""Notebooks run from top to bottom, quickly, and are committed without outputs."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
import warnings
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_SECONDS, MOST_CELLS = 60, 20


def strip():
    spec = importlib.util.spec_from_file_location("strip", ROOT / "notebooks" / "strip.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_name(path):
    return path.stem


def test_there_is_a_first_notebook():
    assert NOTEBOOKS[0].stem.startswith("01_")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebook_is_short_and_carries_no_outputs(path):
    text = path.read_text(encoding="utf-8")
    assert strip().stripped(text) == text
    assert len(nbformat.reads(text, as_version=4).cells) < MOST_CELLS


def test_stripping_takes_outputs_and_counts_away():
    book = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=7)
    cell.outputs = [nbformat.v4.new_output("stream", text="2")]
    book.cells = [cell]
    (clean,) = nbformat.reads(strip().stripped(nbformat.writes(book)), as_version=4).cells
    assert clean.outputs == []
    assert clean.execution_count is None
    assert clean.source == "1 + 1"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebook_runs(path, tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jupyter's own machinery; the kernel keeps its filters
        from nbclient import NotebookClient

        # nobody's profile, history or running server; warnings in the notebook are errors
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning")
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        book = nbformat.read(path, as_version=4)
        start = time.perf_counter()
        client = NotebookClient(
            book, timeout=MOST_SECONDS, resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
    assert time.perf_counter() - start < MOST_SECONDS
    shown = [c for c in book.cells if c.cell_type == "code" and c.outputs]
    assert any("text/html" in o.get("data", {}) for c in shown for o in c.outputs)
    errors = [o for c in shown for o in c.outputs if o.get("name") == "stderr"]
    assert errors == []
