"""Outgoing events about members' points: signed, numbered without gaps, exactly as in the ledger."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from db import clock
from db.audit import audit
from loyalty.outgoing.courier import Courier
from loyalty.outgoing.endpoints import drop_old_secrets, rotate_secret
from loyalty.outgoing.events import TYPES
from loyalty.programme.rules.calendar import first_of_month
from tests.flows.ledger.test_lapsing import to, with_lot
from tests.flows.members.test_membership import EXPORT
from tests.support.drain import send_all
from tests.support.receiver import Receiver, courier, receiving, rows
from tests.support.stage import Stage

SHARE = {"socialShare": {"productId": "p-1"}}


@pytest.fixture
async def receiver(stage: Stage) -> AsyncIterator[Receiver]:
    """An endpoint with every type of event."""
    async with receiving() as opened:
        await opened.joins(stage.programme.db)
        yield opened


@pytest.fixture
async def sending(stage: Stage) -> AsyncIterator[Courier]:
    async with courier(stage.programme.db) as opened:
        yield opened


def summary(event: dict[str, Any]) -> tuple[str, int, int | None, int]:
    data = event["data"]
    return event["type"], data["sequence"], data["previous"], data.get("points", data.get("cost"))


async def test_credited_points_are_sent_as_their_entry_of_the_history(
    stage: Stage, receiver: Receiver, sending: Courier
):
    await stage.register()
    assert await send_all(sending) == 0
    await stage.advance(minutes=5)
    assert await send_all(sending) == 1
    (event,) = receiver.events
    member = event["data"].pop("member")
    assert member == {"id": member["id"], "miId": "mi-1", "market": "ES"}
    moment = event["data"].pop("occurredAt")
    assert event == {
        "type": "points.credited",
        "timestamp": event["timestamp"],
        "data": {
            "sequence": 1,
            "previous": None,
            "kind": "SIGN_UP",
            "points": 50,
            "balanceAfter": 50,
            "entry": 2,
            "reference": None,
        },
    }
    assert moment <= event["timestamp"]
    assert await rows(stage.owner) == [("DELIVERED", 1)]


async def test_an_order_a_return_and_a_coupon_are_sent_in_the_ledgers_order(
    stage: Stage, receiver: Receiver, sending: Courier
):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 60000), ("2", 1, 5000)])
    await stage.delivered("ORD-1")
    await stage.redeem("es-5")
    await stage.returned("ORD-1", "R-1", lines=[{"line_id": "2", "quantity": 1}])
    await send_all(sending)
    credited, coupon, taken = receiver.events
    assert [summary(each) for each in (credited, coupon, taken)] == [
        ("points.credited", 1, None, 650),
        ("coupon.issued", 2, 1, 500),
        ("points.clawed_back", 3, 2, -50),
    ]
    assert (credited["data"]["reference"], taken["data"]["kind"]) == ("ORD-1", "CLAWBACK")
    assert (coupon["data"]["balanceAfter"], taken["data"]["balanceAfter"]) == (150, 100)
    row = await stage.owner.fetchrow("select code, coupon_id, reward_id from coupons")
    assert [coupon["data"][name] for name in ("code", "couponId", "rewardId")] == [row["code"], str(row[1]), row[2]]
    assert coupon["data"]["value"] == {"amountMinor": 500, "currency": "EUR"}
    assert await stage.history() == [("CLAWBACK", -50, 100), ("REDEMPTION", -500, 150), ("PURCHASE", 650, 650)]


async def test_points_that_lapse_soon_are_sent_with_their_day(stage: Stage, receiver: Receiver, sending: Courier):
    day = await with_lot(stage, 200)
    await to(stage, first_of_month(day, -1))
    await send_all(sending)
    last = receiver.events[-1]
    assert summary(last) == ("points.lapsing_soon", 3, 2, 250)
    assert last["data"]["lapsesOn"] == day.isoformat()
    await to(stage, day)
    assert await send_all(sending) == 0


async def test_exactly_the_ledgers_entries_are_sent_despite_concurrent_changes(
    stage: Stage, receiver: Receiver, sending: Courier
):
    """With many members and concurrent changes, each member's numbers have no gap and the entries are the ledger's."""
    await asyncio.gather(*(stage.register(f"mi-{n}") for n in range(8)))
    for n in range(8):
        await asyncio.gather(*(stage.earn(SHARE, f"mi-{n}") for _ in range(4)), stage.earn({"fuel": {}}, f"mi-{n}"))
        await stage.order(f"ORD-{n}", [("1", 1, 90000)], f"mi-{n}")
        await stage.delivered(f"ORD-{n}")
        await asyncio.gather(*(stage.redeem("es-5", f"mi-{n}") for _ in range(3)))
    await stage.advance(minutes=5)
    for n in range(8):
        await stage.returned(f"ORD-{n}", f"R-{n}")
    await send_all(sending)
    for n in range(8):
        mine = [each for each in receiver.events if each["data"]["member"]["miId"] == f"mi-{n}"]
        assert [each["data"]["sequence"] for each in mine] == list(range(1, len(mine) + 1))
        assert [each["data"]["previous"] for each in mine] == [None, *range(1, len(mine))]
        lines = [
            (e["data"]["kind"], e["data"]["points"], e["data"]["balanceAfter"]) for e in mine if "kind" in e["data"]
        ]
        history = reversed(await stage.history(f"mi-{n}"))
        assert lines == [line for line in history if line[0] != "REDEMPTION"]
        assert [e["type"] for e in mine].count("coupon.issued") == 1
    assert len({each.id for each in receiver.got}) == len(receiver.got) == len(receiver.events)
    assert all([check.is_sound async for check in audit(stage.owner)])


async def test_without_an_endpoint_for_a_type_nothing_is_written(stage: Stage, sending: Courier):
    await stage.register()
    await stage.advance(minutes=5)
    async with receiving() as only_coupons:
        await only_coupons.joins(stage.programme.db, "coupon.issued")
        await stage.earn(SHARE)
        await stage.advance(minutes=5)
    assert await rows(stage.owner) == []
    assert await stage.owner.fetchval("select announced from balances") == 0


async def test_each_endpoint_gets_its_types_and_can_verify_that_it_misses_none(
    stage: Stage, receiver: Receiver, sending: Courier
):
    """The numbers are the member's: an endpoint with some types sees gaps; `previous` shows that none is missing."""
    async with receiving() as coupons:
        await coupons.joins(stage.programme.db, "coupon.issued")
        await stage.register()
        await stage.order("ORD-1", [("1", 1, 150000)])
        await stage.delivered("ORD-1")
        for _ in range(2):
            await stage.redeem("es-5")
            await stage.advance(minutes=5)
        await send_all(sending)
        assert [summary(each)[1:3] for each in receiver.events] == [(1, None), (2, 1), (3, 2), (4, 3)]
        assert [summary(each)[:3] for each in coupons.events] == [("coupon.issued", 2, None), ("coupon.issued", 4, 2)]
        ids = {each.event["data"]["sequence"]: each.id for each in receiver.got}
        assert [each.id for each in coupons.got] == [ids[2], ids[4]]
        members = {each["data"]["member"]["id"] for each in receiver.events + coupons.events}
        assert len(members) == 2, "each endpoint has an id of its own for a membership"


