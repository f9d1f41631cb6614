"""Outgoing webhooks at once: each number is given once, each event is claimed once, and an event whose lease ran out is
sent again."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta

import asyncpg
import pytest
from starlette.requests import Request
from starlette.responses import Response

from db import clock
from db.audit import audit
from db.limits import EVENT_LEASE_SECONDS
from db.outgoing.events import AttemptResult, claim_outgoing, write_attempts
from db.pool import Database
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.members.register import register
from loyalty.outgoing.schedule import EVENT_PATIENCE
from loyalty.programme.programme import Programme
from tests.support import patience
from tests.support.drain import credit_due
from tests.support.processes import environment, running
from tests.support.receiver import Receiver, courier, receiving, rows
from tests.test_races import STOREFRONT, deliver, member_with, person, placed_order


@pytest.fixture
async def receiver(db: Database) -> AsyncIterator[Receiver]:
    async with receiving() as listener:
        await listener.joins(db)
        yield listener


async def members(programme: Programme, owner: asyncpg.Connection, count: int) -> None:
    """Registers so many members with one event each."""
    for n in range(count):
        await register(programme, STOREFRONT, person(f"mi-{n}"), f"join-{n}")
    await clock.advance(owner, 0, timedelta(minutes=5))
    await credit_due(programme.db)


async def test_events_of_one_member_at_once_are_numbered_without_gaps(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver
):
    await member_with(programme, owner, "mi-1", 5000)
    for n in range(6):
        await placed_order(programme, "mi-1", f"N-{n}", 100)
    await asyncio.gather(
        *(redeem(programme, Caller("mi-1"), "mi-1", "es-5", f"key-{n}") for n in range(12)),
        *(deliver(programme, f"N-{n}") for n in range(6)),
        return_exceptions=True,
    )
    numbers = [row[0] for row in await owner.fetch("select sequence from outgoing order by sequence")]
    assert numbers == list(range(1, len(numbers) + 1))
    coupons = await owner.fetchval("select count(*) from coupons")
    assert len(numbers) == 2 + 6 + coupons
    assert all([check.is_sound async for check in audit(owner)])


async def test_a_number_is_one_members_once_for_each_endpoint(
    owner: asyncpg.Connection, receiver: Receiver, programme: Programme
):
    await member_with(programme, owner, "mi-1", 50)
    with pytest.raises(asyncpg.UniqueViolationError, match="outgoing_pkey"):
        await owner.execute("insert into outgoing select * from outgoing")


async def test_many_senders_at_once_send_each_event_once(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver, db: Database
):
    await members(programme, owner, 40)
    async with courier(db) as one, courier(db) as two, courier(db) as three:
        for _ in range(30):
            await asyncio.gather(*(each.send_some() for each in (one, two, three)))
            await asyncio.gather(*(each.settled() for each in (one, two, three)))
    assert len(receiver.got) == len({each.id for each in receiver.got}) == 40
    assert set(await rows(owner)) == {("DELIVERED", 1)}


async def test_claims_at_once_share_the_due_events_without_overlap(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver, db: Database
):
    await members(programme, owner, 40)
    claims = await asyncio.gather(*(claim_outgoing(db, [], 3, EVENT_LEASE_SECONDS) for _ in range(12)))
    claimed = [event.event_id for events in claims for event in events]
    assert len(claimed) == len(set(claimed)) == 40
    assert await claim_outgoing(db, [], 3, EVENT_LEASE_SECONDS) == []


async def test_an_answer_that_arrives_after_another_worker_sent_again_counts_only_if_the_event_was_delivered(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver, db: Database
):
    await member_with(programme, owner, "mi-1", 50)
    (stalled,) = await claim_outgoing(db, [], 3, EVENT_LEASE_SECONDS)
    await owner.execute("update outgoing set leased_until = clock_timestamp()")
    (repeated,) = await claim_outgoing(db, [], 3, EVENT_LEASE_SECONDS)
    assert (stalled.event_id, stalled.attempts, repeated.attempts) == (repeated.event_id, 1, 2)
    failed = AttemptResult(stalled, "FAILED", 500, "The endpoint answered 500.", 5)
    await write_attempts(db, stalled.endpoint_id, [failed], EVENT_PATIENCE)
    assert await owner.fetchval("select status from outgoing") is None
    await write_attempts(db, stalled.endpoint_id, [AttemptResult(stalled, "DELIVERED", 200)], EVENT_PATIENCE)
    late = AttemptResult(repeated, "FAILED", 500, "The endpoint answered 500.", 5)
    await write_attempts(db, stalled.endpoint_id, [late], EVENT_PATIENCE)
    assert await rows(owner) == [("DELIVERED", 2)]


async def test_a_worker_killed_while_it_sends_leaves_its_events_to_another_under_the_same_ids(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver, db: Database, database_url: str
):
    release = asyncio.Event()

    async def stuck(_: Request) -> Response:
        await release.wait()
        return Response()

    receiver.reply = stuck
    await members(programme, owner, 5)
    env = environment(database_url, MIPOINTS_OUTGOING_ALLOW_PRIVATE="on")
    with ExitStack() as stack:
        killed = stack.enter_context(running("worker", env=env))
        await receiver.until_got(5)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        receiver.reply = None
        first = sorted((each.id, each.body) for each in receiver.got)
        assert set(await rows(owner)) == {("WAITING", 1)}
        await owner.execute("update outgoing set leased_until = clock_timestamp()")
        stack.enter_context(running("worker", env=env))
        await receiver.until_got(10)
        assert sorted((each.id, each.body) for each in receiver.got[5:]) == first

        async def all_are_delivered() -> bool:
            return set(await rows(owner)) == {("DELIVERED", 2)}

        await patience.eventually(all_are_delivered)
    release.set()


async def test_a_worker_that_is_stopped_finishes_its_sending(
    programme: Programme, owner: asyncpg.Connection, receiver: Receiver, database_url: str
):
    release = asyncio.Event()

    async def slow(_: Request) -> Response:
        await release.wait()
        return Response()

    receiver.reply = slow
    await member_with(programme, owner, "mi-1", 50)
    with running("worker", env=environment(database_url, MIPOINTS_OUTGOING_ALLOW_PRIVATE="on")) as worker:
        await receiver.until_got(1)
        worker.send_signal(signal.SIGTERM)
        release.set()
        await asyncio.to_thread(worker.wait, patience.PATIENCE)
    assert worker.returncode == 0
    assert await rows(owner) == [("DELIVERED", 1)]
