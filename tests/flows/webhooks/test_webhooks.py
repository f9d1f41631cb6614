"""The webhook endpoint: verifies signatures, stores before it answers, rejects hostile input (design §5)."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from db import clock
from loyalty.webhooks.producers import native
from loyalty.webhooks.producers.events import BadSignature, Sent
from mipoints.advance_clock import wait_until_done
from mipoints.problems import UserError
from tests.support.stage import NATIVE_SECRET, Stage, signed

EVENT = {
    "type": "shipment.delivered",
    "timestamp": "2026-11-03T12:00:00Z",
    "data": {"order_number": "ORD-1", "occurred_at": "2026-11-03T11:59:30Z"},
}
BODY = json.dumps(EVENT).encode()


async def stored(stage: Stage) -> list[tuple[str, str]]:
    rows = await stage.owner.fetch("select event_id, state from audit.inbox order by received_at")
    return [(row["event_id"], row["state"]) for row in rows]


async def post(stage: Stage, body: bytes, headers: dict[str, str], producer: str = "native"):
    return await stage.http.post(f"/webhooks/{producer}", content=body, headers=headers)


async def test_a_signed_event_is_stored_before_it_is_answered_and_wakes_a_worker(stage: Stage):
    answer = await post(stage, BODY, signed(BODY, "evt-1"))
    assert answer.is_success
    assert await stored(stage) == [("evt-1", "RECEIVED")]
    assert stage.woken == ["apply_deliveries"]


async def test_signatures_of_the_reference_library_verify(stage: Stage):
    now = datetime.now(UTC)
    signature = Webhook(NATIVE_SECRET).sign("evt-1", now, BODY.decode())
    headers = {
        "webhook-id": "evt-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,{base64.b64encode(b'another key signed').decode()} v1a,xyz {signature}",
    }
    assert (await post(stage, BODY, headers)).is_success


def test_the_official_vector_verifies():
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    native.verify(["whsec_" + base64.b64encode(b"an older key").decode(), secret], Sent(headers, body), at)
    with pytest.raises(BadSignature):
        native.verify([secret], Sent(headers, body + b" "), at)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,%%%not base64%%%"},
        {"webhook-signature": "v1," + "A" * 4000},
        {"webhook-signature": ""},
        {"webhook-timestamp": str(int(time.time()) - 301)},
        {"webhook-timestamp": str(int(time.time()) + 400)},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "nan"},
        {"webhook-id": ""},
        {"webhook-id": "another"},
    ],
    ids="-".join,
)
async def test_a_forged_or_stale_delivery_is_401_and_not_stored(stage: Stage, change: dict[str, str]):
    answer = await post(stage, BODY, signed(BODY, "evt-1") | change)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"]
    assert await stored(stage) == []


async def test_a_body_that_was_changed_or_signed_long_ago_is_rejected(stage: Stage):
    headers = signed(BODY, "evt-1")
    assert (await post(stage, BODY.replace(b"ORD-1", b"ORD-2"), headers)).status_code == 401
    old = signed(BODY, "evt-1", at=int(time.time()) - 3600)
    assert (await post(stage, BODY, old)).status_code == 401
    assert (await post(stage, BODY, signed(BODY, "evt-1", key=b"another key"))).status_code == 401
    assert (await post(stage, BODY, {})).status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"text"', b"1", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"type": 1}', b'{"type": ""}',
     b'{"type": "a\\u0000b"}', b'{"type": "\\ud800"}', b'{"type": "' + b"x" * 300 + b'"}'],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_a_signed_body_that_is_no_event_is_400_and_not_stored(stage: Stage, body: bytes):
    answer = await post(stage, body, signed(body, "evt-1"))
    assert answer.status_code == 400
    assert await stored(stage) == []


@pytest.mark.parametrize(
    "event",
    [
        {"type": "shipment.teleported", "data": {"order_number": "ORD-1"}},
        {"type": "shipment.delivered"},
        {"type": "shipment.delivered", "data": []},
        {"type": "shipment.delivered", "data": {}},
        {"type": "shipment.delivered", "data": {"order_number": "a\u0000b"}},
        {"type": "shipment.delivered", "data": {"order_number": "ORD-1", "occurred_at": "yesterday"}},
        {"type": "shipment.delivered", "data": {"order_number": "ORD-1", "occurred_at": "2026-11-03T11:59:30"}},
        {"type": "shipment.delivered", "data": {"order_number": "ORD-1", "lines": {"1": 1}}},
        {"type": "shipment.delivered", "data": {"order_number": "ORD-1", "lines": [{"line_id": "1", "quantity": -1}]}},
        {
            "type": "shipment.delivered",
            "data": {"order_number": "ORD-1", "lines": [{"line_id": "1", "quantity": True}]},
        },
        {"type": "shipment.delivered", "data": {"order_number": "ORD-1", "occurred_at": "0001-01-01T00:00:00+14:00"}},
        {
            "type": "return.received",
            "data": {"order_number": "ORD-1", "return_id": "R", "refund": {"amount_minor": -1}},
        },
        {
            "type": "return.received",
            "data": {"order_number": "ORD-1", "return_id": "R", "refund": {"amount_minor": 1e99}},
        },
    ],
    ids=str,
)
async def test_an_event_of_an_unknown_form_is_stored_and_ignored_with_a_reason(stage: Stage, event: dict):
    body = json.dumps(event).encode()
    assert (await post(stage, body, signed(body, "evt-1"))).is_success
    await stage.drain()
    row = await stage.owner.fetchrow("select state, error from audit.inbox")
    assert row["state"] == "IGNORED"
    assert row["error"]


async def test_a_date_in_the_future_does_not_outrank_what_happens_next(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)], parcels={"T1": {"1": 1}})
    await stage.send_event("shipment.lost", "ORD-1", tracking_number="T1", occurred_at="2099-01-01T00:00:00Z")
    assert (await stage.balance())[1] == 50
    await stage.advance(minutes=1)
    now = (await stage.now()).isoformat()
    await stage.send_event("shipment.delivered", "ORD-1", tracking_number="T1", occurred_at=now)
    assert (await stage.balance())[0] == 100


async def test_another_body_under_a_known_id_is_stored_as_an_event_of_its_own(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    other = json.dumps(EVENT | {"type": "return.received", "data": EVENT["data"] | {"return_id": "R1"}}).encode()
    for body in (BODY, other, other):
        assert (await post(stage, body, signed(body, "evt-1"))).is_success
    await stage.drain()
    assert [state for _, state in await stored(stage)] == ["APPLIED", "APPLIED"]
    assert (await stage.balance())[0] == 0


async def test_a_delivery_that_this_worker_cannot_read_delays_no_other(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.owner.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at) "
        "values ('of a later release', 'x', 'y', '', '{}', programme_now() - interval '1 hour')"
    )
    assert (await post(stage, BODY, signed(BODY, "evt-1"))).is_success
    await stage.drain()
    assert (await stage.balance())[0] == 100
    row = await stage.owner.fetchrow("select state, attempts from inbox where event_id = 'x'")
    assert (row["state"], row["attempts"]) == ("RECEIVED", 1)


async def test_the_limit_holds_for_bodies_with_and_without_a_length(stage: Stage):
    big = b'{"type":"' + b"x" * (1024 * 1024) + b'"}'
    assert (await post(stage, big, signed(big, "evt-1"))).status_code == 413

    async def pieces():
        for _ in range(17):
            yield b"x" * 65536

    answer = await stage.http.post("/webhooks/native", content=pieces(), headers=signed(big, "evt-1"))
    assert answer.status_code == 413
    assert await stored(stage) == []


async def test_unknown_producers_are_404_and_other_methods_405(stage: Stage):
    assert (await post(stage, BODY, signed(BODY, "evt-1"), "nobody")).status_code == 404
    assert (await stage.http.get("/webhooks/native")).status_code == 405
    assert (await stage.http.put("/webhooks/native", content=BODY)).status_code == 405


async def test_a_repeat_is_a_success_and_changes_nothing_even_after_it_was_applied(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    for _ in range(3):
        assert (await post(stage, BODY, signed(BODY, "evt-1"))).is_success
        await stage.drain()
    assert await stored(stage) == [("evt-1", "APPLIED")]
    assert (await stage.balance())[0] == 100


async def test_without_a_database_a_delivery_is_503_in_time_and_not_acknowledged(stage: Stage):
    await stage.owner.execute("begin; lock table inbox in access exclusive mode")
    answer = await post(stage, BODY, signed(BODY, "evt-1"))  # the lock is held until after it
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    await stage.owner.execute("rollback")
    assert (await post(stage, BODY, signed(BODY, "evt-2"))).is_success


async def test_a_delivery_that_rests_between_attempts_is_not_due_until_the_clock_moves(stage: Stage):
    """Retries go by the programme's clock, and `clock advance --wait` does not wait for them."""
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 1000)])
    lines = [{"line_id": "no such line", "quantity": 1}]
    await stage.delivered("ORD-1", lines=lines)
    assert await stage.owner.fetchval("select attempts from inbox") == 1
    await stage.advance(minutes=6)
    attempts = await stage.owner.fetchval("select attempts from inbox")
    assert attempts == 2
    await wait_until_done(stage.programme.db, stalled_after=0)
    await clock.advance(stage.owner, 0, timedelta(hours=1))
    assert await clock.work_due(stage.programme.db) == 1
    with pytest.raises(UserError, match="is a worker running"):
        await wait_until_done(stage.programme.db, stalled_after=0)