async def test_a_new_secret_signs_beside_the_old_one_until_that_is_dropped(
    stage: Stage, receiver: Receiver, sending: Courier
):
    db = stage.programme.db
    secret = await rotate_secret(db, receiver.endpoint_id, "olga")
    await stage.register()
    await stage.advance(minutes=5)
    await send_all(sending)
    assert receiver.got[0].verified(secret) == receiver.got[0].verified(receiver.secret)
    assert await drop_old_secrets(db, receiver.endpoint_id, "olga") == 1
    await stage.earn(SHARE)
    await stage.advance(minutes=5)
    await send_all(sending)
    assert receiver.got[1].verified(secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verified(receiver.secret)
    logged = await stage.owner.fetch("select action, before::text || after::text as text from operator_log")
    assert [row["action"] for row in logged] == ["addEndpoint", "rotateEndpointSecret", "dropOldEndpointSecrets"]
    assert not any("whsec_" in (row["text"] or "") for row in logged)


async def test_nothing_is_sent_about_an_erased_person_and_the_numbers_have_no_gap(
    stage: Stage, receiver: Receiver, sending: Courier
):
    """R71: a waiting event has no Mi account id any more and is dropped; a person who joins again counts from 1."""
    await stage.register()
    await stage.advance(minutes=5)
    await send_all(sending)
    await stage.earn(SHARE)
    await stage.advance(minutes=5)
    erased = await stage.ask(
        'mutation { eraseMember(miId: "mi-1", reason: "asked", idempotencyKey: "k") { __typename } }',
        token=stage.token(scope="operator", name="olga"),
    )
    assert erased["eraseMember"]["__typename"] == "MemberChanged"
    await send_all(sending)
    assert await rows(stage.owner) == [("DELIVERED", 1), ("DROPPED", 1)]
    assert len(receiver.got) == 1
    assert await stage.owner.fetch("select * from outgoing o where o::text like '%mi-1%'") == []

    await stage.register(key="again")
    await stage.earn(SHARE)
    await stage.advance(minutes=5)
    await send_all(sending)
    before, after = (each.verified(receiver.secret)["data"] for each in receiver.got)
    assert (before["sequence"], after["sequence"]) == (1, 1)
    assert before["member"]["miId"] == after["member"]["miId"]
    assert before["member"]["id"] != after["member"]["id"]
    assert all([check.is_sound async for check in audit(stage.owner)])


async def test_the_export_has_the_sent_events_and_their_recipients(stage: Stage, receiver: Receiver, sending: Courier):
    await stage.register()
    await stage.advance(minutes=5)
    await send_all(sending)
    (entry,) = json.loads(await stage.app("mi-1", EXPORT))["told_to_others"]
    assert (entry["type"], entry["sequence"], entry["recipient"]) == ("points.credited", 1, "127.0.0.1")
    assert (entry["state"], entry["entry_seq"]) == ("DELIVERED", 2)
    assert entry["delivered_at"] is not None


@pytest.mark.spoils
@pytest.mark.parametrize("tampering", ["delete from outgoing where sequence = 1", "update balances set announced = 3"])
async def test_the_audit_finds_a_gap_in_the_sent_events(stage: Stage, receiver: Receiver, tampering: str):
    await stage.register()
    await stage.earn(SHARE)
    await stage.advance(minutes=5)
    assert all([check.is_sound async for check in audit(stage.owner)])
    await stage.owner.execute(tampering)
    unsound = [check async for check in audit(stage.owner) if not check.is_sound]
    assert [check.name for check in unsound] == ["Outgoing events are numbered without gaps"]


def shape(value: Any) -> Any:
    """Names and types of values, at every depth."""
    return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value).__name__


