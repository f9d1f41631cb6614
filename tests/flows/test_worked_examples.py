"""Worked examples 3, 8, 9 and 10 through HTTP; the others are in test_orders, test_earning and tests/rules."""

from datetime import UTC, datetime

import pytest

from db import clock
from tests.flows.programme.test_campaigns import create
from tests.support.stage import Stage


async def moved_to(stage: Stage, moment: str) -> None:
    """Sets the programme's clock to a past moment, as MIPOINTS_CLOCK_START does."""
    await clock.start_at(stage.owner, datetime.fromisoformat(moment).astimezone(UTC))


async def test_example_3_double_points_on_some_goods_and_no_shipping(stage: Stage):
    """R13, R21, R32: 45 and 30 on top; the double line returned takes 64 back."""
    await stage.register()
    await stage.advance(minutes=5)
    await create(stage, productIds=["p-double"])
    ordered = await stage.order("ORD-1", [("double", 1, 3_000), ("other", 1, 1_000)], shippingMinor=499)
    assert ordered["verdict"]["points"] == 75
    assert ordered["verdict"]["pendingPoints"]["points"] == 45
    await stage.delivered("ORD-1")
    assert await stage.balance() == (50 + 75, 0, 0)
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "double", "quantity": 1}])
    assert (await stage.history())[0] == ("CLAWBACK", -64, 61)
    assert await stage.balance() == (50 + 11, 0, 0)


async def test_example_8_fuel_on_two_devices_around_madrids_midnight(stage: Stage):
    """R17, R20: two days, two claims; the same two one minute past are both of the second day."""
    await moved_to(stage, "2026-11-23T00:02:00+01:00")
    await stage.register(registeredAt="2026-11-01T12:00:00+01:00")

    async def tap(device: str, at: str) -> tuple[str, str]:
        verdict = (await stage.earn({"fuel": {"deviceId": device}}, at=at))["verdict"]
        return verdict["outcome"], verdict["code"]

    assert await tap("one", "2026-11-22T23:59:59+01:00") == ("GRANTED", "GRANTED")
    assert await tap("two", "2026-11-23T00:00:00+01:00") == ("GRANTED", "GRANTED")
    for device in ("one", "two"):
        assert await tap(device, "2026-11-23T00:01:00+01:00") == ("REFUSED", "ALREADY_COLLECTED_TODAY")
    await stage.advance(minutes=5)
    assert await stage.balance() == (50 + 2 + 2, 0, 0)


async def test_example_9_a_day_of_23_hours_is_one_day_of_a_streak(stage: Stage):
    """R19, R20: fuel on 28, 29 and 30 March 2026, half an hour past midnight in Madrid."""
    await moved_to(stage, "2026-03-30T00:31:00+02:00")
    await stage.register(registeredAt="2026-03-01T12:00:00+01:00")
    for moment in ("2026-03-28T00:30:00+01:00", "2026-03-29T00:30:00+01:00", "2026-03-30T00:30:00+02:00"):
        fuel = await stage.earn({"fuel": {}}, at=moment)
        assert (fuel["verdict"]["outcome"], fuel["verdict"]["points"]) == ("GRANTED", 2)
    me = await stage.app("mi-1", "{ me { fuel { streakDays dayInCycle collectedToday nextClaimAt } } }")
    assert me["fuel"] == {
        "streakDays": 3, "dayInCycle": 3, "collectedToday": True, "nextClaimAt": "2026-03-30T22:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("registered_at", "points", "version"),
    [
        ("2025-06-16T12:00:00+01:00", 50, "gb-2020-01-01"),
        ("2025-06-16T23:59:59+01:00", 50, "gb-2020-01-01"),
        ("2025-06-17T00:00:00+01:00", 200, "gb-2025-06-17"),
    ],
)
async def test_example_10_great_britain_pays_by_the_terms_of_the_day(
    stage: Stage, registered_at: str, points: int, version: str
):
    """R22, R1: the day of joining decides, however late it is sent."""
    joined = await stage.register(market="GB", registeredAt=registered_at)
    assert joined["verdict"]["points"] == points
    me = await stage.app("mi-1", "{ me { verdicts { nodes { termsVersion } } } }")
    assert [each["termsVersion"] for each in me["verdicts"]["nodes"]] == [version]
    await stage.advance(minutes=5)
    assert await stage.balance() == (points, 0, 0)
