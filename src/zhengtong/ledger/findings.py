# SPDX-License-Identifier: Apache-2.0
"""What an audit can find, each with its words. `what` is a stable code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SAYS = {
    "event_changed": ("事件内容已被改动", "the event has been changed since it was recorded"),
    "event_unreadable": ("事件内容无法读取，已被改动", "the event cannot be read: it has been changed"),
    "event_missing": ("事件已被删除", "the event has been deleted"),
    "event_unlisted": ("事件既未封存也不在待封存之列", "the event is neither sealed nor waiting to be"),
    "waiting_missing": ("待封存的事件已被删除", "an event waiting to be sealed has been deleted"),
    "leaf_missing": ("树中缺少这片叶", "this leaf of the tree is missing"),
    "leaf_changed": ("叶散列与上层节点不一致", "the leaf's hash does not agree with the node above it"),
    "node_changed": ("节点与其下层不一致", "the node does not agree with those below it"),
    "node_missing": ("树中缺少这个节点", "this node of the tree is missing"),
    "node_surplus": ("节点在树的范围之外", "the node lies outside the tree"),
    "checkpoint_missing": ("最新的叶没有签名检查点", "no signed checkpoint covers the newest leaves"),
    "checkpoint_unsigned": ("检查点的签名无效", "the checkpoint's signature does not hold"),
    "checkpoint_differs": ("检查点与日志的树不一致", "the checkpoint is not of this tree"),
    "published_unsigned": (
        "已发布的检查点不是本日志签发的",
        "the published checkpoint was not signed by this log",
    ),
    "published_differs": ("已发布的检查点与数据库不一致", "the published checkpoint and the database disagree"),
    "trusted_differs": ("日志与你信任的检查点不一致", "the log is not the one of the checkpoint you trust"),
    "row_changed": ("数据行被绕过系统改动", "the row was changed behind the application's back"),
    "row_not_recorded": ("数据行没有任何存证事件", "no event records this row: it was inserted behind the back"),
    "row_event_missing": (
        "数据行所指的存证事件不存在",
        "the event this row points to does not exist or is not its own",
    ),
    "row_differs": ("数据行与其存证事件所载不一致", "the row and its event disagree on version or digest"),
    "row_rolled_back": ("数据行被退回到旧版本", "the row was rolled back to an older version"),
    "row_deleted": ("数据行被绕过系统删除", "the row was deleted behind the application's back"),
    "row_returned": ("已依规删除的数据行又出现", "a row that was lawfully deleted is back"),
    "state_unaudited": ("事件记录了没有数据表的状态", "an event records the state of a kind no table holds"),
}


@dataclass(frozen=True)
class Finding:
    """`related` are the objects (type, id) a changed event, or the events of a changed row, were about: the case."""

    object_type: str
    object_id: str
    what: str
    zh: str
    en: str
    related: tuple[tuple[str, str], ...] = ()


def finding(
    what: str,
    object_type: str,
    object_id: object,
    detail: str = "",
    related: Sequence[tuple[str, str]] = (),
) -> Finding:
    zh, en = SAYS[what]
    if detail:
        zh, en = f"{zh}（{detail}）", f"{en} ({detail})"
    return Finding(object_type, str(object_id), what, zh, en, tuple(dict.fromkeys(related)))
