"""What new facts about an order change: its worth by all facts is compared with the points posted (R31-R36)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes, KeptFact, NewFact
from db.orders.settle import OrderToSettle
from loyalty.orders.campaigns import campaigns_of
from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import Cancelled, Fact, Returned
from loyalty.orders.rules.settlement import Settlement, order_outcome, settle_state
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.orders.settlement_writer import SettlementWriter, points_by_part
from loyalty.orders.sources import Source
from loyalty.programme.calendars import lot_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.kinds import Code

MOST_OF_A_KIND = 300


class TooManyFacts(Exception):
    """An order has more facts of one kind than any real order, so another one is not taken.

    The limit is per kind: with any number of deliveries, a return to sender and returns are still taken (R32, R34).
    """

    def __init__(self, number: str) -> None:
        super().__init__(f"Order {number} has {MOST_OF_A_KIND} facts of this kind already; this one is not taken.")


def facts_of(order: OrderToSettle) -> dict[str, Fact]:
    """The facts known about an order, by key."""
    return {key: fact_of(kind, content, at, producer) for key, kind, content, at, producer in order.facts}


def changes_of_facts(
    catalogue: Catalogue, member: MemberToJudge, order: OrderToSettle, facts: Sequence[Fact], source: Source
) -> Changes:
    """The new facts as rows, and the points that they move together.

    For a member that is not active the facts are stored and nothing moves; those of a suspended one wait until it is
    reinstated (R5). `facts` are not known yet; points that
    are taken back, or credited after the order's verdict was final, get a verdict named after the last of them. Raises
    UnknownParcel, TooManyFacts.
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
        write_settlement(changes, catalogue, member, order, known.values(), state, facts[-1], source.received_at)
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


def write_settlement(
    changes: Changes,
    catalogue: Catalogue,
    member: MemberToJudge,
    order: OrderToSettle,
    facts: Iterable[Fact],
    state: OrderState,
    fact: Fact,
    at: datetime,
) -> None:
    """Compares and writes the difference, by the terms and campaigns the order was recorded with (R21).

    `state` is what `facts` give together, `fact` the newest of them, `at` the moment of the entries.
    """
    terms = catalogue.terms_called(member.market, order.terms_version)
    campaigns = campaigns_of(catalogue, order.campaign_ids, facts)
    settlement = settle_state(state, terms, campaigns, _posted(order), points_by_part(order.promises, "PROMISED"))
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
    if isinstance(fact, Returned | Cancelled) or settlement.take_back or settlement.cancel:
        business_key, code = _reversal_of(order.number, fact)
        writer.reverse(business_key, code, settlement.take_back, settlement.cancel)
    outcome, code = order_outcome(
        _whole(order, settlement),
        sum(settlement.still_pending.values()),
        ever_posted=writer.granted_in_all() > 0,
        any_return=state.any_return,
        is_cancelled=state.is_cancelled,
    )
    writer.turn_verdict(outcome, code)


def _whole(order: OrderToSettle, settlement: Settlement) -> int:
    """All points that were ever promised for the order; 0 if it was never worth any."""
    return sum(promise.points for promise in order.promises) + sum(settlement.promise.values())


def _posted(order: OrderToSettle) -> Mapping[str, int]:
    """Points credited so far, less those taken back, by part."""
    credited = points_by_part(order.promises, "POSTED")
    return {part: points - order.taken.get(part, 0) for part, points in credited.items()}


def quoted(part: str) -> str:
    """A part of a business key, with its own colons quoted."""
    return part.replace("%", "%25").replace(":", "%3A")


def _reversal_of(number: str, fact: Fact) -> tuple[str, Code]:
    """The business key and code under which points go back: of the return or cancellation, or of the parcel that did
    not arrive."""
    if isinstance(fact, Returned):
        return f"return:{quoted(number)}:{fact.return_id}", Code.RETURNED
    if isinstance(fact, Cancelled):
        return f"cancel:{quoted(number)}:{fact.cancellation_id}", Code.CANCELLED
    return f"not_delivered:{quoted(number)}:{fact.key}", Code.NOT_DELIVERED
