"""Scripts travel without indentation and comments, and say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import carecircle as cc
from carecircle.outputs.map.atlas import coverage_map
from carecircle.outputs.map.lean import lean

OUTPUTS = Path(cc.__file__).parent / "outputs"
OWN = sorted([*OUTPUTS.glob("map/page_files/*"), *OUTPUTS.glob("what_if/*.js")])
# a string, a template, a regular expression after an operator, a comment, white space, the rest
TOKEN = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:&|])\s*/(?![/*])(?:\\.|\[[^\]]*\]|[^/\\\n])+/"""
    r"""|/\*.*?\*/|(?<!:)//[^\n]*|\s+|[^\s"'`/]+|/)""",
    re.DOTALL,
)


def tokens(text):
    """What a browser reads: everything but white space and comments between texts."""
    found = [one.strip() for one in TOKEN.findall(text)]
    return "".join(one for one in found if not one.startswith(("/*", "//")))


def test_whole_lines_of_comment_and_indentation_go_and_nothing_else():
    text = (
        "/* One\n   two // three */\n  const a = `  x  `; // stays\n\n  // goes\n"
        "  /* goes */\n\t/* goes */ const b = '/* no comment';\n  const c = \"// no comment\";\n"
    )
    assert lean(text) == (
        "const a = `  x  `; // stays\nconst b = '/* no comment';\nconst c = \"// no comment\";"
    )


@pytest.mark.parametrize("text", ["const a = `one\n  two`;", "const a = 'one \\\n  two';"])
def test_a_text_over_lines_is_refused(text):
    with pytest.raises(ValueError, match="line 1 leaves a text open"):
        lean(text)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_each_script_says_the_same_in_fewer_letters(path):
    text = path.read_text(encoding="utf-8")
    packed = lean(text)
    assert len(packed) < len(text)
    assert tokens(packed) == tokens(text)
    assert not any(line != line.strip() or not line for line in packed.split("\n"))


def test_all_packed_scripts_are_javascript(tmp_path):
    node = shutil.which("node")
    if not node:
        pytest.skip("no node")
    path = tmp_path / "all.js"
    path.write_text("\n".join(lean(one.read_text("utf-8")) for one in OWN if one.suffix == ".js"))
    done = subprocess.run([node, "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_map_holds_no_line_of_comment_of_our_own():
    page = coverage_map(cc.assess(cc.samples.toy_town())).get_root().render()
    for path in OWN:
        first = path.read_text(encoding="utf-8").lstrip().splitlines()[0]
        if first.startswith("/*"):
            assert first not in page, path.name