async def test_events_have_the_form_that_the_documentation_shows(stage: Stage, receiver: Receiver, sending: Courier):
    text = (Path(__file__).parents[3] / "docs" / "outgoing.md").read_text("utf-8")
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert [event["type"] for event in shown] == list(TYPES)
    day = await with_lot(stage, 700)
    await stage.redeem("es-5")
    await stage.order("ORD-2", [("1", 1, 5000), ("2", 1, 5000)])
    await stage.delivered("ORD-2")
    await stage.returned("ORD-2", "R-1", lines=[{"line_id": "2", "quantity": 1}])
    await to(stage, first_of_month(day, -1))
    await send_all(sending)
    sent = {event["type"]: event for event in receiver.events if event["data"].get("kind") != "SIGN_UP"}
    for event in shown:
        assert shape(sent[event["type"]]) == shape(event)
    for moment in ("at once", "5 s", "1 min", "5 min", "15 min", *(f"{h} h" for h in (1, 2, 4, 8, 16, 32, 52, 72))):
        assert moment in text


async def test_the_events_of_a_year_in_one_step_are_sent_in_the_order_in_which_they_happened(
    stage: Stage, receiver: Receiver, sending: Courier
):
    await with_lot(stage, 200)
    await clock.advance(stage.owner, 14, timedelta())
    await stage.drain()
    await send_all(sending)
    assert [event["type"] for event in receiver.events] == ["points.credited"] * 2 + ["points.lapsing_soon"]
    moments = [event["data"].get("occurredAt", "9999") for event in receiver.events]
    assert moments == sorted(moments)
