"""The house rules: which way imports go, what is public, what a plain import costs, what ships."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import pytest

import carecircle

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "coverage" / "carecircle"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A room may import from itself and from rooms to its left.
LINE = (
    "inputs", "roads", "analysis", "standards", "planning", "outputs",
    "evidence", "study", "audit", "scenarios", "depth", "siting", "reporting",
    "samples", "bench", "cli", "__main__",
)  # fmt: skip
MIDDLE = LINE[: LINE.index("bench")]
HEAVY = (
    "docx", "folium", "matplotlib", "numba", "osmnx", "osmium", "highspy", "openpyxl", "xlsxwriter",
)  # fmt: skip

MODULE_LINES, BODY_LINES, PARAMETERS = 400, 40, 6
# A compiled loop keeps its scratch arrays at hand: each call out of it would cost in every step.
KERNEL_BODY_LINES, KERNEL_PARAMETERS = 75, 8
# `errors` carries Issues for the type checker only; at run time it imports nothing of ours.
FREE = "errors"


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module):
    return module.removeprefix("carecircle").lstrip(".").split(".")[0]


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def own_imports(path):
    """Modules of carecircle that a module imports, anywhere in it."""
    known = {module_name(module) for module in MODULES}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "carecircle")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} uses a relative import"
            if (node.module or "").split(".")[0] == "carecircle":
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in known else node.module


def names_kept(path):
    """Names assigned to __all__, or None."""
    for node in tree_of(path).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "__all__":
            return ast.literal_eval(node.value)
    return None


def reading_order(name):
    """Order of a sorted __all__: CONSTANTS, Classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def functions():
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def python(code, *options, cwd=ROOT, **env):
    import os

    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=cwd, env=os.environ | env, capture_output=True, check=False,
        text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ------------------------------------------------------------------------------------------ layout


def test_coverage_is_a_source_root_and_never_a_package():
    inside = {p.name for p in PACKAGE.parent.iterdir() if p.name != "__pycache__"}
    assert inside == {"carecircle"}


def test_every_folder_of_the_package_is_a_package():
    folders = {path.parent for path in MODULES}
    assert [str(f) for f in folders if not (f / "__init__.py").is_file()] == []


def test_no_module_is_called_utils_or_coverage():
    stems = {(path.stem, room_of(module_name(path))) for path in MODULES}
    assert not [stem for stem, _ in stems if "util" in stem or "helper" in stem]
    assert not [room for stem, room in stems if stem == "coverage" and room != "analysis"]


# -------------------------------------------------------------------------- which way imports go


def test_imports_go_one_way():
    backwards = []
    for path in MODULES:
        own = room_of(module_name(path))
        if own in ("", FREE, "bench"):  # the benchmark measures any room
            continue
        assert own in LINE, f"{own} has no place in the line: give it one here and in the docs"
        for target in own_imports(path):
            room = room_of(target)
            # the command line calls the public names, so it may ask the front door for them
            if room == "" and own == "cli":
                continue
            if room != FREE and (room not in LINE or LINE.index(room) > LINE.index(own)):
                backwards.append(f"{path.relative_to(PACKAGE)} imports {target}")
    assert backwards == []


def test_errors_need_no_other_module():
    loaded = python("import sys; import carecircle.errors as e; print(e.__name__)")
    assert loaded == "carecircle.errors"
    at_run_time = [
        node
        for node in tree_of(PACKAGE / "errors.py").body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("carecircle")
    ]
    assert at_run_time == []


def test_plain_import_stays_light():
    code = f"import sys, carecircle; print(*[m for m in {HEAVY} if m in sys.modules])"
    assert python(code) == ""


def test_package_can_be_imported_from_the_repository_root():
    assert python("import carecircle; carecircle.samples; print('ok')") == "ok"


def test_numba_loads_from_the_root_where_coverage_py_is_not_installed(tmp_path):
    # the checkout's bare folder is then found first, as an empty namespace package
    (tmp_path / "coverage").mkdir()
    code = (
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name != 'coverage': return None\n"
        "        from importlib.machinery import PathFinder\n"
        f"        return PathFinder.find_spec(name, [{str(tmp_path)!r}])\n"
        "sys.meta_path.insert(0, Hide())\n"
        "import coverage; assert not hasattr(coverage, 'types'); del sys.modules['coverage']\n"
        "from carecircle.roads import compiled\n"
        "assert 'coverage' not in sys.modules\n"
        "print(compiled.numba.__name__)"
    )
    assert python(code) == "numba"


