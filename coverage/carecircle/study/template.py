"""A commented study file, written from the same table that reads it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from carecircle.errors import InputError
from carecircle.study.file import SECTIONS, Key, Section, read_study_file
from carecircle.study.meanings import meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["study_template", "write_template"]

_HEAD = {
    "en": """\
# A carecircle study. Lines that start with # are comments: either what a key means, or a key with
# the value it has when left out.
#   1. Give title, as_of and crs of your own, say synthetic = false, and name your sources.
#   2. Name your own files. areas, facilities, homes and roads are needed; take out every other
#      section that you have no data for: barriers, sites, projects, observations, rosters, rules.
#   3. carecircle check .      every problem of every file, at once
#      carecircle run .        minutes, coverage, circles, uncovered areas, map and tables
""",
    "zh": """\
# carecircle 研究文件。以 # 开头的行是注释:或说明某个键的含义,或列出不写时取值的键。
#   1. 改成自己的 title_zh、as_of 和 crs,写上 synthetic = false,并注明数据来源 sources。
#   2. 换成自己的文件。areas、facilities、homes、roads 必须有;没有数据的其他各节都删掉:
#      barriers、sites、projects、observations、rosters、rules。
#   3. carecircle check .      一次列出所有文件的所有问题
#      carecircle run .        算分钟、覆盖、服务圈、盲区,出地图和表格
""",
}
_MORE = {
    "en": "# more keys: those explained under [areas]\n",
    "zh": "# 还有其他键:见 [areas] 处的说明\n",
}


def study_template(given: Mapping[str, Any], language: str = "en") -> str:
    """Return a commented study file.

    Parameters
    ----------
    given
        Values by section (a list of them where the section repeats), as TOML would give them; every
        other key is written as a comment with its default, once where sections share it.
    language
        Of the comments: ``"en"`` or ``"zh"``.
    """
    told: set[tuple[str, str]] = set()
    texts = [_section_text(one, given.get(one.name), told, language) for one in SECTIONS]
    return _HEAD[language] + "".join(texts)


def write_template(folder: Path, sample: Path, language: str = "en") -> Path:
    """Write a commented study file into ``folder`` with the files of a sample beside it.

    Parameters
    ----------
    folder
        Made if it does not exist; must be empty.
    sample
        Folder of a sample study.
    language
        Of the comments: ``"en"`` or ``"zh"``.

    Returns
    -------
    pathlib.Path
        The study file.

    Raises
    ------
    InputError
        If the folder is not empty or cannot be made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"init: {folder} is not an empty folder; give a new folder, nothing was written"
        raise InputError(msg)
    file = read_study_file(sample / "study.toml")
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(sample.iterdir()):
        if path.is_file() and path.suffix != ".toml":
            shutil.copy(path, folder / path.name)
    target = folder / "study.toml"
    target.write_text(study_template(file.sections, language), encoding="utf-8")
    return target


def _section_text(section: Section, given: Any, told: set[tuple[str, str]], language: str) -> str:
    heading = f"\n# {meaning_of(section, language=language)}\n"
    if given is None:
        return heading + f"# {section.title}\n" + "".join(_lines(section, {}, told, language))
    tables = given if section.repeated else [given]
    texts = [
        f"{section.title}\n" + "".join(_lines(section, table, told, language)) for table in tables
    ]
    return heading + "\n".join(texts)


def _lines(
    section: Section, values: Mapping[str, Any], told: set[tuple[str, str]], language: str
) -> Iterator[str]:
    """Yield the lines of a section; what was told before is not told again."""
    left_out = False
    for key in section.keys:
        value = values.get(key.name)
        is_own = value is not None and (key.required or value != key.default)
        line = f"{key.name} = {_toml(value if is_own else _shown_default(key))}"
        choices = f" ({', '.join(key.choices)})" if key.choices else ""
        known = (key.name, key.meaning) in told
        told.add((key.name, key.meaning))
        if known and not is_own and not key.required:
            left_out = True
            continue
        meaning = "" if known else f"  # {meaning_of(section, key, language)}{choices}"
        yield f"{'' if is_own else '# '}{line}{meaning}\n"
    if left_out:
        yield _MORE[language]


def _shown_default(key: Key) -> Any:
    if key.default is not None:
        return key.default
    if key.kind == "numbers":  # rings: what they are for the usual limits
        return [5, 10, 15, 30]
    return {"number": 0, "integer": 0, "flag": False, "texts": [], "paths": [], "table": {}}.get(
        key.kind, ""
    )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(name)} = {_toml(item)}" for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
