"""Problems of the input speak Chinese in a Chinese result, whatever text the programs write."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import carecircle as cc
from carecircle.inputs.issues import Issue, IssueLog
from carecircle.outputs.issue_phrases import phrase_of
from carecircle.outputs.issue_words import issue_line
from carecircle.outputs.workbook.tables import write_tables

PACKAGE = Path(cc.__file__).parent
#: Rooms whose calls carry texts of problems, and the arguments that are such texts.
ROOMS = ("inputs", "standards", "planning", "scenarios", "study")
TEXTS = ("found", "used", "effect", "fix")
GAP = "\0"
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}")


class Sentences:
    """The texts that an expression in a function can become, a gap for every value in them."""

    def __init__(self, module: ast.Module, function: ast.FunctionDef):
        self.module = module
        self.functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
        self.named: dict[str, list[ast.expr]] = {}
        for node in (*module.body, *ast.walk(function)):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.named.setdefault(target.id, []).append(node.value)

    def of(self, node: ast.expr, depth: int = 0) -> set[str]:
        if depth > 5:
            return {GAP}
        if isinstance(node, ast.Constant):
            return {node.value} if isinstance(node.value, str) else {GAP}
        if isinstance(node, ast.JoinedStr):
            parts = [self._part(part, depth) for part in node.values]
            return {"".join(texts) for texts in itertools.product(*parts)}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return {a + b for a in self.of(node.left, depth) for b in self.of(node.right, depth)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            return self._returned(name, depth + 1) if name in self.functions else {GAP}
        return self._any(self._ways(node), depth)

    def _part(self, node: ast.expr, depth: int) -> set[str]:
        if not isinstance(node, ast.FormattedValue):
            return self.of(node, depth)
        plain = node.format_spec is None and node.conversion == -1
        texts = self.of(node.value, depth + 1) if plain else {GAP}
        return texts if len(texts) < 7 else {GAP}

    def _any(self, ways: list[ast.expr], depth: int) -> set[str]:
        return set().union(*(self.of(way, depth + 1) for way in ways)) if ways else {GAP}

    def _ways(self, node: ast.expr) -> list[ast.expr]:
        """Return the expressions of which one becomes the text."""
        ways: list[ast.expr] = []
        match node:
            case ast.IfExp(body=body, orelse=other):
                ways = [body, other]
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                ways = values
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                ways = parts
            case ast.ListComp(elt=one) | ast.Subscript(value=one):
                ways = [one]
            case ast.Name(id=name):
                ways = self.named.get(name, [])
        return ways

    def _returned(self, name: str, depth: int) -> set[str]:
        function = self.functions[name]
        inside = Sentences(self.module, function)
        returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
        return inside._any([value for value in returns if value is not None], depth)


def texts_of(path: Path) -> set[str]:
    module, found = ast.parse(path.read_text(encoding="utf-8")), set()
    for function in (n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)):
        sentences = Sentences(module, function)
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            given = [word.value for word in call.keywords if word.arg in TEXTS]
            if isinstance(call.func, ast.Name) and call.func.id == "add_fault":
                given += call.args[3:5]
            found |= set().union(*(sentences.of(text) for text in given))
    return found


def all_texts():
    paths = (path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))
    return set().union(*map(texts_of, paths))


def test_every_text_of_a_problem_has_its_chinese():
    texts = [text for text in all_texts() if ENGLISH.search(text)]
    assert len(texts) > 200  # the reader of the sources finds them
    # a hint or the s of a plural may be empty at the front or the end of a word
    unknown = [
        text.replace(GAP, "7") for text in texts
        if not any(phrase_of(text.replace(GAP, "", k).replace(GAP, "7")) for k in (0, 1))
        and not phrase_of(text.replace(f"part{GAP}", "part").replace(GAP, "7"))
    ]  # fmt: skip
    assert sorted(unknown) == []


def test_a_text_with_values_keeps_them_and_looks_up_what_it_is_made_of():
    said = phrase_of("12 of 40 (30.0%) with no road within 150/500 m")
    assert said == "40 处中有 12 处(30.0%):150/500 米内没有道路"
    assert phrase_of("record set aside, 40 people not counted") == "该记录已搁置,40 人未计入"
    assert phrase_of("did you mean 'kind'? choose one of a") == "是否应为 'kind'?请选其一:a"
    assert phrase_of("养老服务站") is None


@pytest.fixture(scope="module")
def findings():
    """The toy town in Chinese, with one problem that every text is known of."""
    town = cc.samples.toy_town()
    log = IssueLog([
        Issue("unknown_kind", "error", "facilities", "F9", "kind", "statoin",
              effect="record set aside", fix="did you mean 'station'? known: station, day_care"),
        Issue("far_from_road", "warning", "homes", "H13", "", "no road within 150 m; nearest 900 m"
              " away", effect="not assessed, stays in every total", fix="check the path"),
    ])  # fmt: skip
    return replace(cc.assess(replace(town, issues=log)), issues=log)


def test_a_chinese_line_holds_kind_values_effect_and_fix(findings):
    line = issue_line(findings.issues[0], "zh")
    assert line.startswith("设施 F9,类型(kind):")
    assert "statoin" in line
    assert line.endswith("该记录已搁置;是否应为 'station'?可用:station, day_care")
    assert issue_line(findings.issues[0], "en") == str(findings.issues[0])


def test_the_chinese_workbook_explains_problems_in_chinese(findings, tmp_path):
    write_tables(findings, tmp_path / "t.xlsx", only=("issues",))
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["问题"]
    rows = list(sheet.iter_rows(values_only=True))
    assert not [cell for row in rows for cell in row if cell and ENGLISH.search(str(cell))]
    assert "离道路过远(far_from_road)" in rows[2]
    assert "150 米内没有道路;最近的在 900 米外" in rows[2]


def test_the_chinese_report_tells_problems_in_chinese(findings):
    from carecircle.outputs.report.doubt import problem_part
    from carecircle.outputs.report.input import ReportInput

    table = problem_part(ReportInput(findings)).blocks[2]
    assert "未评估,仍计入各项总数" in table.rows[1][5]
    assert table.rows[0][6] == "是否应为 'station'?可用:station, day_care"
