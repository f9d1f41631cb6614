"""The difference between an order's worth by its facts and the points posted (R31-R36), as changes."""

from collections.abc import Iterable
from datetime import datetime

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes
from db.orders.settle import OrderToSettle
from loyalty.orders.campaigns import campaigns_of
from loyalty.orders.fact_rows import fact_of
from loyalty.orders.rules.facts import Cancelled, Fact, Returned
from loyalty.orders.rules.settlement import Settlement, order_outcome, settle_state
from loyalty.orders.rules.shipment import OrderState
from loyalty.orders.settlement_writer import SettlementWriter, points_by_part
from loyalty.programme.calendars import lot_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.kinds import Code


def facts_of(order: OrderToSettle) -> dict[str, Fact]:
    """All facts about an order, by key."""
    return {key: fact_of(kind, content, at, producer) for key, kind, content, at, producer in order.facts}


def write_difference(
    changes: Changes,
    catalogue: Catalogue,
    member: MemberToJudge,
    order: OrderToSettle,
    facts: Iterable[Fact],
    state: OrderState,
    fact: Fact,
    at: datetime,
) -> None:
    """Adds the difference to `changes`, by the terms and campaigns the order was recorded with (R21).

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


def _posted(order: OrderToSettle) -> dict[str, int]:
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
