"""Rejected deliveries are counted, and rejecting stays cheap (issue 4)."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from db.webhooks.rejections import add_rejections, forget_rejections
from loyalty.webhooks.rejections import RejectionReason, Rejections
from tests.support.patience import eventually
from tests.support.processes import answering, environment, serving
from tests.support.stage import Stage, signed

BODY = json.dumps({"type": "shipment.delivered", "data": {"order_number": "ORD-1"}}).encode()


async def counts(stage: Stage) -> dict[tuple[str, str], int]:
    rows = await stage.owner.fetch(
        "select producer, reason, sum(count)::int as n from webhook_rejections group by 1, 2"
    )
    return {(row["producer"], row["reason"]): row["n"] for row in rows}


async def refused(stage: Stage, headers: dict[str, str], body: bytes = BODY, producer: str = "native") -> int:
    return (await stage.http.post(f"/webhooks/{producer}", content=body, headers=headers)).status_code


async def test_each_rejection_is_counted_by_producer_and_reason(stage: Stage):
    old = signed(BODY, "evt-1", at=int(time.time()) - 3600)
    assert await refused(stage, old) == 401
    for _ in range(3):
        assert await refused(stage, signed(BODY, "evt-1", key=b"another")) == 401
    assert await refused(stage, signed(b"{}", "evt-1"), b"{}") == 400
    assert await refused(stage, signed(BODY, "evt-1"), b"x" * (1024 * 1024 + 1)) == 413
    assert await refused(stage, {}, producer="shippo") == 401
    for unknown in ("nobody", "x" * 2000, "%00"):
        assert await refused(stage, {}, producer=unknown) == 404
    assert (await stage.http.get("/webhooks/native")).status_code == 405
    await stage.rejections.flush()
    assert await counts(stage) == {
        ("native", "STALE"): 1,
        ("native", "BAD_SIGNATURE"): 3,
        ("native", "MALFORMED"): 1,
        ("native", "TOO_LARGE"): 1,
        ("native", "METHOD_NOT_ALLOWED"): 1,
        ("shippo", "BAD_SIGNATURE"): 1,
        ("unknown", "UNKNOWN_PRODUCER"): 3,
    }
    assert await stage.owner.fetchval("select count(*) from inbox") == 0


async def test_counts_are_written_without_a_request(stage: Stage):
    await refused(stage, {})
    await eventually(lambda: stage.owner.fetchval("select exists (select from webhook_rejections)"))
    assert await counts(stage) == {("native", "BAD_SIGNATURE"): 1}


async def test_a_flood_from_unknown_producers_is_a_few_rows(stage: Stage):
    for n in range(2000):
        stage.rejections.note(f"unknown-{n}", RejectionReason.UNKNOWN_PRODUCER)
        stage.rejections.note("native", RejectionReason.BAD_SIGNATURE)
    await stage.rejections.flush()
    assert await counts(stage) == {("native", "BAD_SIGNATURE"): 2000, ("unknown", "UNKNOWN_PRODUCER"): 2000}


async def test_counts_that_cannot_be_written_now_are_written_later(stage: Stage):
    await stage.owner.execute("begin; lock table webhook_rejections in access exclusive mode")
    stage.rejections.note("native", RejectionReason.STALE)
    await stage.rejections.flush()
    await stage.owner.execute("rollback")
    stage.rejections.note("native", RejectionReason.STALE)
    await stage.rejections.flush()
    assert await counts(stage) == {("native", "STALE"): 2}


async def test_many_processes_write_at_once_and_no_count_is_lost(stage: Stage):
    async def process(number: int) -> None:
        rejections = Rejections(stage.programme.db)
        for _ in range(10):
            for reason in RejectionReason if number % 2 else reversed(RejectionReason):
                rejections.note("native", reason)
            await rejections.flush()
        await rejections.close()

    await asyncio.gather(*(process(number) for number in range(8)))
    assert set((await counts(stage)).values()) == {80}


async def test_counts_are_by_the_hour_and_stored_for_ninety_days(stage: Stage):
    await add_rejections(stage.programme.db, {("native", "STALE"): 1})
    await stage.advance(hours=1)
    await add_rejections(stage.programme.db, {("native", "STALE"): 1})
    assert await stage.owner.fetchval("select count(*) from webhook_rejections") == 2
    await stage.advance(days=89, hours=23)
    await forget_rejections(stage.programme.db)
    assert await stage.owner.fetchval("select count(*) from webhook_rejections") == 1


@pytest.mark.parametrize("producer", ["native", "nobody"])
async def test_a_server_that_is_stopped_writes_its_counts(stage: Stage, database_url: str, producer: str):
    with serving(environment(database_url)) as server:
        await answering(server)
        async with httpx.AsyncClient() as http:
            answers: list[Any] = [await http.post(f"{server.url}/webhooks/{producer}", content=BODY) for _ in range(5)]
        server.process.terminate()
        assert await asyncio.to_thread(server.process.wait, 20) == 0
    assert {answer.status_code for answer in answers} == {401 if producer == "native" else 404}
    assert list((await counts(stage)).values()) == [5]
