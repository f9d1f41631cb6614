"""Settles an order (R31-R36): stores what a delivery reports of it, and moves its points so that they agree."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge, lock_member_to_judge, member_to_judge
from db.ledger.record import Changes, record
from db.orders.kept_facts import drop_kept_facts, kept_facts
from db.orders.settle import OrderToSettle, order_to_settle
from db.pool import Queryable
from loyalty.ledger.catch_up import catch_up
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import SHOPIFY_EVENTS, Cancelled, Fact, Returned, named_pieces
from loyalty.orders.rules.growth import grown
from loyalty.orders.rules.shipment import fold
from loyalty.orders.rules.unknown_lines import unknown_lines
from loyalty.orders.settling import changes_of_facts, facts_of, write_settlement
from loyalty.orders.sources import Source, reported_by
from loyalty.programme.programme import Programme


async def settle(
    programme: Programme, db: Queryable, member_id: UUID, number: str, facts: Sequence[Fact], source: Source
) -> list[str]:
    """Adds the facts of a delivery to an order, one after another, and moves its points so that they agree with all
    its facts. Returns the lines that the facts name and the order does not have.

    Runs inside the caller's transaction and holds the member. A fact known before changes nothing; for a member that
    is not active the facts are stored and nothing moves (R5); a suspended member's facts are applied when it is
    reinstated. Everything that fell due before the facts were received is written first, so that the history is in the
    order of its moments. Raises UnknownLine, UnknownParcel, TooManyFacts.
    """
    await lock_member_to_judge(db, MemberRef(member_id=member_id))
    await catch_up(db, member_id, source.received_at)
    unknown: list[str] = []
    for place, fact in enumerate(facts):
        member, order = await _read(db, member_id, number)
        if place == 0:
            unknown = unknown_lines(grown(order_of(order), facts_of(order).values()), facts)
        await _settle_new(programme, db, member, order, reported_by(fact, source.producer), source)
    return unknown


async def _read(db: Queryable, member_id: UUID, number: str) -> tuple[MemberToJudge, OrderToSettle]:
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    order = await order_to_settle(db, member_id, number)
    assert member is not None
    assert order is not None
    return member, order


async def _settle_new(
    programme: Programme, db: Queryable, member: MemberToJudge, order: OrderToSettle, fact: Fact, source: Source
) -> None:
    """Adds one fact, unless it is known."""
    if _is_known(fact, facts_of(order)):
        return
    catalogue = await programme.catalogue_at(member.programme_version, db)
    changes = changes_of_facts(catalogue, member, order, [fact], source)
    await record(db, member.member_id, member.version, changes)


def _is_known(fact: Fact, known: Mapping[str, Fact]) -> bool:
    return fact.key in known or (isinstance(fact, Cancelled) and _was_taken_for_a_return(fact, known))


def _was_taken_for_a_return(fact: Cancelled, known: Mapping[str, Fact]) -> bool:
    """Whether an earlier release stored a refund's cancelled lines as returned ones."""
    earlier = known.get(f"return:{fact.cancellation_id}")
    if not (isinstance(earlier, Returned) and earlier.producer == fact.producer == SHOPIFY_EVENTS and fact.lines):
        return False
    pieces = named_pieces(earlier.lines)
    return all(pieces.get(line_id, 0) >= number for line_id, number in named_pieces(fact.lines).items())


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
    member, order = await _read(db, member_id, number)
    known = facts_of(order)
    facts = [fact for other, fact in known.items() if other not in later]
    state = fold(order_of(order), facts)
    catalogue = await programme.catalogue_at(member.programme_version, db)
    changes = Changes()
    write_settlement(changes, catalogue, member, order, facts, state, known[key], member.now)
    await record(db, member_id, member.version, changes)
