"""Joining the programme, through the storefront's API (R1-R4, R10)."""

import pytest

from tests.support.stage import Stage


@pytest.mark.usefixtures("standing_clock")
async def test_joining_promises_fifty_points_that_arrive_after_the_hold(stage: Stage):
    joined = await stage.register("mi-1")
    assert (joined["verdict"]["outcome"], joined["verdict"]["code"]) == ("GRANTED", "GRANTED")
    assert joined["verdict"]["pendingPoints"]["points"] == 50
    assert await stage.balance() == (0, 50, 0)
    await stage.advance(minutes=4, seconds=58)
    assert await stage.balance() == (0, 50, 0)
    await stage.advance(seconds=2)
    assert await stage.balance() == (50, 0, 0)


async def test_joining_twice_is_the_same_member_and_the_same_verdict(stage: Stage):
    first = await stage.register("mi-1", key="a")
    again = await stage.register("mi-1", key="a")
    other_key = await stage.register("mi-1", key="b")
    other_market = await stage.register("mi-1", "FR", key="c")
    for answer in (again, other_key, other_market):
        assert answer["member"] == first["member"]
        assert answer["verdict"]["id"] == first["verdict"]["id"]
    assert await stage.balance() == (0, 50, 0)


async def test_the_same_key_with_another_input_is_a_mismatch_and_has_no_effect(stage: Stage):
    await stage.register("mi-1", key="a")
    refused = await stage.register("mi-2", key="a")
    assert (refused["__typename"], refused["code"]) == ("IdempotencyMismatch", "IDEMPOTENCY_MISMATCH")
    assert await stage.app("mi-2", "{ me { id } }") is None


@pytest.mark.parametrize(
    ("market", "birth_date", "code"),
    [
        ("ES", "2008-11-24", "UNDER_AGE"),
        ("BE", "1990-01-01", "MARKET_CLOSED"),
        ("US", "1990-01-01", "MARKET_CLOSED"),
    ],
)
async def test_minors_and_closed_markets_are_refused_and_leave_only_the_key(
    stage: Stage, market: str, birth_date: str, code: str
):
    for _ in range(2):
        refused = await stage.register(
            "mi-1", market, key="k", birthDate=birth_date, registeredAt="2026-11-22T12:00:00Z"
        )
        assert (refused["__typename"], refused["code"]) == ("NotEligible", code)
    assert await stage.owner.fetchval("select count(*) from members") == 0
    stored = await stage.owner.fetchrow("select member_id, answer::text from requests")
    assert stored["member_id"] is None
    assert birth_date not in stored["answer"]
    assert "mi-1" not in stored["answer"]


async def test_a_person_is_of_age_on_the_eighteenth_birthday_in_the_markets_zone(stage: Stage):
    joined = await stage.register("mi-1", birthDate="2008-11-23", registeredAt="2026-11-22T23:00:01Z")
    assert joined["__typename"] == "MemberRegistered"


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"birthDate": "1776-07-04"}, "INVALID_INPUT", ["input", "birthDate"]),
        ({"birthDate": "2090-01-01"}, "INVALID_INPUT", ["input", "birthDate"]),
        ({"registeredAt": "2099-01-01T00:00:00Z"}, "OCCURRED_IN_FUTURE", ["input", "registeredAt"]),
        ({"registeredAt": "1999-01-01T00:00:00Z"}, "OCCURRED_TOO_LONG_AGO", ["input", "registeredAt"]),
        ({"timeZone": "Europe/Paris"}, "INVALID_INPUT", ["input", "timeZone"]),
        ({"miId": ""}, "INVALID_INPUT", ["input", "miId"]),
        ({"miId": "x" * 201}, "INVALID_INPUT", ["input", "miId"]),
    ],
)
async def test_a_fault_in_a_registration_is_named_by_its_path(stage: Stage, wrong: dict, code: str, path: list):
    refused = await stage.register("mi-1", **wrong)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", code, path)
    assert await stage.owner.fetchval("select count(*) from members") == 0
    assert await stage.owner.fetchval("select count(*) from requests") == 0


async def test_an_event_before_the_programme_began_is_refused_with_the_day_it_began(stage: Stage):
    joined = await stage.register("mi-1", registeredAt="2019-12-31T22:59:59Z")
    await stage.register("mi-2")
    bought = await stage.order("O-1", [("1", 1, 100)], "mi-2", placedAt="1990-01-01T00:00:00Z")
    for refused in (joined, bought):
        assert refused["code"] == "OCCURRED_TOO_LONG_AGO"
        assert refused["message"] == "Mi Points began on 1 January 2020; this was before."


async def test_the_terms_of_the_day_of_joining_decide_the_points(stage: Stage):
    before = await stage.register("mi-1", "GB", registeredAt="2025-06-16T12:00:00Z")
    after = await stage.register("mi-2", "GB", registeredAt="2025-06-17T12:00:00Z")
    assert before["verdict"]["points"] == 50
    assert after["verdict"]["points"] == 200


@pytest.mark.parametrize(
    ("birth_date", "registered_at", "joins"),
    [
        ("2008-05-17", "2026-05-16T21:59:59Z", False),
        ("2008-05-17", "2026-05-16T22:00:00Z", True),
        ("2008-02-29", "2026-02-28T22:59:59Z", False),
        ("2008-02-29", "2026-02-28T23:00:00Z", True),
        ("2007-01-01", "2024-12-31T12:00:00Z", False),
    ],
)
async def test_a_registration_sent_late_is_judged_by_the_age_on_the_day_of_joining(
    stage: Stage, birth_date: str, registered_at: str, joins: bool
):
    """R3, R1: the age on that day counts, not today's; born on 29 February is of age on 1 March."""
    answer = await stage.register("mi-1", birthDate=birth_date, registeredAt=registered_at)
    assert answer["__typename"] == ("MemberRegistered" if joins else "NotEligible")
    assert await stage.owner.fetchval("select count(*) from members") == int(joins)


async def test_a_minor_who_has_come_of_age_joins_like_anyone(stage: Stage):
    """R3: nothing stored about the refused person prevents it."""
    refused = await stage.register("mi-1", birthDate="2008-05-17", registeredAt="2026-05-01T12:00:00Z", key="a")
    assert refused["code"] == "UNDER_AGE"
    joined = await stage.register("mi-1", birthDate="2008-05-17", registeredAt="2026-05-18T12:00:00Z", key="b")
    assert joined["verdict"]["outcome"] == "GRANTED"


async def test_one_mi_account_is_one_member_whatever_market_and_birth_date_are_sent_later(stage: Stage):
    """R4: the first membership with its market and zone stays; another id is another member."""
    first = await stage.register("mi-1", "ES", timeZone="Atlantic/Canary")
    again = await stage.register("mi-1", "GB", birthDate="2020-01-01", timeZone="Europe/London")
    assert again["member"] == first["member"]
    assert again["member"]["market"] == "ES"
    other = await stage.register("mi-2", "GB")
    assert other["member"]["id"] != first["member"]["id"]
    assert await stage.owner.fetchval("select count(*) from members") == 2
