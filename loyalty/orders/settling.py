"""What new facts about an order change: rows, and the points that they move together (R31-R36)."""

from collections.abc import Iterable, Sequence

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes, KeptFact, NewFact
from db.orders.settle import OrderToSettle
from loyalty.orders.difference import facts_of, write_difference
from loyalty.orders.fact_rows import content_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import Fact
from loyalty.orders.rules.shipment import fold
from loyalty.orders.sources import Source
from loyalty.programme.catalogue import Catalogue

MOST_OF_A_KIND = 300


class TooManyFacts(Exception):
    """An order has more facts of one kind than any real order, so another one is not taken.

    The limit is per kind: with any number of deliveries, a return to sender and returns are still taken (R32, R34).
    """

    def __init__(self, number: str) -> None:
        super().__init__(f"Order {number} has {MOST_OF_A_KIND} facts of this kind already; this one is not taken.")


def changes_of_facts(
    catalogue: Catalogue, member: MemberToJudge, order: OrderToSettle, facts: Sequence[Fact], source: Source
) -> Changes:
    """The new facts as rows, and the points that they move together.

    For a member that is not active the facts are stored and nothing moves; those of a suspended one wait until it is
    reinstated (R5). `facts` are not known yet; points that are taken back, or credited after the order's verdict was
    final, get a verdict named after the last of them. Raises UnknownParcel, TooManyFacts.
    """
    known = facts_of(order)
    for fact in facts:
        _check_number(order.number, fact, known.values())
        known[fact.key] = fact
    state = fold(order_of(order), known.values())
    changes = Changes(facts=[_new_fact(order.number, fact, source) for fact in facts])
    if _is_kept(member, order):
        changes.kept_facts.extend(KeptFact(order.number, fact.key) for fact in facts)
    if facts and _moves_points(member, order):
        write_difference(changes, catalogue, member, order, known.values(), state, facts[-1], source.received_at)
    return changes


def _moves_points(member: MemberToJudge, order: OrderToSettle) -> bool:
    """Whether facts of the order move points now: its member is active, and no earlier fact waits (R5)."""
    return member.state == "ACTIVE" and not order.has_kept_facts


def _is_kept(member: MemberToJudge, order: OrderToSettle) -> bool:
    """Whether a new fact of the order waits until its member is reinstated (R5)."""
    return member.state == "SUSPENDED" or order.has_kept_facts


def _check_number(number: str, fact: Fact, known: Iterable[Fact]) -> None:
    """Raises TooManyFacts."""
    of_its_kind = sum(type(each) is type(fact) for each in known)
    if of_its_kind >= MOST_OF_A_KIND:
        raise TooManyFacts(number)


def _new_fact(number: str, fact: Fact, source: Source) -> NewFact:
    return NewFact(
        number=number,
        fact_key=fact.key,
        kind=type(fact).__name__,
        content=content_of(fact),
        occurred_at=fact.occurred_at,
        told_at=source.received_at,
        producer=source.producer,
        event_id=source.event_id,
    )
