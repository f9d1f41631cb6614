"""Random order histories (R13, R21, R31 to R34): the result depends on the facts alone, in every permutation tried.

Every run takes 1,000 of them through the pure fold and 60 through the real database; `make histories` takes 10,000 and
500 (MIPOINTS_HISTORIES).
"""

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import asyncpg

from db import clock
from db.orders.rows import orders_by_number
from db.pool import Queryable
from db.queries import query
from db.webhooks.inbox import link_parcels
from loyalty.callers import Caller
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.orders.add_lines import LinesToAdd, add_order_lines
from loyalty.orders.campaigns import campaigns_of
from loyalty.orders.fact_rows import fact_of
from loyalty.orders.record import OrderToRecord, record_order
from loyalty.orders.rules.facts import Cancelled, Fact, GivenUp, Lost, Returned, ReturnedToSender
from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded
from loyalty.orders.rules.order import Order, all_kept
from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.settlement import settle_state
from loyalty.orders.rules.shipment import fold
from loyalty.orders.settle import OrderNews, settle_set
from loyalty.orders.sources import OwnSource
from loyalty.programme.programme import Programme
from loyalty.programme.rules.campaigns import Campaign
from tests.support.audit import assert_ledger_is_sound
from tests.support.drain import apply_deliveries
from tests.support.histories import ADDED, CAMPAIGNS, History, everything_returned, history, shuffled
from tests.support.terms import ES

