"""Notebooks run from top to bottom, quickly, and are committed without outputs."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import warnings
from pathlib import Path

import nbformat
import pytest

import carecircle as cc

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_SECONDS, MOST_CELLS = 60, 30
# a notebook that reads real extracts names the variable that says where they are
DATA = "CARECIRCLE_DATA"


def strip():
    spec = importlib.util.spec_from_file_location("strip", ROOT / "notebooks" / "strip.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_name(path):
    return path.stem


def runs():
    for path in NOTEBOOKS:
        marks = [pytest.mark.realdata] if DATA in path.read_text(encoding="utf-8") else []
        yield pytest.param(path, id=path.stem, marks=marks)


def seconds_computed():
    """Processor time of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def source(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def test_notebooks_are_numbered_without_a_gap():
    assert [path.stem[:3] for path in NOTEBOOKS] == [f"0{k}_" for k in range(1, 8)]


def test_every_name_in_the_table_for_arcgis_exists():
    told = re.findall(r"^\|[^|]+\|([^|]+)\|", source(NOTEBOOKS[6]), re.MULTILINE)
    names = {
        name
        for cell in told
        for code in re.findall(r"`([^`]+)`", cell)
        for name in re.findall(r"^(\w+)(?=$|\(|\.)", code)
    }
    others = {"limits", "reason", "required", "forbidden", "group", "extra_minutes"}
    assert len(names & set(cc.__all__)) > 15
    assert names - set(cc.__all__) == others  # columns, and the limits of a study


def test_a_notebook_without_its_extract_says_what_to_set(tmp_path, monkeypatch):
    (path,) = [path for path in NOTEBOOKS if DATA in path.read_text(encoding="utf-8")]
    cells = nbformat.read(path, as_version=4).cells
    first = next(cell.source for cell in cells if cell.cell_type == "code")
    monkeypatch.setenv(DATA, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="set CARECIRCLE_DATA"):
        exec(compile(first, path.name, "exec"), {})  # noqa: S102 (our own notebook)


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


@pytest.mark.parametrize("path", [*runs()])
def test_notebook_runs(path, tmp_path, monkeypatch, request):
    if DATA in path.read_text(encoding="utf-8"):
        monkeypatch.setenv(DATA, str(request.getfixturevalue("real_data")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jupyter's own machinery; the kernel keeps its filters
        from nbclient import NotebookClient

        # nobody's profile, history or running server; warnings in the notebook are errors
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning")
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        book = nbformat.read(path, as_version=4)
        before = seconds_computed()
        client = NotebookClient(
            book, timeout=10 * MOST_SECONDS, resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
    # computing time of the kernel: a busy machine is no fault of a notebook
    assert seconds_computed() - before < MOST_SECONDS
    shown = [c for c in book.cells if c.cell_type == "code" and c.outputs]
    assert any("text/html" in o.get("data", {}) for c in shown for o in c.outputs)
    errors = [o for c in shown for o in c.outputs if o.get("name") == "stderr"]
    assert errors == []
