"""Settles orders (R31-R36): compares their worth by all facts with the points posted, and posts the difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberToJudge, members_to_judge
from db.ledger.record import DecidedChanges, record_all
from db.orders.settle import OrderToSettle, orders_to_settle
from db.pool import Queryable
from loyalty.ledger.catch_up import catch_up_set
from loyalty.orders.difference import facts_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import SHOPIFY_EVENTS, Cancelled, Fact, Returned, named_pieces
from loyalty.orders.rules.growth import grown
from loyalty.orders.rules.unknown_lines import unknown_lines
from loyalty.orders.settling import changes_of_facts
from loyalty.orders.sources import Source, reported_by
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme


@dataclass(frozen=True, slots=True)
class OrderNews:
    """The fact at `place` (from 0) of those that a source reports together about a member's order."""

    member_id: UUID
    number: str
    facts: Sequence[Fact]
    source: Source
    place: int = 0

    @property
    def fact(self) -> Fact:
        """The fact, with its producer."""
        return reported_by(self.facts[self.place], self.source.producer)


@dataclass(frozen=True, slots=True)
class SettledSet:
    """The members of a set whose orders were not settled: those that another transaction changed or holds, and those
    whose fact cannot be applied, each with the reason. `unknown_lines`: by member, the lines that the facts name and
    the order does not have; only members with such lines."""

    missed: frozenset[UUID]
    refused: Mapping[UUID, Exception]
    unknown_lines: Mapping[UUID, Sequence[str]]


async def settle_set(programme: Programme, db: Queryable, news: Sequence[OrderNews]) -> SettledSet:
    """Adds one fact to an order of each of several members, and moves their points so that they agree with all facts.

    Runs inside the caller's transaction. A fact known before changes nothing; for a member that is not active the fact
    is stored and nothing moves (R5); a suspended member's facts are applied when it is reinstated. Everything that fell
    due before the fact was received is written first, so that the history is in the order of its moments. A fact is
    refused with UnknownLine, UnknownParcel, TooManyFacts.
    """
    caught_up = await catch_up_set(db, {each.member_id: each.source.received_at for each in news})
    news = [each for each in news if each.member_id not in caught_up.missed]
    members = await members_to_judge(db, [each.member_id for each in news])
    orders = await orders_to_settle(db, [(each.member_id, each.number) for each in news])
    catalogue = await _catalogue(programme, db, members.values())
    judged = {each.member_id: _judged(catalogue, members, orders, each) for each in news}
    settlements = {each: found for each, found in judged.items() if isinstance(found, _Settlement)}
    changed = [each.decided for each in settlements.values() if each.decided is not None]
    written = await record_all(db, changed)
    return SettledSet(
        missed=caught_up.missed | {each.member.member_id for each in changed if each.member.member_id not in written},
        refused={each: why for each, why in judged.items() if isinstance(why, Exception)},
        unknown_lines={each: found.unknown for each, found in settlements.items() if found.unknown},
    )


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What a fact changes, None if it was known before; and the lines that the order does not have."""

    decided: DecidedChanges | None
    unknown: Sequence[str]


async def _catalogue(programme: Programme, db: Queryable, members: Iterable[MemberToJudge]) -> Catalogue | None:
    """The programme as of the version that the members, all read by one statement, have; None without any."""
    version = next((member.programme_version for member in members), None)
    return await programme.catalogue_at(version, db) if version is not None else None


def _judged(
    catalogue: Catalogue | None,
    members: Mapping[UUID, MemberToJudge],
    orders: Mapping[tuple[UUID, str], OrderToSettle],
    news: OrderNews,
) -> _Settlement | Exception:
    """What a fact changes, or the reason why it cannot be applied."""
    try:
        assert catalogue is not None
        return _settlement(catalogue, members[news.member_id], orders[news.member_id, news.number], news)
    except Exception as reason:
        return reason


def _settlement(catalogue: Catalogue, member: MemberToJudge, order: OrderToSettle, news: OrderNews) -> _Settlement:
    """Raises UnknownLine, UnknownParcel, TooManyFacts."""
    known = facts_of(order)
    unknown = unknown_lines(grown(order_of(order), known.values()), news.facts)
    if _is_known(news.fact, known):
        return _Settlement(None, unknown)
    changes = changes_of_facts(catalogue, member, order, [news.fact], news.source)
    return _Settlement(DecidedChanges(member, changes), unknown)


def _is_known(fact: Fact, known: Mapping[str, Fact]) -> bool:
    return fact.key in known or (isinstance(fact, Cancelled) and _was_taken_for_a_return(fact, known))


def _was_taken_for_a_return(fact: Cancelled, known: Mapping[str, Fact]) -> bool:
    """Whether an earlier release stored a refund's cancelled lines as returned ones."""
    earlier = known.get(f"return:{fact.cancellation_id}")
    if not (isinstance(earlier, Returned) and earlier.producer == fact.producer == SHOPIFY_EVENTS and fact.lines):
        return False
    pieces = named_pieces(earlier.lines)
    return all(pieces.get(line_id, 0) >= number for line_id, number in named_pieces(fact.lines).items())
