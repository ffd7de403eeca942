"""The proof of a plan in words, Chinese or English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carecircle.planning.plan import Proof

__all__ = ["proof_line", "verdict_text"]

_STATUSES = {
    "optimal": "已证明最优",
    "gap": "差距内最优",
    "time_limit": "到时限为止",
    "interrupted": "中途停止",
    "heuristic": "启发式,未证明",
}
#: What the verifier says -> Chinese; a figure it found is put in place of ``\1``. A fault that is
#: not here is quoted as it stands.
_VERDICTS = {
    r"verified: sites, allocation, gains and objective counted anew": (
        "独立复核通过:场址、分配、增量和目标值均已重新计数"
    ),
    r"verified: sites, sizes, allocation, shortfalls and cost added up anew": (
        "独立复核通过:场址、规模、分配、缺口和费用均已重新加总"
    ),
    r"verified: sites, allocation and objective added up anew": (
        "独立复核通过:场址、分配和目标值均已重新加总"
    ),
    r"verified: sites and allocation are allowed": "独立复核通过:场址和分配均符合要求",
    r"; exact dual bound (\S+) \(gap (\S+)\)": r";精确对偶界 \1(差距 \2)",
    r"; prices prove at least (\S+) in fractions": r";影子价格(分数运算)证明不低于 \1",
    r"; prices prove at least (\S+) in whole-number arithmetic": (
        r";影子价格(整数运算)证明不低于 \1"
    ),
    r"; (\S+) won, added up anew": r";重新加总得 \1 人",
    r"\bnot verified": "未经独立复核",
    r"(?:refused|fault): ": "独立复核未通过:",
}


def verdict_text(verdict: str, language: str) -> str:
    """Return what the independent verifier found, in a language.

    Examples
    --------
    >>> verdict_text("verified: sites and allocation are allowed", "zh")
    '独立复核通过:场址和分配均符合要求'
    >>> verdict_text("refused: site S9 is not a candidate", "zh")
    '独立复核未通过:site S9 is not a candidate'
    """
    if language != "zh":
        return verdict
    for found, said in _VERDICTS.items():
        verdict = re.sub(found, said, verdict)
    return verdict


def proof_line(proof: Proof, language: str) -> str:
    """Return status, objective, bound, gap, solver and verdict of a proof as one line.

    Examples
    --------
    >>> from carecircle.planning.plan import Proof
    >>> proof_line(Proof(50, 50, "optimal", 0.1, "HiGHS 1.8"), "zh")
    '已证明最优;目标值 50,界 50,差距 0.00%;HiGHS 1.8;未经独立复核'
    """
    if language != "zh":
        return str(proof)
    return (
        f"{_STATUSES.get(proof.status, proof.status)};目标值 {proof.objective:,.6g},界"
        f" {proof.bound:,.6g},差距 {proof.gap:.2%};{proof.solver};"
        f"{verdict_text(proof.verdict, language)}"
    )