HISTORIES = int(os.environ.get("MIPOINTS_HISTORIES", "1000"))
STORED = max(60, HISTORIES // 20)
STOREFRONT = Caller("storefront", frozenset({"storefront"}), is_service=True)
NATIVE = {
    "delivered": "shipment.delivered",
    "in_transit": "shipment.in_transit",
    "returned_to_sender": "shipment.returned_to_sender",
    "lost": "shipment.lost",
}


class OrderPoints:
    """An order's posted and pending points by part, as settlements move them."""

    def __init__(self, order: Order, campaigns: tuple[Campaign, ...]) -> None:
        self.order, self.campaigns = order, campaigns
        self.facts: list[Fact] = []
        self.posted: dict[str, int] = {}
        self.pending: dict[str, int] = {}
        self.settle([])

    def settle(self, facts: Iterable[Fact]) -> None:
        """Adds facts that are reported together, and settles the order. No part may go below zero: never more is taken
        back than was granted."""
        self.facts += facts
        moved = settle_state(fold(self.order, self.facts), ES, self.campaigns, self.posted, self.pending)
        for account, parts, sign in (
            (self.pending, moved.promise, 1),
            (self.pending, moved.post, -1),
            (self.posted, moved.post, 1),
            (self.pending, moved.cancel, -1),
            (self.posted, moved.take_back, -1),
        ):
            for part, points in parts.items():
                account[part] = account.get(part, 0) + sign * points
                assert account[part] >= 0, (self.order, self.facts)


def nonzero(parts: dict[str, int]) -> dict[str, int]:
    return {part: points for part, points in parts.items() if points}


def test_histories_end_as_their_facts_say_whatever_their_order():
    """R13, R31 to R34: any order, any grouping, any repetition; a full return nets zero."""
    for seed in range(HISTORIES):
        one = history(seed)
        state = fold(one.order, one.facts)
        now = worth(state.order, state.kept, ES, one.campaigns).by_part
        whole = worth(state.order, all_kept(state.order), ES, one.campaigns).total
        for groups in ([[fact] for fact in one.facts], shuffled(one.facts, seed)):
            points_of_order = OrderPoints(one.order, one.campaigns)
            for group in groups:
                points_of_order.settle(group)
            assert nonzero(points_of_order.posted) == now, one
            assert sum(points_of_order.posted.values()) <= whole, one
        points_of_order.settle([everything_returned(one.order)])
        assert (nonzero(points_of_order.posted), nonzero(points_of_order.pending)) == ({}, {}), one


def test_the_histories_contain_every_kind_of_event():
    """Histories that were all alike would prove little."""
    histories = [history(seed) for seed in range(1000)]
    kinds = {type(fact).__name__ for each in histories for fact in each.facts}
    assert kinds == {
        "Delivered", "InTransit", "Lost", "ReturnedToSender", "Returned",
        "Cancelled", "GivenUp", "ParcelRecorded", "LinesAdded",
    }  # fmt: skip
    returns = [fact for each in histories for fact in each.facts if isinstance(fact, Returned)]
    assert any(fact.lines for fact in returns)
    assert any(fact.amount_minor is not None and not fact.lines for fact in returns)
    assert any(fact.amount_minor is None and not fact.lines for fact in returns)
    assert any(sum(isinstance(fact, Returned) for fact in each.facts) > 2 for each in histories)
    assert any(len(each.order.parcels) == 3 for each in histories)
    assert any(each.order.discount_minor == each.order.goods_minor > 0 for each in histories)
    assert {len(each.campaigns) for each in histories} >= {0, 1, 2, 3}
    states = [fold(each.order, each.facts) for each in histories]
    kept = [worth(s.order, s.kept, ES, each.campaigns).total for s, each in zip(states, histories, strict=True)]
    wholes = [worth(each.order, all_kept(each.order), ES, each.campaigns).total for each in histories]
    assert sum(0 < now < whole for now, whole in zip(kept, wholes, strict=True)) > 150
    assert sum(some_are_kept_of_what_went_astray(each) for each in histories) > 15


def some_are_kept_of_what_went_astray(one: History) -> bool:
    """Whether some pieces of a line were reported as lost or sent back, without a number, and others are kept (R34)."""
    astray = [fact for fact in one.facts if isinstance(fact, Lost | ReturnedToSender) and fact.lines]
    kept = fold(one.order, one.facts).kept.pieces
    return any(kept.get(line_id) for fact in astray for line_id, _ in fact.lines)


async def test_histories_leave_in_the_ledger_what_the_fold_says(programme: Programme, owner: asyncpg.Connection):
    """R13, R21, R31 to R34: each history twice, in two sequences and for two members, then a return of everything."""
    await campaigns_run(owner)
    expected: dict[str, int] = {}
    orders: list[Order] = []
    for seed in range(STORED):
        one = history(seed)
        for member, facts in (
            ("a", list(one.facts)),
            ("b", [f for group in shuffled(one.facts, seed) for f in group]),
        ):
            mi_id = f"{member}-{seed // 20}"
            if seed % 20 == 0:
                await register(programme, STOREFRONT, Registration(mi_id, "ES", date(1990, 1, 1)), mi_id)
            order = replace(one.order, number=f"{one.order.number}-{member}", placed_at=day_of(one))
            await record_order(programme, STOREFRONT, OrderToRecord(mi_id, order), order.number)
            orders.append(order)
            await report_facts(programme, owner, order, facts)
            expected[order.number] = await expected_points(programme, owner, order, facts)
    await apply_all(programme, owner)
    assert await owner.fetch("select state, error from inbox where state <> 'APPLIED'") == []
    assert await in_the_ledger(owner) == expected
    assert await shown(owner) == expected
    await assert_ledger_is_sound(owner)
    for order in orders:
        await send_facts(owner, order, [everything_returned(order)])
    await apply_all(programme, owner)
    assert await in_the_ledger(owner) == dict.fromkeys(expected, 0)
    waiting = await owner.fetch("select distinct kind from audit.promises where state = 'PROMISED'")
    assert [row["kind"] for row in waiting] == ["SIGN_UP"]
    assert await owner.fetchval(TAKEN_MORE_THAN_GRANTED) == 0


async def report_facts(programme: Programme, owner: asyncpg.Connection, order: Order, facts: Iterable[Fact]) -> None:
    """Reports the facts in this sequence: by webhooks, by the storefront, and by the worker that gives up waiting.

    The worker never gives up a line that the order does not have, so such a fact comes last.
    """
    known = [*facts]
    too_early = [
        fact for fact in known if isinstance(fact, GivenUp) and {line_id for line_id, _ in fact.lines} == {ADDED}
    ]
    for fact in (*(each for each in known if each not in too_early), *too_early):
        if not isinstance(fact, LinesAdded | ParcelRecorded | GivenUp):
            await send_facts(owner, order, [fact])
            continue
        await apply_deliveries(programme)
        key = f"{order.number} {fact.key}"
        if isinstance(fact, LinesAdded):
            lines = LinesToAdd(order.number, fact.added, fact.shipping_minor, fact.occurred_at)
            await add_order_lines(programme, STOREFRONT, lines, key)
        else:
            await settle_directly(programme, owner, order.number, fact)


async def settle_directly(programme: Programme, owner: asyncpg.Connection, number: str, fact: Fact) -> None:
    """Adds a fact, whatever the storefront's and the worker's checks would say to it."""
    member_id = await owner.fetchval("select member_id from order_numbers where number = $1", number)
    source = OwnSource("storefront", fact.key, await clock.now(owner))

    async def within(db: Queryable) -> None:
        await settle_set(programme, db, [OrderNews(member_id, number, [fact], source)])
        if isinstance(fact, ParcelRecorded):
            await link_parcels(db, [(number, member_id, fact.tracking_number, fact.carrier)])

    await programme.db.in_transaction(within)


async def apply_all(programme: Programme, owner: asyncpg.Connection) -> None:
    """Applies all deliveries, also those that wait for another attempt because lines were not known yet."""
    await apply_deliveries(programme)
    await owner.execute("update inbox set not_before = null where state = 'RECEIVED'")
    await apply_deliveries(programme)


async def expected_points(programme: Programme, owner: asyncpg.Connection, order: Order, facts: list[Fact]) -> int:
    """Returns the points of an order by the pure fold, by the campaigns of its day and those of its added lines."""
    member_id = await owner.fetchval("select member_id from order_numbers where number = $1", order.number)
    (row,) = await orders_by_number(programme.db, [(member_id, order.number)])
    campaigns = campaigns_of(await programme.catalogue(), row.campaign_ids, [fact_of(*fact) for fact in row.facts])
    state = fold(order, facts)
    return worth(state.order, state.kept, ES, campaigns).total


async def shown(owner: asyncpg.Connection) -> dict[str, int]:
    """Returns the points credited of every order, as the API shows them."""
    numbers = await owner.fetch("select member_id, number from orders")
    columns = [row["member_id"] for row in numbers], [row["number"] for row in numbers]
    rows = await owner.fetch(query("orders_by_number"), *columns)
    return {row["number"]: row["points_credited"] for row in rows}


async def campaigns_run(owner: asyncpg.Connection) -> None:
    """Each set of campaigns has a day of its own on which just these run, so that orders choose theirs by the day."""
    for chosen in range(2 ** len(CAMPAIGNS)):
        for place, campaign in enumerate(CAMPAIGNS):
            if chosen >> place & 1:
                await owner.execute(
                    "insert into campaigns (campaign_id, name, markets, starts_at, ends_at, effect, kinds, factor, "
                    "bonus, product_ids) values (gen_random_uuid(), $1, '{ES}', $2, $3, $4, '{PURCHASE}', $5, $6, $7)",
                    campaign.name,
                    day(chosen),
                    day(chosen + 1),
                    campaign.effect,
                    float(campaign.factor) if campaign.factor else None,
                    campaign.bonus,
                    sorted(campaign.product_ids),
                )
    await owner.execute("update programme_state set version = version + 1")


def day(number: int) -> datetime:
    return history(0).order.placed_at + timedelta(days=number)


def day_of(one: History) -> datetime:
    """Returns the day on which exactly the history's campaigns run."""
    return day(sum(1 << place for place, each in enumerate(CAMPAIGNS) if each in one.campaigns))


async def send_facts(owner: asyncpg.Connection, order: Order, facts: Iterable[Fact]) -> None:
    """Stores the facts in the inbox as a shipper's webhooks, in this sequence."""
    for fact in facts:
        data = {"order_number": order.number, "tracking_number": getattr(fact, "tracking_number", None)}
        data |= {"occurred_at": fact.occurred_at.isoformat()}
        data |= {"lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in fact.lines]}
        type_ = {"Returned": "return.received", "Cancelled": "order.cancelled"}.get(type(fact).__name__)
        type_ = type_ or NATIVE[fact.kind]
        if isinstance(fact, Cancelled):
            data["cancellation_id"] = fact.cancellation_id
        if isinstance(fact, Returned):
            data["return_id"] = fact.return_id
            if fact.amount_minor is not None:
                data["refund"] = {"amount_minor": fact.amount_minor, "shipping_minor": fact.shipping_minor}
        await owner.execute(
            "insert into inbox (producer, event_id, type, body, headers, received_at) "
            "values ('native', gen_random_uuid()::text, $1, $2, '{}', programme_now())",
            type_,
            json.dumps({"type": type_, "data": data}).encode(),
        )


async def in_the_ledger(owner: asyncpg.Connection) -> dict[str, int]:
    """Returns the points of every order, summed over the lines of its members' histories."""
    rows = await owner.fetch(
        "select o.number, coalesce(sum(t.points), 0) as points from orders o "
        "left join verdicts v on v.member_id = o.member_id and v.reference = o.number "
        "left join transfers t on t.member_id = v.member_id and t.verdict_id = v.verdict_id and t.points is not null "
        "group by o.number"
    )
    return {row["number"]: int(row["points"]) for row in rows}


TAKEN_MORE_THAN_GRANTED = """
select count(*) from (
    select
        v.member_id, v.reference,
        sum(t.amount) filter (where t.debit = 'pending' and t.credit = 'available') as granted,
        sum(t.amount) filter (where t.credit = 'revoked') as taken
    from verdicts v join transfers t using (member_id, verdict_id)
    where v.kind in ('PURCHASE', 'CLAWBACK')
    group by v.member_id, v.reference
) of_order
where coalesce(taken, 0) > coalesce(granted, 0)
"""
