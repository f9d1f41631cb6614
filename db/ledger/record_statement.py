"""Builds the statement that writes decisions from the parts in `record_parts.sql`: those whose lists hold rows."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PART = re.compile(r"^-- part: (\w+) \((.+)\)$", re.MULTILINE)
_NEWS = ("transfers", "coupons", "notices")


@dataclass(frozen=True, slots=True)
class StatementPart:
    """One common table expression. It is used if one of `lists` holds rows or, with `is_absent`, if none does; never if
    one of `unless` holds rows."""

    name: str
    lists: frozenset[str]
    is_absent: bool
    unless: frozenset[str]
    text: str

    def is_used(self, lists: frozenset[str]) -> bool:
        """Whether the statement for decisions with rows in these lists contains this part."""
        return bool(self.lists & lists) is not self.is_absent and not self.unless & lists


@cache
def parts() -> tuple[StatementPart, ...]:
    """Every part of `record_parts.sql`, in the order in which a statement has them."""
    text = files("db.queries").joinpath("ledger", "record_parts.sql").read_text("utf-8")
    _, *found = _PART.split(text)
    return tuple(_part(*each) for each in zip(found[::3], found[1::3], found[2::3], strict=True))


def _part(name: str, condition: str, sql: str) -> StatementPart:
    """A part from its name, its condition such as `transfers, promises due unless noticed_lots`, and its text."""
    lists, _, unless = condition.partition(" unless ")
    return StatementPart(
        name,
        frozenset(lists.removeprefix("not ").split(", ")),
        lists.startswith("not "),
        frozenset(unless.split(", ") if unless else ()),
        _without_comments(sql),
    )


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.strip().splitlines() if not line.startswith("--"))


@cache
def record_statement(lists: frozenset[str]) -> str:
    """The statement for decisions with rows in these lists of `Changes`. It returns a row for each member written.

    Its parameters are the members, the versions they were judged as, and the rows of each list, by the lists' names.
    Each set of lists is one prepared statement. Its text is built from the parts alone, and never from values.
    """
    return _built(lists, _WRITTEN)


@cache
def credit_statement() -> str:
    """The statement that credits a set of promises that are due. It returns a row for each promise credited."""
    return _built(frozenset({"promises due"}), _CREDITED)


def _built(lists: frozenset[str], result: str) -> str:
    used = [part for part in parts() if part.is_used(lists)]
    news = [f"select * from {part.name}" for part in used if part.name.startswith("news_of_")]  # noqa: S608
    holes = {
        "{all_news}": " union all ".join(news),
        "{news_of_member}": "(select count(*) from news n where n.member_id = held.member_id)" if news else "0",
        "{is_forgotten}": "true" if "forgotten" in lists else "false",
    }
    text = "with " + ",\n".join(part.text for part in used)
    for number, name in enumerate(sorted(name for name in lists if f"{{{name}}}" in text), 3):
        holes[f"{{{name}}}"] = f"${number}"
    for hole, filling in holes.items():
        text = text.replace(hole, filling)
    return f"{text}\n{result}"


_WRITTEN = """select
    member_id,
    case when is_told then pg_notify('mipoints_balances', member_id::text) end
from changed_balances"""
_CREDITED = """select
    p.member_id, p.promise_id, p.points, p.due_at,
    case when c.is_told then pg_notify('mipoints_balances', c.member_id::text) end
from posted p join changed_balances c using (member_id)
order by p.due_at, p.promise_id"""
