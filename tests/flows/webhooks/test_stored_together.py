"""Deliveries that arrive at the same time are stored by one statement, each as it would be stored alone."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

from loyalty.webhooks.producers.events import Sent
from loyalty.webhooks.producers.native import sign
from loyalty.webhooks.store import store_delivery
from tests.support.stage import Stage

SECRET = "whsec_c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2g="


def sent(event_id: str, number: int) -> Sent:
    """A signed delivery whose body names a parcel."""
    data = {"order_number": "ORD-1", "tracking_number": f"T-{number}"}
    body = json.dumps({"type": "shipment.in_transit", "data": data}).encode()
    return Sent(sign(SECRET, body, event_id, datetime.now(UTC)), body, {})


async def test_each_event_is_stored_once_and_another_body_under_its_id_is_an_event_of_its_own(stage: Stage):
    """Forty events of two bodies, each sent three times."""
    deliveries = [(f"event-{n % 40}", n // 40 % 2) for n in range(240)]
    stored = await asyncio.gather(
        *(
            store_delivery(stage.programme.db, "native", [SECRET], sent(event_id, number))
            for event_id, number in deliveries
        )
    )
    assert Counter(each.is_new for each in stored) == {True: 80, False: 160}
    rows = await stage.owner.fetch("select event_id, body from inbox")
    bodies = Counter(
        (row["event_id"].partition("#")[0], json.loads(row["body"])["data"]["tracking_number"]) for row in rows
    )
    assert bodies == {(f"event-{n}", f"T-{number}"): 1 for n in range(40) for number in (0, 1)}


async def test_one_delivery_that_cannot_be_stored_takes_nothing_from_the_others(stage: Stage):
    db = stage.programme.db
    await stage.owner.execute("alter table inbox add constraint odd check (event_id <> 'odd')")
    try:
        results = await asyncio.gather(
            *(store_delivery(db, "native", [SECRET], sent("odd" if n == 7 else f"event-{n}", 0)) for n in range(20)),
            return_exceptions=True,
        )
    finally:
        await stage.owner.execute("alter table inbox drop constraint odd")
    assert [n for n, each in enumerate(results) if isinstance(each, Exception)] == [7]
    assert await stage.owner.fetchval("select count(*) from inbox") == 19
