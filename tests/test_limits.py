"""Retention, patience and attempts stand once: the docs, the SQL and the rules hold to db/limits.py."""

import ast
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg

from db import limits
from loyalty.programme.rules.calendar import LATEST_REPORT
from loyalty.programme.rules.terms_document import MOST_LATE_HOURS

ROOT = Path(__file__).parent.parent
Row = tuple[str, str, str]


def limits_with_their_sentences() -> list[Row]:
    """Name, value and sentence of each number in db/limits.py, in its order."""
    body = ast.parse((ROOT / "db" / "limits.py").read_text("utf-8")).body
    return [
        (ast.unparse(each.targets[0]), f"{ast.literal_eval(each.value):g}", ast.literal_eval(sentence.value))
        for each, sentence in pairwise(body)
        if isinstance(each, ast.Assign) and isinstance(sentence, ast.Expr)
    ]


def test_the_table_in_the_docs_is_what_the_file_says():
    table = re.findall(
        r"^\| `(\w+)` \| (\S+) \| (.+) \|$", (ROOT / "docs" / "limits.md").read_text("utf-8"), re.MULTILINE
    )
    assert table == limits_with_their_sentences()
    assert [name for name, _, _ in table] == [name for name in vars(limits) if name.isupper()]


def test_every_limit_is_used():
    product = [
        path.read_text("utf-8")
        for package in ("api", "workers", "loyalty", "db", "mipoints")
        for path in (ROOT / package).rglob("*.*")
        if path.suffix in {".py", ".sql"} and path.name != "limits.py"
    ]
    in_a_migration = {"PARCEL_NEWS_DAYS", "LAPSE_AHEAD_HOURS", "NOTICE_AHEAD_DAYS"}
    used = {name for name, _, _ in limits_with_their_sentences() if any(is_named(name, text) for text in product)}
    assert {name for name, _, _ in limits_with_their_sentences()} - used <= in_a_migration


def is_named(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\b|:{name.lower()}\b", text) is not None


def test_no_query_has_a_limit_of_its_own():
    """Producers' health alone measures by hours and weeks; it keeps nothing and waits for nothing."""
    own = re.compile(
        r"attempts\s*(?:\+ 1\s*)?(?:<|>=)\s*\d|interval '\d+ (?:days|hours)'|secs => least\(\d|left\([\w.$]+, \d{3}\)"
    )
    found = {
        path.name: own.findall(path.read_text("utf-8"))
        for path in (ROOT / "db" / "queries").rglob("*.sql")
        if path.name != "health.sql" and own.search(path.read_text("utf-8"))
    }
    assert found == {}


async def test_the_migrated_predicates_have_the_same_numbers(owner: asyncpg.Connection):
    behind = await owner.fetchval("select pg_get_functiondef('lots_behind'::regproc)")
    parcels = await owner.fetchval("select pg_get_viewdef('orders_of_parcels'::regclass)")
    assert intervals(behind) == [timedelta(hours=limits.LAPSE_AHEAD_HOURS), timedelta(days=limits.NOTICE_AHEAD_DAYS)]
    assert intervals(parcels) == [timedelta(days=limits.PARCEL_NEWS_DAYS)]


def intervals(definition: str) -> list[timedelta]:
    """The intervals in a definition, as Postgres writes them: `'15:00:00'::interval`, `'32 days'::interval`."""
    found = re.findall(r"'(?:(\d+) days)?(?:(\d+):00:00)?'::interval", definition)
    return [timedelta(days=int(days or 0), hours=int(hours or 0)) for days, hours in found]


def test_what_a_decision_reads_back_reaches_as_far_as_terms_accept_late_news():
    """Fuel is judged by the day before, and a day in the member's zone may begin a day earlier than in UTC (R23)."""
    accepted = timedelta(hours=MOST_LATE_HOURS)
    assert accepted + timedelta(days=2) <= timedelta(days=limits.FUEL_DAYS)
    assert accepted <= LATEST_REPORT <= timedelta(days=limits.SLOTS_DAYS)
