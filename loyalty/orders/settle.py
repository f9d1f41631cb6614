"""Settles orders (R31-R36): compares their worth by all facts with the points posted, and posts the difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberToJudge, members_to_judge
from db.ledger.record import Changes, DecidedChanges, NewFact, record_all
from db.orders.kept_facts import keep_fact
from db.orders.settle import OrderToSettle, orders_to_settle
from db.pool import Queryable
from db.webhooks.inbox import Delivery
from loyalty.ledger.catch_up import catch_up_set
from loyalty.orders.difference import facts_of, write_difference
from loyalty.orders.fact_rows import content_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import Fact
from loyalty.orders.rules.shipment import fold
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme

MOST_OF_A_KIND = 300


class TooManyFacts(Exception):
    """An order has more facts of one kind than any real order, so another one is not taken.

    The limit is per kind: with any number of deliveries, a return to sender and returns are still taken (R32, R34).
    """

    def __init__(self, number: str) -> None:
        super().__init__(f"Order {number} has {MOST_OF_A_KIND} facts of this kind already; this one is not taken.")


@dataclass(frozen=True, slots=True)
class OrderNews:
    """A fact about a member's order, and the delivery that reported it."""

    member_id: UUID
    number: str
    fact: Fact
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class SettledSet:
    """The members of a set whose orders were not settled: those that another transaction changed or holds, and those
    whose fact cannot be applied, each with the reason."""

    missed: frozenset[UUID]
    refused: Mapping[UUID, Exception]


async def settle_set(programme: Programme, db: Queryable, news: Sequence[OrderNews]) -> SettledSet:
    """Adds one fact to an order of each of several members, and moves their points so that they agree with all facts.

    Runs inside the caller's transaction. A fact known before changes nothing; for a member that is not active the fact
    is stored and nothing moves (R5); a suspended member's facts are applied when it is reinstated. Everything that fell
    due before the fact was received is written first, so that the history is in the order of its moments. A fact is
    refused with UnknownLine, UnknownParcel, TooManyFacts.
    """
    caught_up = await catch_up_set(db, {each.member_id: each.delivery.received_at for each in news})
    news = [each for each in news if each.member_id not in caught_up.missed]
    members = await members_to_judge(db, [each.member_id for each in news])
    orders = await orders_to_settle(db, [(each.member_id, each.number) for each in news])
    catalogue = await _catalogue(programme, db, members.values())
    judged = [_judged(catalogue, members, orders, each) for each in news]
    changed = [each for each in judged if isinstance(each, _Settlement)]
    written = await record_all(db, [each.decided for each in changed])
    for each in changed:
        if each.is_kept and each.news.member_id in written:
            await keep_fact(db, each.news.member_id, each.news.number, each.news.fact.key)
    return SettledSet(
        missed=caught_up.missed | {each.news.member_id for each in changed if each.news.member_id not in written},
        refused={each.member_id: why for each, why in zip(news, judged, strict=True) if isinstance(why, Exception)},
    )


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What a fact changes. `is_kept`: the points move when the member is reinstated."""

    news: OrderNews
    decided: DecidedChanges
    is_kept: bool


async def _catalogue(programme: Programme, db: Queryable, members: Iterable[MemberToJudge]) -> Catalogue | None:
    """The programme as of the version that the members, all read by one statement, have; None without any."""
    version = next((member.programme_version for member in members), None)
    return await programme.catalogue_at(version, db) if version is not None else None


def _judged(
    catalogue: Catalogue | None,
    members: Mapping[UUID, MemberToJudge],
    orders: Mapping[tuple[UUID, str], OrderToSettle],
    news: OrderNews,
) -> _Settlement | Exception | None:
    """What a fact changes, None if it was known before, or the reason why it cannot be applied."""
    try:
        assert catalogue is not None
        return _settlement(catalogue, members[news.member_id], orders[news.member_id, news.number], news)
    except Exception as reason:
        return reason


def _settlement(
    catalogue: Catalogue, member: MemberToJudge, order: OrderToSettle, news: OrderNews
) -> _Settlement | None:
    """Raises UnknownLine, UnknownParcel, TooManyFacts."""
    known = facts_of(order)
    if news.fact.key in known:
        return None
    _check_number(order.number, news.fact, known.values())
    state = fold(order_of(order), [*known.values(), news.fact])
    changes = Changes(facts=[_new_fact(order.number, news.fact, news.delivery)])
    if member.state == "ACTIVE" and not order.has_kept_facts:
        write_difference(changes, catalogue, member, order, state, news.fact, news.delivery.received_at)
    is_kept = member.state == "SUSPENDED" or order.has_kept_facts
    return _Settlement(news, DecidedChanges(member, changes), is_kept)


def _check_number(number: str, fact: Fact, known: Iterable[Fact]) -> None:
    """Raises TooManyFacts."""
    of_its_kind = sum(type(each) is type(fact) for each in known)
    if of_its_kind >= MOST_OF_A_KIND:
        raise TooManyFacts(number)


def _new_fact(number: str, fact: Fact, delivery: Delivery) -> NewFact:
    return NewFact(
        number=number,
        fact_key=fact.key,
        kind=type(fact).__name__,
        content=content_of(fact),
        occurred_at=fact.occurred_at,
        told_at=delivery.received_at,
        producer=delivery.producer,
        event_id=delivery.event_id,
    )
