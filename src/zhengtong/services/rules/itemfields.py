# SPDX-License-Identifier: Apache-2.0
"""The fields of an item of a published list (实施清单) that this house reads, and how a cell becomes a value.

Their names and dictionaries follow the lists that platforms publish (≈130 fields; GB/T 39554.2 not seen): here are
those that codes, limits, comparison and the rules of quality need. What a list does not carry stays unknown, which is
another thing than empty.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from zhengtong.errors import BadInput
from zhengtong.services.rules.itemcode import check_item_code

FieldType = Literal["text", "code", "whole", "boolean", "choice", "list"]
ItemValue = str | int | bool | tuple[str, ...]
LONGEST: Final = 20_000
"""Characters of one cell; conditions of acceptance run to thousands, more is a broken quote."""


@dataclass(frozen=True)
class ItemField:
    name: str
    type: FieldType
    zh: str
    en: str
    options: tuple[str, ...] = ()


UNITS: Final = ("working_days", "calendar_days", "hours")
FIELDS: Final[Mapping[str, ItemField]] = {
    one.name: one
    for one in (
        ItemField("item_id", "text", "事项主键", "key of the item"),
        ItemField("task_code", "code", "实施编码", "implementation code"),
        ItemField("handling_code", "text", "业务办理项编码", "code of the handling item"),
        ItemField("name", "text", "事项名称", "name"),
        ItemField("version", "text", "版本", "version"),
        ItemField("department", "text", "实施部门", "department"),
        ItemField("item_type", "text", "事项类型", "type of item"),
        ItemField("level", "text", "行使层级", "level"),
        ItemField("kind", "choice", "办件类型", "immediate or promised", ("immediate", "promised")),
        ItemField("review", "choice", "审查类型", "way of review", ("at_once", "accept_then_approve")),
        ItemField("statutory_days", "whole", "法定办结时限", "statutory limit"),
        ItemField("statutory_unit", "choice", "法定办结时限单位", "unit of the statutory limit", UNITS),
        ItemField("promised_days", "whole", "承诺办结时限", "promised limit"),
        ItemField("promised_unit", "choice", "承诺办结时限单位", "unit of the promised limit", UNITS),
        ItemField("visits", "whole", "到办事现场次数", "visits"),
        ItemField("visit_reason", "text", "必须现场办理原因", "why one must come"),
        ItemField("online", "boolean", "网上办理", "can be done online"),
        ItemField("online_depth", "whole", "网上办理深度", "online depth"),
        ItemField("postal", "boolean", "邮寄申请", "application by post"),
        ItemField("fee", "boolean", "是否收费", "charges a fee"),
        ItemField("fee_item", "text", "收费项目", "what is charged"),
        ItemField("fee_basis", "text", "收费依据", "basis of the fee"),
        ItemField("online_pay", "boolean", "网上支付", "can be paid online"),
        ItemField("legal_basis", "text", "设定依据", "legal basis"),
        ItemField("conditions", "text", "受理条件", "conditions of acceptance"),
        ItemField("audience", "list", "服务对象", "whom it serves"),
        ItemField("topics", "list", "主题分类", "topics"),
        ItemField("consult_phone", "text", "咨询电话", "telephone for questions"),
        ItemField("complaint_phone", "text", "投诉电话", "telephone for complaints"),
        ItemField("result_name", "text", "审批结果名称", "name of the result"),
        ItemField("result_type", "text", "审批结果类型", "type of the result"),
        ItemField("result_sample", "boolean", "结果样本", "sample of the result"),
        ItemField("finish", "choice", "办结类型", "how it ends", ("licence", "document", "approval")),
        ItemField("steps", "list", "办理环节", "steps"),
        ItemField("faqs", "whole", "常见问题数", "number of FAQs"),
    )
}

YES: Final = frozenset({"1", "是", "有", "y", "yes", "true", "支持", "提供"})
NO: Final = frozenset({"0", "否", "无", "n", "no", "false", "不支持", "不提供"})
_WHOLE = re.compile(r"(\d{1,9})(?:\.0+)?")
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffd]")


def variables() -> dict[str, str]:
    """The names that conditions over an item may use, and their CEL types; `has_…` says whether a number or yes/no is
    given at all."""
    types = {"whole": "int", "boolean": "bool", "list": "list"}
    names = {field.name: types.get(field.type, "string") for field in FIELDS.values()}
    return names | {f"has_{f.name}": "bool" for f in FIELDS.values() if f.type in {"whole", "boolean"}}


def facts(row: Mapping[str, ItemValue | None], known: frozenset[str] | set[str]) -> dict[str, object]:
    """An item as the variables of a condition. A field that is empty is empty text or list, or no number with
    `has_…` false; a field the list does not carry (`known`) has no variable, so nothing can be judged by it."""
    found: dict[str, object] = {}
    for name in known:
        field, value = FIELDS[name], row.get(name)
        if field.type in {"whole", "boolean"}:
            found[f"has_{name}"] = value is not None
            if value is not None:
                found[name] = value
        elif field.type == "list":
            found[name] = list(value) if isinstance(value, tuple | list) else []
        else:
            found[name] = value if value is not None else ""
    return found


def read_cell(
    field: ItemField, text: str, *, values: Mapping[str, str] | None = None, split: str = ""
) -> ItemValue | None:
    """The value of a cell; None for an empty one. Raises BadInput naming what was expected.

    `values` translates the list's own words; `split` is a regular expression between the entries of a list.
    """
    hidden = _HIDDEN.search(text)
    if hidden:
        raise BadInput(
            "含有看不见或无法识别的字符", "there is an invisible or broken character",
            found=f"U+{ord(hidden[0]):04X} @ {hidden.start() + 1}",
        )  # fmt: skip
    cell = unicodedata.normalize("NFC", text).strip()
    if not cell:
        return None
    if len(cell) > LONGEST:
        raise BadInput("内容过长", "the cell is too long", found=len(cell), expected=f"≤ {LONGEST}")
    if field.type == "list":
        parts = [part.strip() for part in re.split(split or r"[,，;；、|]", cell)]
        return tuple(dict.fromkeys(_said(field, part, values) for part in parts if part))
    return _single(field, _said(field, cell, values))


def _said(field: ItemField, cell: str, values: Mapping[str, str] | None) -> str:
    """The list's own word in ours. Raises BadInput for a word that the mapping does not know."""
    if not values or cell in values.values():
        return cell
    if cell not in values:
        raise BadInput("字典里没有这个值", "the mapping knows no such value", found=cell, expected=" | ".join(values))
    return values[cell]


def _single(field: ItemField, cell: str) -> ItemValue:
    match field.type:
        case "whole":
            number = _WHOLE.fullmatch(unicodedata.normalize("NFKC", cell))
            if number is None:
                raise BadInput("应为非负整数", "a whole number is expected", found=cell, expected="0, 1, 2 …")
            return int(number[1])
        case "boolean":
            word = unicodedata.normalize("NFKC", cell).lower()
            if word not in YES | NO:
                raise BadInput("应为“是”或“否”", "yes or no is expected", found=cell, expected="是 | 否")
            return word in YES
        case "choice":
            if cell not in field.options:
                raise BadInput(
                    "没有这个选项", "there is no such choice", found=cell, expected=" | ".join(field.options)
                )
            return cell
        case "code":
            check_item_code(cell)
            return cell
        case _:
            return cell
