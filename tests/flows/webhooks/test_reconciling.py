"""Lost webhooks are found: parcels without recent news, and deliveries that others report (design §5)."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from loyalty.settings import SettingsError, read_settings
from loyalty.webhooks.ask_producers import ORDERS_AT_ONCE, Key, ask_about_silent_parcels
from loyalty.webhooks.producers import ASKABLE
from loyalty.webhooks.reconcile import silent_parcels
from tests.cli.commands import mipoints
from tests.support.processes import environment
from tests.support.served import served
from tests.support.stage import Stage, signed

TEN_DAYS = timedelta(days=10)


async def report(stage: Stage, delivered: Any, token: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token or stage.token(scope='storefront', name='shop')}"}
    return await stage.http.post("/reconciliation", json={"delivered": delivered}, headers=headers)


async def with_orders(stage: Stage) -> None:
    """Order A with parcel T1, which was delivered, and T2, which was not; order B without parcels."""
    await stage.register()
    await stage.order("A", [("1", 1, 10000), ("2", 1, 5000)], parcels={"T1": {"1": 1}, "T2": {"2": 1}})
    await stage.order("B", [("1", 1, 2000)])
    await stage.delivered("A", "T1")


async def test_missing_deliveries_are_listed_stored_and_credited_and_only_once(stage: Stage):
    await with_orders(stage)
    reports = [
        {"order_number": "A", "tracking_number": "T1"},
        {"tracking_number": "T2", "occurred_at": "2026-11-03T12:00:00Z"},
        {"order_number": "B"},
        {"order_number": "not recorded yet"},
    ]
    answer = (await report(stage, reports)).json()
    missing = [(each["order_number"], each["tracking_number"], each["order_known"]) for each in answer["missing"]]
    assert missing == [(None, "T2", True), ("B", None, True), ("not recorded yet", None, False)]
    assert answer["told"] == 4
    await stage.drain()
    assert (await stage.balance())[0] == 170
    again = (await report(stage, reports)).json()
    assert again["missing"] == []
    await stage.drain()
    assert (await stage.balance())[0] == 170


async def test_the_reporter_is_stored_with_a_reported_delivery(stage: Stage):
    await report(stage, [{"order_number": "A"}])
    body = b'{"delivered": [{"order_number": "B"}]}'
    await stage.http.post("/reconciliation/native", content=body, headers=signed(body, "r-1"))
    rows = await stage.owner.fetch("select headers ->> 'reported-by' as name from inbox order by received_at")
    assert [row["name"] for row in rows] == ["shop", "native"]


async def test_an_order_recorded_after_its_delivery_was_reported_is_credited(stage: Stage):
    await stage.register()
    await report(stage, [{"order_number": "later"}])
    await stage.drain()
    await stage.order("later", [("1", 1, 3000)])
    await stage.drain()
    assert (await stage.balance())[0] == 30


async def test_a_producer_reports_with_its_webhooks_signature(stage: Stage):
    await with_orders(stage)
    body = json.dumps({"delivered": [{"tracking_number": "T2"}]}).encode()
    answer = await stage.http.post("/reconciliation/native", content=body, headers=signed(body, "r-1"))
    assert len(answer.json()["missing"]) == 1
    forged = await stage.http.post("/reconciliation/native", content=body, headers=signed(body, "r-1", key=b"other"))
    assert forged.status_code == 401
    assert (await stage.http.post("/reconciliation/nobody", content=body)).status_code == 404


@pytest.mark.parametrize(
    "delivered",
    [
        None,
        {},
        [1],
        [{}],
        [{"order_number": ""}],
        [{"order_number": "a\u0000b"}],
        [{"order_number": "A", "occurred_at": "yesterday"}],
        [{"order_number": "A", "occurred_at": "2026-11-03T12:00:00"}],
        [{"order_number": "A", "points": 5}],
        [{"order_number": str(n)} for n in range(1001)],
    ],
    ids=lambda delivered: str(delivered)[:40],
)
async def test_a_report_that_cannot_be_read_is_400_and_nothing_is_stored(stage: Stage, delivered: Any):
    answer = await report(stage, delivered)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_INPUT"
    assert await stage.owner.fetchval("select count(*) from inbox") == 0


async def test_only_the_storefront_and_operators_report(stage: Stage):
    reports = [{"order_number": "A"}]
    assert (await report(stage, reports, stage.token("mi-1"))).status_code == 403
    assert (await report(stage, reports, stage.token(scope="auditor", name="a"))).status_code == 403
    assert (await report(stage, reports, "nonsense")).status_code == 401
    assert (await stage.http.post("/reconciliation", json={"delivered": reports})).status_code == 401
    assert (await stage.http.get("/reconciliation")).status_code == 405
    assert (await report(stage, reports, stage.token(scope="operator", name="o"))).status_code == 200


async def test_parcels_without_an_end_and_without_news_are_found(stage: Stage):
    await with_orders(stage)
    assert await silent_parcels(stage.programme.db, TEN_DAYS) == []
    await stage.advance(days=9)
    await stage.send_event("shipment.in_transit", "B", tracking_number="T9")
    await stage.advance(days=2)
    found = await silent_parcels(stage.programme.db, TEN_DAYS)
    assert [(each.order_number, each.tracking_number) for each in found] == [("A", "T2")]
    await stage.advance(days=10)
    found = await silent_parcels(stage.programme.db, TEN_DAYS)
    assert [(each.order_number, each.tracking_number) for each in found] == [("A", "T2"), ("B", "T9")]
    await stage.delivered("A", "T2")
    assert len(await silent_parcels(stage.programme.db, TEN_DAYS)) == 1


async def test_the_command_shows_silent_parcels_and_stores_missing_deliveries(stage: Stage, tmp_path: Path):
    await with_orders(stage)
    await stage.advance(days=11)
    env = environment(stage.settings.database_url)
    shown = await mipoints("reconcile", env=env)
    assert "parcel T2" in shown.stdout.decode()
    file = tmp_path / "yesterday.json"
    file.write_text(json.dumps({"delivered": [{"order_number": "A", "tracking_number": "T2"}]}))
    reconciled = await mipoints("reconcile", "--delivered", str(file), env=env)
    assert "missing, now kept: A T2" in reconciled.stdout.decode()
    await stage.drain()
    assert "T2" not in (await mipoints("reconcile", env=env)).stdout.decode()
    without_keys = await mipoints("reconcile", "--ask", env=env)
    assert without_keys.returncode == 1
    assert "MIPOINTS_PRODUCER_KEYS" in without_keys.stderr.decode()


class Carrier:
    """A producer's API: answers each path as `answers` has it, and stores paths and keys of all requests."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.requests: list[tuple[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.requests.append((path, request.headers.get("authorization") or request.headers.get("as-api-key") or ""))
        status, body = self.answers.get(path, (404, b"{}"))
        await Response(body, status)(scope, receive, send)


