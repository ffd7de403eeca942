"""What problems of the input are called and say in a Chinese result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecircle.outputs.codes import CODES, SHEETS
from carecircle.outputs.issue_phrases import issue_text
from carecircle.outputs.labels import field

if TYPE_CHECKING:
    import pandas as pd

    from carecircle.inputs.issues import Issue, IssueLog

__all__ = ["ISSUE_KINDS", "TABLES", "issue_counts", "issue_field", "issue_kind", "issue_line",
           "issue_table", "issues_in_words"]  # fmt: skip

#: Code of an issue -> what it is called in Chinese; English reads the code itself.
ISSUE_KINDS: dict[str, str] = {
    "absurd_number": "数值过大", "activity_floor_exceeds_floor": "活动面积大于建筑面积",
    "area_missing": "缺社区(村)", "area_without_homes": "社区(村)内没有住宅",
    "bad_coordinate": "坐标无法识别", "bad_crs": "坐标系写法有误", "bad_limit_table": "限值表有误",
    "bad_number": "数值有误", "bad_pair": "成对记录有误", "bad_scenario": "方案有误",
    "bad_wkt": "几何文本无法识别", "check_crs": "坐标系需核对",
    "closed_but_operating": "已关闭却仍标为运营", "closing_rows": "表尾附注行",
    "crs_differs": "坐标系不同,已转换", "crs_does_not_fit": "坐标系与位置不符",
    "cycle": "规则互相引用", "date_without_day": "日期缺日", "dates_out_of_order": "日期先后颠倒",
    "datum_converted": "坐标基准已转换", "datum_doubtful": "坐标基准存疑",
    "datum_missing": "未写明坐标基准", "datum_not_stated": "未写明坐标基准",
    "datum_not_tested": "坐标基准未检验", "datum_suspicious": "坐标基准可疑",
    "degrees_not_metres": "坐标是度而非米", "digits_lost": "数字丢失位数",
    "drawn_backwards": "道路画反", "duplicate_id": "代码重复", "dwellings_missing": "缺住宅套数",
    "elder_floor_exceeds_floor": "养老面积大于建筑面积",
    "elders_exceed_population": "老年人口多于总人口",
    "elders_without_households": "有老年人却没有户数", "empty_file": "空文件",
    "empty_table": "空表", "encoding_detected": "文字编码由程序判断",
    "facility_without_area": "设施不在任何社区(村)内", "far_from_road": "离道路过远",
    "file_warning": "读文件时的提示", "filter_failed": "筛选条件无法执行",
    "filter_refused": "筛选条件不被接受", "filtered": "已按条件筛选",
    "floors_missing": "缺楼层数", "footprint_missing": "缺占地面积",
    "format_unknown": "文件格式未知", "fraction_in_a_count": "计数出现小数",
    "gap_sliver": "相邻边界有细缝", "height_dropped": "高程已略去", "height_left_out": "高程已略去",
    "households_exceed_population": "户数多于人口", "id_digits_lost": "代码丢失位数",
    "ids_from_numbers": "代码由数字转成", "ids_made": "代码由程序编写",
    "implausible_value": "数值不合常理", "incomplete_relation": "多边形关系不完整",
    "infinite_number": "数值无穷大", "institution_beds_exceed_beds": "机构床位多于床位",
    "islands": "道路不连通", "layer_not_named": "未写明图层",
    "lies_in_another_area": "位于另一社区(村)内", "mapped_heading_missing": "指定的列不存在",
    "merged_heading": "合并的表头", "metres_not_degrees": "坐标是米而非度",
    "missing_block": "缺一节", "missing_column": "缺列", "missing_file": "缺文件",
    "missing_key": "缺键", "missing_section": "缺一节",
    "negative_number": "负数", "new_households_exceed_households": "新建小区户数多于户数",
    "no_areas": "没有社区(村)", "no_attributes": "没有属性", "no_connection": "无法连接网络",
    "no_coordinates": "没有坐标", "no_crs": "未写明坐标系", "no_extent": "没有范围",
    "no_facilities": "没有设施", "no_geometry": "没有几何", "no_homes": "没有住宅",
    "no_id": "没有代码", "no_layer": "没有图层", "no_network": "没有路网", "no_roads": "没有道路",
    "no_such_file": "文件不存在", "no_such_layer": "图层不存在", "no_such_place": "地名不存在",
    "no_tags": "没有标签", "no_text": "缺文字", "no_unit": "单元不明",
    "nodes_missing": "缺节点", "not_a_date": "不是日期", "not_a_feature": "不是要素",
    "not_a_file": "不是文件", "not_a_number": "不是数字", "not_a_period": "不是时段",
    "not_a_raster": "不是栅格", "not_a_road": "不是道路", "not_homes": "不是住宅的建筑",
    "not_readable": "无法读取", "not_toml": "不是 TOML", "not_yes_or_no": "不是“是/否”",
    "number_too_small": "数值过小", "nursing_beds_exceed_beds": "护理型床位多于床位",
    "odd_household_size": "户均人口异常", "odd_share_of_elders": "老年人口比例异常",
    "old_observation": "观测值过旧", "open_way": "多边形未闭合",
    "opens_after_the_day": "开办日期晚于数据日期", "outside_areas": "不在任何社区(村)内",
    "outside_crs": "超出坐标系范围", "outside_crs_area": "超出坐标系范围",
    "outside_dem": "超出高程数据范围", "overlap_sliver": "相邻边界有细重叠",
    "passed_over_island": "跳过不连通的道路", "place_not_found": "找不到地名",
    "polygon_to_point": "面已转成点", "regime_contradicted": "新旧小区标记矛盾",
    "regime_missing": "缺新旧小区标记", "residential_share_missing": "缺居住面积比例",
    "rule_has_run_out": "规则已失效", "rule_not_yet_in_force": "规则尚未生效",
    "rule_without_units": "规则没有适用单元", "same_heading_twice": "表头重复",
    "same_place_and_name": "同名同址", "same_record_twice": "记录重复",
    "self_crossing": "边界自相交", "several_headings": "多列同义", "several_values": "一格多值",
    "share_above_one": "比例大于 1", "single_part": "多部分已合并", "small_floor_area": "面积过小",
    "status_not_said": "未写明状态", "swapped_coordinates": "经纬度颠倒",
    "thousands_separator": "数字带千分位", "title_rows": "表头上方的标题行",
    "unit_converted": "单位已换算", "unknown_area": "社区(村)代码不存在",
    "unknown_barrier": "阻隔类型未知", "unknown_block": "未知的一节", "unknown_column": "未知的列",
    "unknown_crs": "坐标系未知", "unknown_datum": "坐标基准未知", "unknown_formula": "公式未知",
    "unknown_id": "代码不存在", "unknown_key": "未知的键", "unknown_unit": "单元不存在",
    "unknown_value": "取值未知", "unreadable": "无法读取", "unreadable_extract": "摘取文件无法读取",
    "unusable_graph": "路网图无法使用", "value_contradicted": "数值互相矛盾",
    "variable_not_set": "环境变量未设置", "way_without_line": "道路没有线",
    "weak_method": "人口落点方法较粗", "wrong_geometry": "几何类型不对",
    "wrong_geometry_type": "几何类型不对", "wrong_order": "先后颠倒", "wrong_type": "类型不对",
    "zero_coordinates": "坐标为零", "zero_length": "长度为零",
}  # fmt: skip
#: Tables of the input that are no sheet of a result -> Chinese.
TABLES: dict[str, str] = {
    "areas": "社区(村)", "barriers": "阻隔", "buildings": "建筑", "dem": "高程",
    "facilities": "设施", "homes": "住宅", "indicators": "指标", "observations": "观测值",
    "pairs": "时间表", "projects": "建设项目", "roads": "道路", "rosters": "名录", "rules": "规则",
    "scenario": "方案", "sites": "候选点", "study": "研究文件",
}  # fmt: skip
_SEVERITIES: dict[Any, tuple[str, str]] = dict(CODES["severity"])


def issue_kind(code: str, language: str) -> str:
    """Return what a kind of problem is called; a kind nobody has named keeps its code.

    Examples
    --------
    >>> issue_kind("far_from_road", "zh"), issue_kind("far_from_road", "en")
    ('离道路过远', 'far from road')
    >>> issue_kind("unknown_kind", "zh")
    '取值未知'
    """
    plain = code.replace("_", " ")
    if language != "zh":
        return plain
    # read_choices names these after their column
    first = {"unknown": "取值未知", "no": "缺值"}.get(code.partition("_")[0], plain)
    return ISSUE_KINDS.get(code, first)


def issue_table(table: str, language: str) -> str:
    """Return what the table of a problem is called.

    Examples
    --------
    >>> issue_table("roads", "zh"), issue_table("roads", "en")
    ('道路', 'roads')
    """
    if language != "zh":
        return table
    return TABLES.get(table) or SHEETS.get(table, (table, ""))[0]


def issue_field(table: str, name: str, language: str) -> str:
    """Return what the column of a problem is called; Chinese with its name in the file.

    Examples
    --------
    >>> issue_field("facilities", "floor_m2", "zh"), issue_field("facilities", "floor_m2", "en")
    ('建筑面积(floor_m2)', 'floor_m2')
    """
    if language != "zh" or not name:
        return name
    heading = field(table, name).heading[0]
    return name if heading == name else f"{heading}({name})"


def issue_counts(issues: IssueLog, language: str) -> str:
    """Return the counts of problems by severity in one line, worst first.

    Examples
    --------
    >>> from carecircle.inputs.issues import Issue, IssueLog
    >>> issue_counts(IssueLog([Issue("no_homes", "warning", "areas")] * 2), "zh")
    '警告 2 条'
    """
    if language != "zh":
        return issues.summary()
    counts = ((names[0], len(issues.of(severity))) for severity, names in _SEVERITIES.items())
    return "、".join(f"{name} {n:,} 条" for name, n in counts if n) or "没有问题"


def issue_line(issue: Issue, language: str) -> str:
    """Return a problem as one line: where, what kind, what was found, what it does, what helps.

    Examples
    --------
    >>> from carecircle.inputs.issues import Issue
    >>> bad = Issue("missing_column", "fatal", "areas", field="kind", fix="check both")
    >>> issue_line(bad, "zh"), issue_line(bad, "en")
    ('社区(村),城乡(kind):缺列;请核对两者', 'areas, kind: missing column; check both')
    """
    if language != "zh":
        return str(issue)
    where = f"{issue_table(issue.table, language)} {issue.record}".strip()
    where += f",{issue_field(issue.table, issue.field, language)}" if issue.field else ""
    found, used, effect, fix = (
        issue_text(text, language) for text in (issue.found, issue.used, issue.effect, issue.fix)
    )
    line = f"{where}:{issue_kind(issue.code, language)}" + (f"({found})" if found else "")
    line += f",采用{used}" if used else ""
    return line + "".join(f";{text}" for text in (effect, fix) if text)


def issues_in_words(issues: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return a table of problems as it is read in a language; English reads the codes themselves.

    Examples
    --------
    >>> from carecircle.inputs.issues import Issue, IssueLog
    >>> frame = IssueLog([Issue("no_homes", "warning", "areas", "A7")]).to_frame()
    >>> issues_in_words(frame, "zh")[["code", "table"]].iloc[0].tolist()
    ['没有住宅(no_homes)', '社区(村)']
    """
    if language != "zh" or issues.empty:
        return issues
    kinds = [f"{issue_kind(code, language)}({code})" for code in issues["code"]]
    fields = map(issue_field, issues["table"], issues["field"], [language] * len(issues))
    texts = {
        name: [issue_text(text, language) for text in issues[name]]
        for name in ("found", "used", "effect", "fix")
    }
    tables = [issue_table(table, language) for table in issues["table"]]
    return issues.assign(code=kinds, field=list(fields), table=tables, **texts)
