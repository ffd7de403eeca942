"""Part of a report on where to build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carecircle.outputs.map.text import missing
from carecircle.outputs.proof_words import proof_line
from carecircle.outputs.report.input import speech
from carecircle.outputs.report.model import Part, Text, grid

if TYPE_CHECKING:
    from carecircle.outputs.report.input import ReportInput

__all__ = ["site_part"]


def site_part(given: ReportInput) -> Part:
    """Return part 9: a plan of new sites in building order, with what proves it."""
    say, plan = speech(given), given.plan
    title = say.pick(("选址方案", "Site options"))
    if plan is None:
        none = say.pick(("未作选址。", "No sites were chosen."))
        why = given.why("plan") or say.pick(("(没有候选点)", " (there are no candidate sites)"))
        return Part(title, (Text(none + why, "none"),))
    chosen, proof = plan.chosen, plan.proof
    sites = given.sites
    names = sites["name"] if sites is not None and "name" in sites else pd.Series(dtype=object)
    rows = [
        (str(place), str(site), say.text(names.get(site)), say.number(row.get("gain")),
         say.number(row.get("cumulative")), _share(row.get("share")),
         "--" if missing(row.get("cost")) else f"{row['cost']:,.6g}")
        for place, (site, row) in enumerate(chosen.iterrows(), start=1)
    ]  # fmt: skip
    heads = [("序", "No."), ("候选点", "Site"), ("名称", "Name"), ("新增覆盖", "Newly in time"),
             ("累计", "Cumulative"), ("达到覆盖率", "Share then"),
             ("费用(研究的货币单位)", "Cost (money units of the study)")]  # fmt: skip
    terms = plan.terms
    covered, total = terms.get("covered"), terms.get("total")
    share = say.share(covered, total)
    best = proof.status == "optimal"
    lead = say.pick((
        f"新建 {len(chosen)} 处后按时覆盖 {share}。"
        + ("已证明没有更好的选择。" if best else f"最优性差距不超过 {100 * proof.gap:.2f}%。"),
        f"With {len(chosen)} new sites {share} are in time. "
        + ("It is proven that no choice is better." if best
           else f"The gap to the best is at most {100 * proof.gap:.2f}%."),
    ))  # fmt: skip
    proven = say.pick(("求解与核验:", "Solver and check: ")) + proof_line(proof, say.language)
    table = grid(say.pick(("按建设顺序", "In building order")), [say.pick(h) for h in heads], rows,
                 numbers=[3, 4, 5, 6])  # fmt: skip
    return Part(title, (Text(lead, "lead"), table, Text(proven)))


def _share(value: Any) -> str:
    return "--" if missing(value) else f"{100 * value:.1f}%"
