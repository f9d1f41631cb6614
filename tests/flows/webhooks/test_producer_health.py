"""`GET /producers`: the health of each producer, for operators and auditors (issue 4)."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.webhooks.health import Gap, gaps_of
from tests.support.patience import PATIENCE
from tests.support.stage import WEBHOOK_SECRETS, Stage

HOUR = timedelta(hours=1)


async def get(stage: Stage, path: str = "/producers", *, token: str | None = None, status: int = 200) -> Any:
    bearer = token if token is not None else stage.token(scope="operator")
    answer = await stage.http.get(path, headers={"authorization": f"Bearer {bearer}"} if bearer else {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def native(stage: Stage) -> dict[str, Any]:
    return dict(await get(stage, "/producers/native"))


async def keep(stage: Stage, at: str, state: str = "APPLIED", error: str | None = None, **more: Any) -> None:
    """A delivery of the past; `at` is SQL."""
    await stage.owner.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at, state, error, attempts, applied_at) "
        f"values ('native', gen_random_uuid()::text, 't', '', '{{}}', {at}, $1, $2, $3, "
        f"case when $1 = 'APPLIED' then {at} + make_interval(secs => $4) end)",
        state,
        error,
        more.get("attempts", 0),
        more.get("seconds", 1.0),
    )


async def test_every_producer_is_listed_and_no_secret(stage: Stage):
    answer = await stage.http.get("/producers", headers={"authorization": f"Bearer {stage.token(scope='auditor')}"})
    document = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    by_name = {each["producer"]: each for each in document["producers"]}
    assert set(by_name) >= set(WEBHOOK_SECRETS)
    assert {name: by_name[name]["active_secrets"] for name in ("native", "shippo")} == {"native": 1, "shippo": 2}
    assert not any(secret in answer.text for secrets in WEBHOOK_SECRETS.values() for secret in secrets)
    assert by_name["native"] == await native(stage)
    assert by_name["native"] | {"deliveries_last_day": {}} == {
        "producer": "native", "known": True, "active_secrets": 1, "last_seen": None, "last_applied": None,
        "deliveries": {"received": 0, "parked": 0, "dead": 0}, "deliveries_last_day": {},
        "lag_seconds": {"oldest_unapplied": None, "median_last_day": None, "p95_last_day": None},
        "failures": [], "ignored_last_day": [], "rejected_last_week": [], "gaps": [],
    }  # fmt: skip


async def test_unauthorized_clients_get_an_error_in_json(stage: Stage):
    await stage.register()
    for token, status, code in (
        ("", 401, "UNAUTHENTICATED"),
        ("nonsense", 401, "UNAUTHENTICATED"),
        (stage.token("mi-1"), 403, "FORBIDDEN"),
        (stage.token(scope="storefront"), 403, "FORBIDDEN"),
    ):
        for path in ("/producers", "/producers/native", "/producers/nobody"):
            assert (await get(stage, path, token=token, status=status))["error"]["code"] == code
    for name in ("nobody", "%00", "x" * 1000):
        assert (await get(stage, f"/producers/{name}", status=404))["error"]["code"] == "UNKNOWN_PRODUCER"
    assert (await stage.http.post("/producers")).status_code == 405


async def test_deliveries_and_their_results_are_reported(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.delivered("ORD-1")
    await stage.delivered("ORD-unknown")
    await stage.send_event("shipment.teleported", "ORD-1")
    await stage.send_event("return.received", "ORD-1", return_id="R1", lines=[{"line_id": "9", "quantity": 1}])
    now = await native(stage)
    assert now["deliveries"] == {"received": 1, "parked": 1, "dead": 0}
    assert now["deliveries_last_day"] == {"received": 1, "applied": 1, "parked": 1, "ignored": 1, "dead": 0}
    [failure] = now["failures"]
    assert (failure["state"], failure["count"]) == ("RETRYING", 1)
    assert failure["reason"]
    assert [each["reason"] for each in now["ignored_last_day"]] == ["Unknown type shipment.teleported."]
    assert now["last_seen"] >= now["last_applied"]
    assert 0 <= now["lag_seconds"]["median_last_day"] <= now["lag_seconds"]["p95_last_day"] < 60
    assert 0 < now["lag_seconds"]["oldest_unapplied"] < 60


async def test_the_lag_covers_the_last_day_and_the_oldest_still_waits(stage: Stage):
    for seconds in (1.0, 2.0, 3.0, 100.0):
        await keep(stage, "programme_now() - interval '1 hour'", seconds=seconds)
    await keep(stage, "programme_now() - interval '25 hours'", seconds=80_000)
    await keep(stage, "programme_now() - interval '10 minutes'", "RECEIVED")
    lag = (await native(stage))["lag_seconds"]
    assert lag["median_last_day"] == pytest.approx(2.5)
    assert lag["p95_last_day"] == pytest.approx(85.45)
    assert lag["oldest_unapplied"] == pytest.approx(600, abs=30)


async def test_failures_are_grouped_by_reason_the_most_frequent_ten_first(stage: Stage):
    for n in range(12):
        for _ in range(n + 1):
            await keep(stage, "programme_now()", "DEAD", f"reason {n}", attempts=10)
    await keep(stage, "programme_now()", "RECEIVED", "busy", attempts=1)
    failures = (await native(stage))["failures"]
    assert [(each["reason"], each["count"]) for each in failures if each["state"] == "DEAD"] == [
        (f"reason {n}", n + 1) for n in range(11, 1, -1)
    ]
    assert [each["reason"] for each in failures if each["state"] == "RETRYING"] == ["busy"]


async def test_rejections_are_reported_for_a_week(stage: Stage):
    for _ in range(3):
        await stage.http.post("/webhooks/native", content=b"{}")
    await stage.http.post("/webhooks/nobody", content=b"{}")
    await stage.rejections.flush()
    [rejected] = (await native(stage))["rejected_last_week"]
    assert (rejected["reason"], rejected["count"]) == ("BAD_SIGNATURE", 3)
    assert [each["reason"] for each in (await get(stage))["strangers_last_week"]] == ["UNKNOWN_PRODUCER"]
    await stage.advance(days=8)
    assert (await native(stage))["rejected_last_week"] == []


async def test_a_gap_is_an_hour_in_which_deliveries_usually_come(stage: Stage):
    """Hours ago with deliveries in earlier weeks: 3 in four, 4 and 5 in three, 8 in two; 10 in four and today."""
    top = "date_trunc('hour', programme_now(), 'UTC')"
    for hours, weeks in {3: (1, 2, 3, 4), 4: (1, 3, 4), 5: (1, 2, 4), 8: (1, 4), 10: (0, 1, 2, 3, 4)}.items():
        for week in weeks:
            await keep(stage, f"{top} - interval '{hours + week * 168} hours' + interval '59 minutes'")
    gaps = [gap for gap in (await native(stage))["gaps"] if gap["hours"]]
    now = await stage.now()
    start = now.replace(minute=0, second=0, microsecond=0)
    assert [(datetime.fromisoformat(gap["from"]), gap["hours"]) for gap in gaps] == [(start - 5 * HOUR, 3)]
    assert datetime.fromisoformat(gaps[0]["until"]) == start - 2 * HOUR


def test_successive_hours_become_one_gap():
    start = datetime.fromisoformat("2026-11-03T12:00:00Z")
    assert gaps_of([]) == []
    assert gaps_of([start, start + HOUR, start + 3 * HOUR]) == [
        Gap(start, start + 2 * HOUR),
        Gap(start + 3 * HOUR, start + 4 * HOUR),
    ]


async def test_deliveries_of_an_unknown_producer_of_another_release_are_shown_too(stage: Stage):
    await keep(stage, "programme_now()")
    await stage.owner.execute("update inbox set producer = 'a later one'")
    later = await get(stage, "/producers/a later one")
    assert (later["known"], later["active_secrets"], later["deliveries_last_day"]["applied"]) == (False, 0, 1)
    assert "a later one" in [each["producer"] for each in (await get(stage))["producers"]]


async def test_metrics_have_the_waiting_deliveries(stage: Stage):
    for state in ("RECEIVED", "PARKED", "PARKED", "DEAD", "APPLIED"):
        await keep(stage, "programme_now() - interval '1 minute'", state)
    counted = (await stage.http.get("/metrics")).text
    for state, number in (("received", 1), ("parked", 2), ("dead", 1)):
        assert f'mipoints_inbox_deliveries{{producer="native",state="{state}"}} {number}.0' in counted
    (oldest,) = re.findall(r'mipoints_inbox_oldest_unapplied_seconds{producer="native"} ([0-9.]+)', counted)
    assert 60 <= float(oldest) < 60 + PATIENCE


async def test_without_a_database_the_answer_is_503_in_time(stage: Stage):
    await stage.owner.execute("begin; lock table inbox in access exclusive mode")
    answer = await get(stage, status=503)
    assert answer["error"]["code"] == "UNAVAILABLE"
    assert (await stage.http.get("/metrics")).status_code == 200
    await stage.owner.execute("rollback")
