"""Write the figures of the sample city into the READMEs: ``python docs/figures.py``.

They stand between two comments, so that no figure there is ever typed by hand; a test compares.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import carecircle as cc
from carecircle.outputs.summary import summary_rows

if TYPE_CHECKING:
    from carecircle import Result

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "maps" / "toy_town.html"
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh.md"}
BEGIN, END = "<!-- figures: written by `make readme` -->\n", "<!-- end of figures -->"
SENTENCE = {
    "en": (
        "In the sample **{has} of {units}** communities and villages *have* a facility"
        " ({has_percent:.1f} %), but only **{covered:,.0f} of {elders:,.0f}** older residents"
        " *reach* one in time ({covered_percent:.1f} %)."
    ),
    "zh": (
        "样例中 **{units} 个社区(村)有 {has} 个**“有设施”({has_percent:.1f} %),"
        "但 **{elders:,.0f} 位老年人只有 {covered:,.0f} 位**能按时走到({covered_percent:.1f} %)。"
    ),
}
#: Of the plan's indicators those on elder care and floor area, and the uncovered areas.
KEPT = ("3 ", "4 ", "5 ", "8 ", "Gap ", "盲区")
HEADER = {"en": "| Synthetic Wuhai | figure |", "zh": "| 合成样例·乌海 | 数值 |"}


def block(result: Result, language: str) -> str:
    """Return the sentence and the table of one README."""
    spoken = replace(result, card=replace(result.card, language=language))
    city = result.totals.loc["city"].iloc[0]
    sentence = SENTENCE[language].format(
        has=f"{city['units_with_facility']:.0f}",
        units=f"{city['units_total']:.0f}",
        has_percent=100 * city["roster_rate"],
        covered=city["elders_covered"],
        elders=city["elders_total"],
        covered_percent=100 * city["elders_rate"],
    )
    rows = "\n".join(f"| {what} | {figure} |" for what, figure in _shown(summary_rows(spoken)))
    return f"{BEGIN}{sentence}\n\n{HEADER[language]}\n| --- | --- |\n{rows}\n{END}"


def _shown(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rows that a reader wants at first sight; the run prints all of them."""
    first = next(k for k, (what, _) in enumerate(rows) if what.startswith("1 "))
    return [*rows[:first], *(row for row in rows[first:] if row[0].startswith(KEPT))]


def written(text: str) -> str:
    """Return the block that a README holds."""
    found = re.search(re.escape(BEGIN) + ".*?" + re.escape(END), text, re.DOTALL)
    return found[0] if found else ""


def main() -> None:
    """Assess the sample and write both READMEs; write the example map of the toy town."""
    result = cc.assess(cc.samples.wuhai())
    for language, path in READMES.items():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(written(text), block(result, language)), encoding="utf-8")
        print(f"wrote the figures of {path.name}")
    cc.assess(cc.samples.toy_town()).explore().save(str(EXAMPLE))
    print(f"wrote {EXAMPLE.name}")


if __name__ == "__main__":
    main()
