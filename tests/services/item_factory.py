# SPDX-License-Identifier: Apache-2.0
"""A synthetic item list in the shape of a province's: the ratios of a survey of 605,000 real items, faults planted.

Statutory limits present in 90 %, promised in 99.9 %, basis in 94 %; the key is unique, the implementation code is not
(742 codes stand on 1,915 items there, that is 1.9 extra items a thousand).
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from zhengtong.city.identifiers import uscc_check_character

COLUMNS = (
    "事项主键", "实施编码", "事项名称", "实施部门", "事项类型", "行使层级", "办件类型", "审查类型", "法定办结时限",
    "法定办结时限单位", "承诺办结时限", "承诺办结时限单位", "到办事现场次数", "必须现场办理原因", "是否网办",
    "网上办理深度", "邮寄申请", "是否收费", "收费项目", "收费依据", "网上支付", "设定依据", "服务对象", "主题分类",
    "咨询电话", "投诉电话", "审批结果名称", "结果样本", "办结类型", "办理环节", "常见问题数",
)  # fmt: skip
DEPARTMENTS = ("市公安局", "市市场监督管理局", "市人力资源和社会保障局", "市住房和城乡建设局", "市卫生健康委员会")
STEPS = ("受理、办结", "受理、审核、审批、办结、送达")
MAP = """\
# SPDX-License-Identifier: Apache-2.0
key: item_id
columns:
  item_id: {column: 事项主键, required: true}
  task_code: {column: 实施编码, required: true}
  name: {column: 事项名称, required: true}
  department: 实施部门
  item_type: 事项类型
  level: 行使层级
  kind: {column: 办件类型, values: {即办件: immediate, 承诺件: promised}}
  review: {column: 审查类型, values: {即审即办: at_once, 前审后批: accept_then_approve}}
  statutory_days: 法定办结时限
  statutory_unit: {column: 法定办结时限单位, values: {工作日: working_days, 自然日: calendar_days, 小时: hours}}
  promised_days: 承诺办结时限
  promised_unit: {column: 承诺办结时限单位, values: {工作日: working_days, 自然日: calendar_days, 小时: hours}}
  visits: 到办事现场次数
  visit_reason: 必须现场办理原因
  online: 是否网办
  online_depth: {column: 网上办理深度, values: {I: "1", II: "2", III: "3", IV: "4"}}
  postal: 邮寄申请
  fee: 是否收费
  fee_item: 收费项目
  fee_basis: 收费依据
  online_pay: 网上支付
  legal_basis: 设定依据
  audience: {column: 服务对象, split: "[,，]"}
  topics: {column: 主题分类, split: "[,，]"}
  consult_phone: 咨询电话
  complaint_phone: 投诉电话
  result_name: 审批结果名称
  result_sample: 结果样本
  finish: {column: 办结类型, values: {出证办结: licence, 出文办结: document, 审批办结: approval}}
  steps: {column: 办理环节, split: "[、]"}
  faqs: 常见问题数
"""


def _credit_code(number: int) -> str:
    first = f"11440000MB{number:07d}"
    return first + uscc_check_character(first)


def items(count: int, seed: int = 1) -> Iterator[list[str]]:
    """Rows as text, without faults of form; what they say may still break the rules of quality."""
    chance = random.Random(seed)  # a list to test with
    offices = [_credit_code(n) for n in range(1, 60)]
    for n in range(count):
        office = n % len(offices)
        twin = n and chance.random() < 0.0019
        number = n - 1 if twin else n
        code = f"{offices[(number) % len(offices)]}34401{number // 1000 % 100000:05d}{number % 1000:03d}"
        promised = chance.randrange(0, 12)
        licence = chance.random() < 0.3
        visits = chance.choice((0, 0, 0, 1))
        yield [
            f"ID{n:08d}", code, f"事项{n}", DEPARTMENTS[office % len(DEPARTMENTS)], "01" if licence else "20", "3",
            "即办件" if promised == 0 else "承诺件", "即审即办" if promised == 0 else "前审后批",
            str(promised + chance.randrange(20)) if chance.random() < 0.9 else "", "工作日",
            str(promised) if chance.random() < 0.999 else "", "工作日", str(visits),
            "须核验原件" if visits and chance.random() < 0.95 else "", "是", "IV" if visits == 0 else "III", "是",
            "否", "", "", "否", "某条例第三条" if chance.random() < 0.94 else "", "自然人", "生育收养",
            "0750-3123456", "0750-3123457", "许可证" if licence else "", "是" if licence else "",
            "出证办结" if licence else "审批办结", STEPS[chance.random() < 0.9], "1",
        ]  # fmt: skip


def write_csv(
    path: Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8", columns: Sequence[str] = COLUMNS
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(rows)
    return path


def write_xlsx(path: Path, rows: Iterable[Sequence[str]], columns: Sequence[str] = COLUMNS) -> Path:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("清单")
    for row in (columns, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def write_map(path: Path, text: str = MAP) -> Path:
    path.write_text(text, "utf-8")
    return path
