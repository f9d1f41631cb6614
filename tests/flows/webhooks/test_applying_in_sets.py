"""Deliveries are applied in sets of members, as if each delivery were alone (R31-R36, R61)."""

import asyncio
import json
from random import Random
from typing import Any

import asyncpg
import pytest

from loyalty.members.register import register
from loyalty.programme.programme import Programme
from loyalty.webhooks import apply as applying
from tests.support.drain import apply_deliveries
from tests.support.twins import everything_of
from tests.test_races import STOREFRONT, person, placed_order

HISTORIES = 8
LINE = [{"line_id": "1", "quantity": 1}]
NEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "delivered": ("shipment.delivered", {}),
    "delivered again": ("shipment.delivered", {"lines": LINE}),
    "in transit": ("shipment.in_transit", {"tracking_number": "T"}),
    "lost": ("shipment.lost", {"lines": LINE}),
    "returned": ("return.received", {"return_id": "R-1", "lines": LINE}),
    "returned in part": (
        "return.received",
        {"return_id": "R-2", "refund": {"amount_minor": 1200, "shipping_minor": 0}},
    ),
    "of an unknown line": ("shipment.delivered", {"lines": [{"line_id": "9", "quantity": 1}]}),
    "cancelled": ("order.cancelled", {"cancellation_id": "C-1", "lines": LINE}),
}


async def receive(
    owner: asyncpg.Connection, n: int, type_: str, order: str, more: dict[str, Any], producer: str = "native"
) -> None:
    """Stores a delivery; those with a higher `n` are received later."""
    data = {"order_number": order, "occurred_at": "2026-11-03T12:00:00Z"} | more
    await owner.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at) "
        "values ($5, $1, $2, $3, '{}', programme_now() - interval '1 s' + make_interval(secs => $4 / 1000.0))",
        f"{order}-{n}", type_, json.dumps({"type": type_, "data": data}).encode(), n, producer,
    )  # fmt: skip


async def with_orders(programme: Programme, *members: str) -> None:
    """Makes members with an order of 100 points each; the order has the member's name."""
    for mi_id in members:
        await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
        await placed_order(programme, mi_id, mi_id, 100)


async def states(owner: asyncpg.Connection) -> dict[str, tuple[str, int]]:
    rows = await owner.fetch("select event_id, state, attempts from inbox")
    return {row["event_id"]: (row["state"], row["attempts"]) for row in rows}