# ------------------------------------------------------------------------------------ public names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_public_names_are_sorted_and_true(path):
    names = names_kept(path)
    defined = {
        node.name
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    if names is None:
        # a package's own file may hold nothing but its one-line description
        assert path.name == "__init__.py", "__all__ is missing"
        assert len(tree_of(path).body) == 1
        return
    assert names == sorted(names, key=reading_order)
    assert len(names) == len(set(names))
    module = importlib.import_module(module_name(path))
    assert [name for name in names if not hasattr(module, name)] == []
    is_cli = path == PACKAGE / "cli" / "main.py"
    commands = {"demo", "init", "check", "run", "bench"} if is_cli else set()
    assert defined - set(names) - commands == set(), "public by name, but not in __all__"


@pytest.mark.parametrize("name", carecircle.__all__)
def test_what_is_public_is_documented(name):
    thing = getattr(carecircle, name)
    if isinstance(thing, dict) or not hasattr(thing, "__qualname__"):
        return
    lines = (thing.__doc__ or "").strip().splitlines()
    assert lines, "no docstring"
    assert lines[0].endswith("."), lines[0]
    if isinstance(thing, type):
        return
    first = lines[0].split()[0]
    assert first.isalpha(), lines[0]
    assert not first.endswith("s") or first.endswith("ss"), f"not imperative: {lines[0]}"


# ------------------------------------------------------------------------------------------ budget


def test_modules_stay_short():
    long = {}
    for path in MODULES:
        name = path.relative_to(PACKAGE).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            long[name] = lines
    assert long == {}


def is_kernel(node):
    return any(isinstance(d, ast.Name) and d.id == "kernel" for d in node.decorator_list)


def test_functions_stay_short():
    long = {}
    for path, node in functions():
        told = ast.get_docstring(node) is not None
        body = node.body[1:] if told else node.body
        if not body:
            continue
        lines = body[-1].end_lineno - body[0].lineno + 1
        name = path.relative_to(PACKAGE).as_posix()
        most = KERNEL_BODY_LINES if is_kernel(node) else BODY_LINES
        if lines > most:
            long[f"{name}:{node.name}"] = lines
    assert long == {}


def test_functions_take_few_parameters():
    wide = {}
    for path, node in functions():
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        names = [a.arg for a in every if a.arg not in ("self", "cls")]
        # kernels take their scratch arrays one by one: a tuple of mixed types compiles slower code
        most = KERNEL_PARAMETERS if is_kernel(node) else PARAMETERS
        if len(names) > most:
            wide[f"{path.relative_to(PACKAGE)}:{node.name}"] = len(names)
    assert wide == {}


def test_the_middle_of_the_line_never_prints():
    printing = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        if room_of(module_name(path)) in MIDDLE
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert printing == []


# --------------------------------------------------------------------------------- version, wheel


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (
        re.search(r"^## \[?(?!Unreleased)([\d.]+)", log, re.MULTILINE)[1] == carecircle.__version__
    )
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: \"?([\d.]+)", cited, re.MULTILINE)[1] == carecircle.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation",
         "--quiet", "--wheel-dir", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_the_package_its_sample_and_licences(wheel):
    assert wheel.name == f"carecircle-{carecircle.__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in PACKAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(PACKAGE.parent).as_posix() in names
    sample = {p.name for p in (ROOT / "data" / "wuhai").iterdir()}
    held = {n.rpartition("/")[2] for n in names if n.startswith("carecircle/data/wuhai/")}
    assert held == sample
    assert "carecircle/py.typed" in names
    licences = {n.partition("/licenses/")[2] for n in names if "/licenses/" in n}
    assert licences == {"LICENSE", "coverage/carecircle/outputs/map/vendor/LICENSES.txt"}
    tops = {n.split("/")[0] for n in names}
    assert tops == {"carecircle", f"carecircle-{carecircle.__version__}.dist-info"}
    assert sum(i.compress_size for i in zipfile.ZipFile(wheel).infolist()) < 8_000_000


def test_an_unpacked_wheel_finds_its_sample(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import carecircle as cc\n"
        "print(cc.samples.wuhai_folder())"
    )
    assert Path(python(code, cwd=tmp_path)) == tmp_path / "carecircle" / "data" / "wuhai"


# -------------------------------------------------------------------------------- what is committed


def committed():
    done = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 (the git of the machine)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_file_names_a_machine_or_a_registry():
    # written in two halves, so that this file does not name them either
    words = (
        "pypi" + ".org",
        "files.python" + "hosted",
        "/ro" + "ot/",
        "/wo" + "rk/",
        "registry.npm" + "js",
    )
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in committed()
        if path.suffix in {".py", ".md", ".toml", ".yml", ".cff", ".ipynb", ".js", ".css", ""}
        and path.is_file()
        for word in words
        if word in path.read_text(encoding="utf-8", errors="ignore")
    ]
    assert found == []


def test_no_large_file_is_committed():
    large = [
        str(p.relative_to(ROOT)) for p in committed() if p.is_file() and p.stat().st_size > 2**21
    ]
    assert large == []
