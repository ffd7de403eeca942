"""The styles inside the GeoPackage: what is written, and what the real QGIS makes of it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import pyogrio
import pytest

import carecircle as cc
from carecircle.outputs.folder import WRITERS, save_folder
from carecircle.outputs.styles import layer_styles

LAYERS = ("areas", "homes", "facilities", "circles", "reached_roads", "gaps")

#: Run by the Python that QGIS was built for: how each layer opens, without any project.
ASK_QGIS = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import (QgsApplication, QgsExpressionContextUtils, QgsRenderContext, QgsVectorLayer)
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
found = {}
for name in sys.argv[2:]:
    layer = QgsVectorLayer(sys.argv[1] + "|layername=" + name, name, "ogr")
    context = QgsRenderContext()
    context.expressionContext().appendScope(QgsExpressionContextUtils.layerScope(layer))
    context.expressionContext().setFields(layer.fields())
    renderer = layer.renderer().clone()
    renderer.startRender(context, layer.fields())
    drawn = 0
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        drawn += bool(renderer.willRenderFeature(feature, context))
    renderer.stopRender(context)
    found[name] = {
        "valid": layer.isValid(), "renderer": renderer.type(), "features": layer.featureCount(),
        "drawn": drawn,
        "legend": {i.label(): i.symbol().color().name() for i in renderer.legendSymbolItems()},
    }
print("QGIS " + json.dumps(found))
app.exitQgis()
"""


@pytest.fixture(scope="module")
def result():
    found = cc.assess(cc.samples.toy_town())
    return replace(found, card=replace(found.card, language="en"))


@pytest.fixture(scope="module")
def package(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("styled") / "r"
    save_folder(result, folder, writers={"coverage.gpkg": WRITERS["coverage.gpkg"]})
    return folder / "coverage.gpkg"


def symbols(qml):
    return ET.fromstring(qml.partition("\n")[2]).findall(".//symbols/symbol")  # noqa: S314  # our own


def labels(qml):
    tree = ET.fromstring(qml.partition("\n")[2])  # noqa: S314  # our own
    return [one.get("label") for one in tree.iter() if one.tag in ("category", "rule")]


def test_every_layer_has_a_default_style_registered_as_the_standard_asks(package):
    with sqlite3.connect(package) as base:
        rows = base.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault FROM layer_styles ORDER BY id"
        ).fetchall()
        known = base.execute(
            "SELECT data_type, last_change FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchall()
        broken = base.execute("PRAGMA integrity_check").fetchall()
    assert [(name, used) for name, _, used in rows] == [(name, 1) for name in LAYERS]
    assert {column for _, column, _ in rows} == {"geom"}
    assert known == [("attributes", "2020-12-31T00:00:00.000Z")]
    assert broken == [("ok",)]


def test_the_layers_can_be_read_as_before(package, result):
    names = [name for name, _ in pyogrio.list_layers(package)]
    assert set(LAYERS) <= set(names)
    assert len(pyogrio.read_dataframe(package, layer="homes")) == len(result.homes)


def test_each_class_has_one_symbol_and_a_word_in_the_readers_language(result):
    for name, qml in layer_styles(result).items():
        assert len(symbols(qml)) == len(labels(qml)), name
    assert labels(layer_styles(result)["homes"]) == [
        "≤ 5 min", "≤ 10 min", "≤ 15 min", "≤ 30 min", "Over the limit", "No way found",
        "Not assessed",
    ]  # fmt: skip
    chinese = replace(result, card=replace(result.card, language="zh"))
    assert "无设施 · 超时(优先)" in labels(layer_styles(chinese)["areas"])


def test_the_rules_sort_every_home_into_exactly_one_class(package, result):
    tree = ET.fromstring(layer_styles(result)["homes"].partition("\n")[2])  # noqa: S314  # our own
    filters = [rule.get("filter") for rule in tree.findall(".//rules/rule")]
    with sqlite3.connect(package) as base:
        counts = [
            base.execute(f"SELECT count(*) FROM homes WHERE {rule}").fetchone()[0]  # noqa: S608  # our own
            for rule in filters
        ]
    assert counts == [1, 2, 3, 2, 3, 1, 1]
    assert sum(counts) == len(result.homes)


def test_kinds_with_quotes_and_marks_stay_inside_the_style(result):
    odd = 'o\'clock <&> "x"'
    facilities = result.facilities.assign(kind=odd)
    qml = layer_styles(replace(result, facilities=facilities))["facilities"]
    tree = ET.fromstring(qml.partition("\n")[2])  # noqa: S314  # our own
    (first, _) = tree.findall(".//rules/rule")
    assert first.get("filter") == '"eligible" = 1 AND "kind" = \'o\'\'clock <&> "x"\''
    assert first.get("label") == odd


def test_equal_findings_give_equal_packages(package, result, tmp_path):
    save_folder(result, tmp_path / "r", writers={"coverage.gpkg": WRITERS["coverage.gpkg"]})
    assert (tmp_path / "r" / "coverage.gpkg").read_bytes() == package.read_bytes()


def qgis_python():
    """The Python with the bindings of QGIS; without one a skip, or a failure where it must run."""
    for name in ("/usr/bin/python3", "python3"):
        path = shutil.which(name)
        if (
            path
            and not subprocess.run(
                [path, "-c", "import qgis.core"], capture_output=True, check=False
            ).returncode
        ):
            return path
    reason = "QGIS is not installed; on Debian: apt install python3-qgis"
    if os.environ.get("CARECIRCLE_REQUIRE_QGIS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def test_where_nothing_may_be_skipped_a_missing_qgis_fails(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("CARECIRCLE_REQUIRE_QGIS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="python3-qgis"):
        qgis_python()
    monkeypatch.setenv("CARECIRCLE_REQUIRE_QGIS", "1")
    with pytest.raises(pytest.fail.Exception, match="python3-qgis"):
        qgis_python()


def test_qgis_opens_every_layer_styled_and_draws_every_feature(package, result, tmp_path):
    script = tmp_path / "ask.py"
    script.write_text(ASK_QGIS)
    copy = shutil.copy(package, tmp_path / "copy.gpkg")
    done = subprocess.run(
        [qgis_python(), str(script), str(copy), *LAYERS],
        capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    answers = [line for line in done.stdout.splitlines() if line.startswith("QGIS ")]
    assert answers, done.stderr[-2000:]
    found = json.loads(answers[0].removeprefix("QGIS "))
    for name in LAYERS:
        layer = found[name]
        assert layer["valid"], name
        assert layer["features"] == len(getattr(result, name)), name
        assert layer["drawn"] == layer["features"], name
    assert found["areas"]["renderer"] == "categorizedSymbol"
    assert found["homes"]["renderer"] == "RuleRenderer"
    assert found["areas"]["legend"]["No facility, too late (priority)"] == "#d4693a"
    assert found["homes"]["legend"]["Over the limit"] == "#dd6f22"
