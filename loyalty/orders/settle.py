"""Settles an order (R31-R36): compares its worth by all facts with the points posted, and posts the difference."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge, lock_member_to_judge, member_to_judge
from db.ledger.record import Changes, NewFact, record
from db.orders.kept_facts import drop_kept_facts, keep_fact, kept_facts
from db.orders.settle import OrderToSettle, order_to_settle
from db.pool import Queryable
from db.webhooks.inbox import Delivery
from loyalty.ledger.catch_up import catch_up
from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import Fact, Returned
from loyalty.orders.rules.settlement import Settlement, order_outcome, settle_state
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.orders.settlement_writer import SettlementWriter, points_by_part
from loyalty.programme.calendars import lot_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code

MOST_OF_A_KIND = 300


class TooManyFacts(Exception):
    """An order has more facts of one kind than any real order, so another one is not taken.

    The limit is per kind: with any number of deliveries, a return to sender and returns are still taken (R32, R34).
    """

    def __init__(self, number: str) -> None:
        super().__init__(f"Order {number} has {MOST_OF_A_KIND} facts of this kind already; this one is not taken.")


async def settle(
    programme: Programme, db: Queryable, member_id: UUID, number: str, fact: Fact, delivery: Delivery
) -> None:
    """Adds one fact to an order and moves its points so that they agree with all its facts.

    Runs inside the caller's transaction and holds the member. A fact known before changes nothing; for a member that
    is not active the fact is stored and nothing moves (R5); a suspended member's facts are applied when it is
    reinstated. Everything that fell due before the fact was received is written first, so that the history is in the
    order of its moments. Raises UnknownLine, UnknownParcel, TooManyFacts.
    """
    await lock_member_to_judge(db, MemberRef(member_id=member_id))
    await catch_up(db, member_id, delivery.received_at)
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    order = await order_to_settle(db, member_id, number)
    assert member is not None
    assert order is not None
    known = _facts_of(order)
    if fact.key in known:
        return
    _check_number(number, fact, known.values())
    state = fold(order_of(order), [*known.values(), fact])
    changes = Changes(facts=[_new_fact(number, fact, delivery)])
    if member.state == "ACTIVE" and not order.has_kept_facts:
        catalogue = await programme.catalogue_at(member.programme_version, db)
        _write(changes, catalogue, member, order, state, fact, delivery.received_at)
    await record(db, member, changes)
    if member.state == "SUSPENDED" or order.has_kept_facts:
        await keep_fact(db, member_id, number, fact.key)


def _check_number(number: str, fact: Fact, known: Iterable[Fact]) -> None:
    """Raises TooManyFacts."""
    of_its_kind = sum(type(each) is type(fact) for each in known)
    if of_its_kind >= MOST_OF_A_KIND:
        raise TooManyFacts(number)


async def settle_kept(programme: Programme, db: Queryable, member_id: UUID, most: int) -> int:
    """Applies the facts of a member's orders that came while it was suspended (R5), one by one in the order they came.

    Runs inside a transaction that holds the member; entries have the moment now; each fact is applied once. Gives the
    number applied, at most `most`; the rest stays for the next call.
    """
    kept = await kept_facts(db, member_id)
    await drop_kept_facts(db, member_id, kept[:most])
    for place, (number, key) in enumerate(kept[:most]):
        later = {other for its_order, other in kept[place + 1 :] if its_order == number}
        await _settle_one(programme, db, member_id, number, key, later)
    return min(most, len(kept))


async def _settle_one(
    programme: Programme, db: Queryable, member_id: UUID, number: str, key: str, later: set[str]
) -> None:
    """Applies one kept fact without those that came later."""
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    order = await order_to_settle(db, member_id, number)
    assert member is not None
    assert order is not None
    facts = _facts_of(order)
    state = fold(order_of(order), [fact for other, fact in facts.items() if other not in later])
    catalogue = await programme.catalogue_at(member.programme_version, db)
    changes = Changes()
    _write(changes, catalogue, member, order, state, facts[key], member.now)
    await record(db, member, changes)


def _facts_of(order: OrderToSettle) -> dict[str, Fact]:
    return {key: fact_of(kind, content, at) for key, kind, content, at in order.facts}


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


def _write(
    changes: Changes,
    catalogue: Catalogue,
    member: MemberToJudge,
    order: OrderToSettle,
    state: OrderState,
    fact: Fact,
    at: datetime,
) -> None:
    """Compares and writes the difference, by the terms and campaigns the order was recorded with (R21).

    `at` is the moment of the entries.
    """
    terms = catalogue.terms_called(member.market, order.terms_version)
    campaigns = catalogue.campaigns_as_judged(order.campaign_ids)
    settlement = settle_state(
        order_of(order), state, terms, campaigns, _posted(order), points_by_part(order.promises, "PROMISED")
    )
    writer = SettlementWriter(
        changes=changes,
        member=member,
        order=order,
        at=at,
        lot=lot_of(at, terms),
        terms_version=terms.version,
        names={campaign.id: campaign.name for campaign in campaigns},
    )
    writer.write(settlement, late_key=f"credited:{quoted(order.number)}:{fact.key}")
    if isinstance(fact, Returned) or settlement.take_back or settlement.cancel:
        business_key, code = _reversal_of(order.number, fact)
        writer.reverse(business_key, code, settlement.take_back, settlement.cancel)
    outcome, code = order_outcome(
        _whole(order, settlement),
        sum(settlement.still_pending.values()),
        ever_posted=writer.granted_in_all() > 0,
        any_return=state.any_return,
    )
    writer.turn_verdict(outcome, code)


def _whole(order: OrderToSettle, settlement: Settlement) -> int:
    """All points that were ever promised for the order; 0 if it was never worth any."""
    return sum(promise.points for promise in order.promises) + sum(settlement.promise.values())


def _posted(order: OrderToSettle) -> dict[str, int]:
    """Points credited so far, less those taken back, by part."""
    credited = points_by_part(order.promises, "POSTED")
    return {part: points - order.taken.get(part, 0) for part, points in credited.items()}


def quoted(part: str) -> str:
    """A part of a business key, with its own colons quoted."""
    return part.replace("%", "%25").replace(":", "%3A")


def _reversal_of(number: str, fact: Fact) -> tuple[str, Code]:
    """The business key and code under which points go back: of the return, or of the parcel that did not arrive."""
    if isinstance(fact, Returned):
        return f"return:{quoted(number)}:{fact.return_id}", Code.RETURNED
    return f"not_delivered:{quoted(number)}:{fact.key}", Code.NOT_DELIVERED
