"""Facility kinds and statuses known by name, and the words people use for them."""

from __future__ import annotations

__all__ = ["FACILITY_KINDS", "FACILITY_WORDS", "STATUSES"]

#: Facility kinds known by name: code -> (Chinese, English). A study may add its own.
FACILITY_KINDS: dict[str, tuple[str, str]] = {
    "station": ("社区居家养老服务站", "community elder-care station"),
    "day_care": ("日间照料中心", "day-care centre"),
    "street_centre": ("街道养老综合服务中心", "street elder-care centre"),
    "embedded_complex": ("多功能嵌入式养老服务综合体", "embedded elder-care complex"),
    "rural_centre": ("农区养老服务中心", "rural elder-care centre"),
    "mutual_aid_home": ("互助养老幸福院", "mutual-aid home"),
    "institution": ("养老机构", "residential institution"),
    "meal_point": ("幸福居助餐点", "meal point"),
    "central_kitchen": ("中心厨房", "central kitchen"),
    "dispatch_centre": ("区指挥调度中心", "district dispatch centre"),
    "service_complex": ("社区综合服务设施", "community service complex"),
    "one_stop_hall": ("一站式服务大厅", "one-stop hall"),
    "social_work_station": ("社会工作服务站", "social-work station"),
    "volunteer_station": ("志愿服务站点", "volunteer station"),
    "incubator": ("社会组织孵化场所", "NGO incubator"),
    "child_protection": ("未成年人保护机构", "child-protection body"),
    "mental_rehab": ("精神障碍社区康复服务点", "community mental-health rehabilitation"),
    "marriage_registry": ("婚姻登记处", "marriage registry"),
    "funeral": ("殡葬设施", "funeral facility"),
    "rescue_station": ("救助管理站", "rescue station"),
    "lottery": ("福彩销售站", "welfare lottery outlet"),
    "health": ("医疗卫生机构", "health facility"),
    "pharmacy": ("药店", "pharmacy"),
    "social_facility": ("社会服务设施", "social facility"),
}

#: Facility status: code -> (Chinese, English). Only ``operating`` counts in a headline.
STATUSES: dict[str, tuple[str, str]] = {
    "operating": ("运营", "operating"),
    "building": ("在建", "under construction"),
    "planned": ("规划", "planned"),
    "closed": ("关闭", "closed"),
}

#: Other words understood on reading. None may stand for two kinds.
FACILITY_WORDS: dict[str, tuple[str, ...]] = {
    "station": ("居家养老服务站", "养老服务站", "社区养老服务站"),
    "day_care": ("日间照料站", "日照中心", "社区日间照料中心", "老年人日间照料中心"),
    "street_centre": ("街道综合养老服务中心", "综合养老服务中心", "街道养老服务中心"),
    "embedded_complex": ("嵌入式养老服务综合体", "养老服务综合体"),
    "mutual_aid_home": ("幸福院", "农村幸福院", "互助幸福院"),
    "institution": ("养老院", "敬老院", "老年公寓", "nursing home", "care home"),
    "meal_point": ("助餐点", "老年助餐点", "老年食堂"),
    "service_complex": ("社区服务综合体", "社区综合服务中心"),
    "health": ("社区卫生服务中心", "社区卫生服务站", "卫生院", "村卫生室", "医院", "诊所"),
}
