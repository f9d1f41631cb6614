"""Puts together the statement that writes decisions: of all parts, those whose lists hold rows."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PART = re.compile(r"^-- part: (\w+) \((.+)\)$", re.MULTILINE)
_NEWS = ("transfers", "coupons", "notices")


@dataclass(frozen=True, slots=True)
class Part:
    """One common table expression, used where one of `lists` holds rows; with `is_absent`, where none does."""

    name: str
    lists: frozenset[str]
    is_absent: bool
    text: str

    def is_used(self, lists: frozenset[str]) -> bool:
        """Whether a statement for rows in these lists has this part."""
        return bool(self.lists & lists) is not self.is_absent


@cache
def parts() -> tuple[Part, ...]:
    """Every part of `record_parts.sql`, in the order in which a statement has them."""
    text = files("db.queries").joinpath("ledger", "record_parts.sql").read_text("utf-8")
    _, *found = _PART.split(text)
    return tuple(
        Part(name, frozenset(lists.removeprefix("not ").split(", ")), lists.startswith("not "), _without_comments(sql))
        for name, lists, sql in zip(found[::3], found[1::3], found[2::3], strict=True)
    )


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.strip().splitlines() if not line.startswith("--"))


@cache
def record_statement(lists: frozenset[str]) -> str:
    """The statement for decisions with rows in these lists of `Changes`. It gives a row for each member written.

    Each set of lists is one prepared statement. Its text comes from the parts alone, never from what is written.
    """
    return _put_together(lists, _WRITTEN)


@cache
def credit_statement() -> str:
    """The statement that credits a set of promises that are due. It gives a row for each promise credited."""
    return _put_together(frozenset({"promises due"}), _CREDITED)


def _put_together(lists: frozenset[str], result: str) -> str:
    used = [part for part in parts() if part.is_used(lists)]
    news = [f"select * from {part.name}" for part in used if part.name.startswith("news_of_")]  # noqa: S608
    holes = {
        "{all_news}": " union all ".join(news),
        "{news_of_member}": "(select count(*) from news n where n.member_id = held.member_id)" if news else "0",
        "{is_forgotten}": "true" if "forgotten" in lists else "false",
    }
    text = "with " + ",\n".join(part.text for part in used)
    for hole, filling in holes.items():
        text = text.replace(hole, filling)
    return f"{text}\n{result}"


_WRITTEN = """select
    member_id, seq_before, version,
    case when is_told then pg_notify('mipoints_balances', member_id::text) end
from changed_balances"""
_CREDITED = """select
    p.member_id, p.promise_id, p.points, p.due_at,
    case when c.is_told then pg_notify('mipoints_balances', c.member_id::text) end
from posted p join changed_balances c using (member_id)
order by p.due_at, p.promise_id"""
