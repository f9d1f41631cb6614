"""Reads the plan of a statement and names every part of it that grows with a table."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REFERENCE = frozenset(
    {
        "terms", "rewards", "campaigns", "product_exclusions", "programme_state", "programme_clock", "person_salt",
        "endpoints", "endpoint_health",
    }
)  # fmt: skip
"""Tables that operators fill: they do not grow with members, orders or deliveries."""
KEYS = frozenset(
    {
        "member_id",
        "mi_id",
        "number",
        "order_number",
        "other_order_numbers",
        "tracking_number",
        "code",
        "person_hash",
        "event_id",
        "key",
        "device",
    }
)
"""Columns that few rows have in common, however many rows there are."""
SCANS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Seq Scan", "Tid Scan", "Sample Scan"})
STREAMS = frozenset(
    {
        "Nested Loop", "Append", "Merge Append", "Incremental Sort", "LockRows", "Result",
        "Subquery Scan", "Unique", "ProjectSet", "Memoize",
    }
)  # fmt: skip
"""Nodes that read no more of their children than they are asked for."""
_EQUAL = re.compile(r"(?:->> ')?(\w+)(?:'::text)?\)* (?:=|&&) ")
"""A column, or a member of a jsonb column, that equals something, or a list that has something."""


@dataclass(frozen=True, slots=True)
class Growing:
    """A scan that reads more the more rows a table has; `why` is a part of a sentence."""

    table: str
    index: str | None
    why: str


Node = Mapping[str, Any]


def growing(plan: Node) -> list[Growing]:
    """Every scan of a plan that grows with its table. A scan does not grow if it looks up a key, or if a limit above
    it ends it and nothing between them has to read all of it first."""
    return list(_found(plan, is_limited=False))


def _found(node: Node, is_limited: bool) -> Iterator[Growing]:
    kind = node["Node Type"]
    if kind in SCANS and node["Relation Name"] not in REFERENCE:
        yield from _scan(node, is_limited)
    below = kind == "Limit" or (is_limited and (kind in STREAMS or kind == "ModifyTable"))
    for child in node.get("Plans", ()):
        yield from _found(child, below and child["Parent Relationship"] in {"Outer", "Member", "Subquery"})


def _scan(node: Node, is_limited: bool) -> Iterator[Growing]:
    table, bitmap = node["Relation Name"], node["Node Type"] == "Bitmap Heap Scan"
    if node["Node Type"] == "Seq Scan":
        yield Growing(table, None, "reads the whole table")
        return
    for index, condition in _conditions(node):
        if _equal_columns(condition) & KEYS:
            continue
        if not is_limited or bitmap:
            yield Growing(table, index, f"reads {condition or 'all of it'}, and no limit ends it")


def _conditions(node: Node) -> Iterator[tuple[str, str]]:
    """The indexes of a scan with their conditions."""
    if "Index Name" in node:
        yield node["Index Name"], node.get("Index Cond", "")
        return
    for child in node.get("Plans", ()):
        if child["Node Type"].startswith("Bitmap"):
            yield from _conditions(child)


def _equal_columns(condition: str) -> set[str]:
    return set(_EQUAL.findall(condition))