@pytest_asyncio.fixture
async def carrier() -> AsyncIterator[tuple[Carrier, str]]:
    api = Carrier()
    async with served(api) as url:
        yield api, url


DELIVERED = "2026-11-03T12:00:00Z"
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "easypost": (
        "/v2/trackers?tracking_code=T2",
        {
            "trackers": [
                {
                    "id": "trk_1",
                    "tracking_code": "T2",
                    "mode": "production",
                    "status": "delivered",
                    "carrier": "DHL",
                    "weight": 17.5,
                    "tracking_details": [{"status": "delivered", "datetime": DELIVERED}],
                }
            ],
            "has_more": False,
        },
    ),
    "aftership": (
        "/tracking/2026-07/trackings?tracking_numbers=T2",
        {
            "data": {
                "trackings": [{"tracking_number": "T2", "slug": "dhl", "tag": "Delivered", "updated_at": DELIVERED}]
            }
        },
    ),
    "shippo": (
        "/tracks/dhl/T2",
        {
            "carrier": "dhl",
            "tracking_number": "T2",
            "tracking_status": {"status": "DELIVERED", "object_id": "o-1", "status_date": DELIVERED},
        },
    ),
    "sendcloud": (
        "/api/v2/parcels?tracking_number=T2",
        {"parcels": [{"id": 7, "tracking_number": "T2", "status": {"id": 11, "message": "Delivered"}}]},
    ),
}