@pytest.mark.usefixtures("standing_clock")
async def test_a_set_leaves_what_each_delivery_alone_leaves(
    programme: Programme, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """R31-R36: several deliveries of each member, some twice, some that cannot be applied."""
    histories = [Random(seed).choices(list(NEWS), k=5) for seed in range(HISTORIES)]
    for way in ("set", "alone"):
        await with_orders(programme, *(f"{way}-{seed}" for seed in range(HISTORIES)))
        for seed, history in enumerate(histories):
            for n, name in enumerate(history):
                type_, more = NEWS[name]
                await receive(owner, n * HISTORIES + seed, type_, f"{way}-{seed}", more)
        if way == "alone":
            monkeypatch.setattr(applying, "DELIVERIES_AT_ONCE", 1)
        for _ in range(1 if way == "set" else 5 * HISTORIES):
            await applying.apply_some(programme)
            await owner.execute("update inbox set not_before = 'infinity' where state = 'RECEIVED' and attempts > 0")
    for seed in range(HISTORIES):
        in_a_set = await everything_of(owner, f"set-{seed}")
        assert in_a_set == await everything_of(owner, f"alone-{seed}")
        assert len(in_a_set["inbox"]) == 5
    assert await owner.fetchval("select count(*) from inbox where state = 'RECEIVED' and attempts = 1") > 0
    assert await owner.fetchval("select count(distinct xmin::text) from order_facts where number ~ 'set'") < HISTORIES


@pytest.mark.spoils
async def test_of_a_set_each_delivery_that_fails_fails_alone(programme: Programme, owner: asyncpg.Connection):
    """R34: one that cannot be read, one of an unknown line, one that cannot be written; others are finished."""
    await with_orders(programme, *(f"mi-{n}" for n in range(8)))
    await owner.execute(
        "update balances b set pending = 0 from mi_accounts a where a.member_id = b.member_id and a.mi_id = 'mi-3'"
    )
    await receive(owner, 0, "shipment.delivered", "mi-0", {})
    await receive(owner, 1, "shipment.delivered", "mi-1", {"lines": [{"line_id": "9", "quantity": 1}]})
    await receive(owner, 2, "shipment.delivered", "mi-2", {})
    await owner.execute("update inbox set body = 'no JSON' where event_id = 'mi-2-2'")
    await receive(owner, 3, "shipment.delivered", "mi-3", {})
    await receive(owner, 4, "shipment.delivered", "mi-4", {}, producer="nobody")
    await receive(owner, 5, "invoice.sent", "mi-5", {})
    await receive(owner, 6, "shipment.delivered", "not known", {})
    await receive(owner, 7, "shipment.delivered", "mi-7", {})
    assert await applying.apply_some(programme) == 4
    assert await states(owner) == {
        "mi-0-0": ("APPLIED", 1),
        "mi-1-1": ("RECEIVED", 1),
        "mi-2-2": ("RECEIVED", 1),
        "mi-3-3": ("RECEIVED", 1),
        "mi-4-4": ("RECEIVED", 1),
        "mi-5-5": ("IGNORED", 1),
        "not known-6": ("PARKED", 0),
        "mi-7-7": ("APPLIED", 1),
    }
    credited = await owner.fetch("select reference from transfers where kind = 'PURCHASE' order by 1")
    assert [row["reference"] for row in credited] == ["mi-0", "mi-7"]
    for _ in range(9):
        await owner.execute("update inbox set not_before = null where state = 'RECEIVED'")
        await applying.apply_some(programme)
    dead = {key for key, state in (await states(owner)).items() if state == ("DEAD", 10)}
    assert dead == {"mi-1-1", "mi-2-2", "mi-3-3", "mi-4-4"}


async def test_four_workers_apply_each_delivery_once(programme: Programme, owner: asyncpg.Connection):
    """R61: also if several deliveries are about one member and two report the same."""
    members = [f"mi-{n}" for n in range(12)]
    await with_orders(programme, *members)
    for place, mi_id in enumerate(members):
        await receive(owner, 3 * place, "shipment.delivered", mi_id, {})
        await receive(owner, 3 * place + 1, "shipment.delivered", mi_id, {})
        await receive(owner, 3 * place + 2, "return.received", mi_id, {"return_id": "R-1"})
    done = await asyncio.gather(*(apply_deliveries(programme) for _ in range(4)))
    await owner.execute("update inbox set not_before = null")
    assert sum(done) + await apply_deliveries(programme) == len(members) * 3
    facts = await owner.fetch("select number, count(*) from order_facts group by 1")
    assert {tuple(row) for row in facts} == {(mi_id, 2) for mi_id in members}
    assert await owner.fetchval("select sum(available) from balances") == 0


async def test_a_connection_that_ends_before_the_commit_loses_nothing_and_doubles_nothing(
    programme: Programme, owner: asyncpg.Connection
):
    """R61: the points of a set are written when Postgres ends the connection that marks the deliveries."""
    members = [f"mi-{n}" for n in range(6)]
    await with_orders(programme, *members)
    for place, mi_id in enumerate(members):
        await receive(owner, place, "shipment.delivered", mi_id, {})
    await owner.execute(
        "create sequence marks; create function crash() returns trigger language plpgsql security definer as "
        "$$ begin if nextval('marks') = 3 then perform pg_terminate_backend(pg_backend_pid()); end if; return new; "
        "end $$; "
        "create trigger crash before update on inbox for each row execute function crash()"
    )
    try:
        assert await apply_deliveries(programme) == len(members)
    finally:
        await owner.execute("drop function crash cascade; drop sequence marks")
    assert set((await states(owner)).values()) == {("APPLIED", 1)}
    assert await owner.fetchval("select count(*) from transfers where kind = 'PURCHASE'") == len(members)
