"""Notices are sent after they were written, at least once, and marked as sent (R50)."""

from datetime import timedelta

import asyncpg
import pytest

from db import clock
from db.ledger.notices import UnsentNotice
from db.pool import Database
from loyalty.callers import Caller
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.ledger.send_notices import LogNotifier
from loyalty.programme.programme import Programme
from tests.flows.ledger.test_lapsing import with_lot
from tests.support.drain import lapse_due, send_notices
from tests.support.patience import eventually
from tests.support.processes import environment, running
from tests.support.stage import Stage
from tests.test_races import member_with
from workers.sweeper import Sweeper

NOTICES = "{ me { notices { nodes { kind points lapsesOn message sentAt } } } }"


class FailingNotifier:
    """Fails to send notices until `is_broken` is False."""

    def __init__(self) -> None:
        self.is_broken = True
        self.sent: list[str] = []

    async def send(self, notice: UnsentNotice) -> None:
        if self.is_broken:
            raise ConnectionError("The mail server is away.")
        self.sent.append(f"{notice.kind} {notice.points} {notice.mi_id} {notice.market}")


@pytest.fixture
async def with_notices(programme: Programme, owner: asyncpg.Connection) -> Programme:
    """One member with two unsent notices."""
    await member_with(programme, owner, "mi-1", 50)
    await clock.advance(owner, 14, timedelta())
    await lapse_due(programme.db)
    return programme


async def test_a_member_reads_its_notices_and_when_they_went_out(stage: Stage):
    day = await with_lot(stage, 200)
    await clock.advance(stage.owner, 14, timedelta())
    await stage.drain()
    nodes = (await stage.app("mi-1", NOTICES))["notices"]["nodes"]
    assert [(each["kind"], each["points"], each["lapsesOn"]) for each in nodes] == [
        ("POINTS_LAPSED", 250, day.isoformat()),
        ("POINTS_LAPSING", 250, day.isoformat()),
    ]
    assert all(each["sentAt"] and each["message"] for each in nodes)


async def test_a_notice_that_cannot_be_sent_waits_and_is_sent_later(
    with_notices: Programme, db: Database, owner: asyncpg.Connection
):
    notifier = FailingNotifier()
    assert await send_notices(db, notifier) == 0
    rows = await owner.fetch("select attempts, error, sent_at, not_before > programme_now() from notices")
    assert {tuple(row) for row in rows} == {(1, "The mail server is away.", None, True)}
    notifier.is_broken = False
    assert await send_notices(db, notifier) == 0
    await owner.execute("update notices set not_before = null")
    assert await send_notices(db, notifier) == 2
    assert sorted(notifier.sent) == ["POINTS_LAPSED 50 mi-1 ES", "POINTS_LAPSING 50 mi-1 ES"]
    assert await send_notices(db, notifier) == 0


async def test_after_ten_failures_a_notice_waits_for_an_operator(
    with_notices: Programme, db: Database, owner: asyncpg.Connection
):
    for _ in range(10):
        await send_notices(db, FailingNotifier())
        await owner.execute("update notices set not_before = null")
    notifier = FailingNotifier()
    notifier.is_broken = False
    assert await send_notices(db, notifier) == 0
    assert await clock.work_due(db) == 0


async def test_a_worker_that_dies_after_sending_sends_again_when_its_lease_is_over(
    with_notices: Programme, db: Database, owner: asyncpg.Connection
):
    """At least once: a notice that was sent and not marked is sent again."""
    notifier = FailingNotifier()
    notifier.is_broken = False
    await send_notices(db, notifier)
    await owner.execute("update notices set sent_at = null, not_before = clock_timestamp() - interval '1 second'")
    await send_notices(db, notifier)
    assert len(notifier.sent) == 4


async def test_an_erased_person_gets_no_notice(with_notices: Programme, db: Database, owner: asyncpg.Connection):
    await owner.execute("delete from mi_accounts")
    notifier = FailingNotifier()
    notifier.is_broken = False
    assert await send_notices(db, notifier) == 0
    assert notifier.sent == []
    assert await clock.work_due(db) == 0


async def test_two_workers_do_three_years_in_order_and_once(
    database_url: str, programme: Programme, owner: asyncpg.Connection
):
    """Crediting and lapsing are separate loops in two processes, and each history is in order (R30, R50)."""
    for n in range(10):
        await member_with(programme, owner, f"mi-{n}", 300)
        await earn(programme, Caller(f"mi-{n}"), Activity("FUEL"), None, "fuel")
    env = environment(database_url)
    with running("worker", env=env), running("worker", env=env):
        await clock.advance(owner, 36, timedelta())

        async def nothing_is_due() -> bool:
            return not await clock.work_due(programme.db)

        await eventually(nothing_is_due)
    assert await owner.fetchval("select sum(amount) from transfers where kind = 'LAPSE'") == 10 * 302
    assert await owner.fetchval("select count(*) from notices where sent_at is null") == 0
    moments = await owner.fetch(
        "select array_agg(occurred_at order by seq) as moments from transfers "
        "where debit <> 'issuance' group by member_id"
    )
    assert all(row["moments"] == sorted(row["moments"]) for row in moments)


async def test_the_sweeper_lapses_and_sends(programme: Programme, owner: asyncpg.Connection):
    await member_with(programme, owner, "mi-1", 50)
    await clock.advance(owner, 14, timedelta())
    assert await clock.work_due(programme.db) == 1
    sweeper = Sweeper(programme, 0.1, notifier=LogNotifier(), reconcile_after=timedelta(days=10))
    assert await sweeper.lapse() == 1
    assert await sweeper.lapse() == 0
    assert await clock.work_due(programme.db) == 2
    assert await sweeper.notify() == 2
    assert await clock.work_due(programme.db) == 0