async def with_a_silent_parcel(stage: Stage) -> None:
    await stage.register()
    parcels = {"T1": {"1": 1}, "T2": {"2": 1}}
    await stage.order("A", [("1", 1, 10000), ("2", 1, 5000)], parcels=parcels, carrier="DHL")
    await stage.delivered("A", "T1")
    await stage.advance(days=11)


@pytest.mark.parametrize("producer", ANSWERS)
async def test_a_producers_answer_has_the_effect_of_the_missing_webhook(
    stage: Stage, carrier: tuple[Carrier, str], producer: str
):
    api, url = carrier
    path, answer = ANSWERS[producer]
    api.answers[path] = (200, json.dumps(answer).encode())
    await with_a_silent_parcel(stage)
    before = (await stage.balance())[0]
    keys = {producer: Key("a key", url)}
    assert await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS) == 1
    await stage.drain()
    assert (await stage.balance())[0] == before + 50
    assert api.requests[0][0] == path
    assert api.requests[0][1]
    assert await silent_parcels(stage.programme.db, TEN_DAYS) == []


async def test_a_producer_is_asked_about_a_parcel_once_in_twelve_hours(stage: Stage, carrier: tuple[Carrier, str]):
    api, url = carrier
    await with_a_silent_parcel(stage)
    keys = {"easypost": Key("a key", url)}
    for _ in range(3):
        assert await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS) == 0
    assert len(api.requests) == 1
    await stage.advance(hours=12)
    await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS)
    assert len(api.requests) == 2


async def test_every_silent_parcel_has_its_turn(stage: Stage, carrier: tuple[Carrier, str]):
    """Those asked about come after the others, and an order without a parcel to ask about keeps none from its turn."""
    api, url = carrier
    await stage.register()
    for n in range(ORDERS_AT_ONCE):
        await stage.order(f"N-{n}", [("1", 1, 1000)])
    for n in range(ORDERS_AT_ONCE + 2):
        await stage.order(f"A-{n}", [("1", 1, 1000)], parcels={f"T-{n}": {"1": 1}})
    await stage.advance(days=11)
    keys = {"easypost": Key("a key", url)}
    for _ in range(4):
        await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS)
    asked = [path for path, _ in api.requests]
    assert len(asked) == len(set(asked)) == ORDERS_AT_ONCE + 2
    await stage.advance(hours=12)
    await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS)
    await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS)
    assert len(api.requests) > ORDERS_AT_ONCE + 2


@pytest.mark.parametrize(
    "answer",
    [(500, b"{}"), (302, b""), (200, b"not json"), (200, b"[]"), (200, b'{"trackers": 5}'), (200, b" " * 2_000_000)],
    ids=lambda answer: f"{answer[0]} {answer[1][:20]!r}",
)
async def test_an_invalid_answer_changes_nothing(stage: Stage, carrier: tuple[Carrier, str], answer: tuple[int, bytes]):
    api, url = carrier
    api.answers[ANSWERS["easypost"][0]] = answer
    await with_a_silent_parcel(stage)
    before = await stage.balance()
    await ask_about_silent_parcels(stage.programme.db, {"easypost": Key("k", url)}, TEN_DAYS)
    await stage.drain()
    assert await stage.balance() == before
    assert await stage.owner.fetchval("select count(*) from inbox where type = 'asked'") == 0


async def test_an_unreachable_producer_is_no_answer(stage: Stage):
    await with_a_silent_parcel(stage)
    keys = {"shippo": Key("k", "http://127.0.0.1:9")}
    assert await ask_about_silent_parcels(stage.programme.db, keys, TEN_DAYS) == 0


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ('{"pigeon": "k"}', "pigeon"),
        ('{"easypost": 5}', "PRODUCER_KEYS"),
        ("nonsense", "PRODUCER_KEYS"),
        ('{"easypost": {"key": "k", "url": "http://elsewhere"}}', "sandbox"),
    ],
)
def test_an_invalid_key_stops_the_start_and_other_hosts_are_for_sandboxes(keys: str, word: str):
    with pytest.raises(SettingsError, match=word):
        read_settings({"DATABASE_URL": "postgresql://h/d", "MIPOINTS_PRODUCER_KEYS": keys}, askable=ASKABLE)
