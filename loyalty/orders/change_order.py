"""Changes of an order that was recorded before, by the storefront: its parcels, lines and cancellations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import LinkedParcel
from db.orders.numbers import order_owner
from db.orders.settle import OrderToSettle, order_to_settle
from db.pool import Queryable
from db.webhooks.inbox import retry_deliveries, unpark_deliveries
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of, verdict_answer
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.orders.difference import facts_of
from loyalty.orders.record import OrderVerdict
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import STOREFRONT_REPORTS, Fact
from loyalty.orders.rules.growth import ParcelRecorded
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.orders.settling import TooManyFacts, changes_of_facts
from loyalty.orders.sources import OwnSource
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class OrderToChange:
    """An order as it is known before a change, with its member, and the terms that it was judged by."""

    member: MemberToJudge
    row: OrderToSettle
    facts: dict[str, Fact]
    state: OrderState
    catalogue: Catalogue

    @property
    def terms(self) -> Terms:
        """The terms that the order was judged by."""
        return self.catalogue.terms_called(self.member.market, self.row.terms_version)


FactsOf = Callable[[OrderToChange], Sequence[Fact]]
"""The new facts of a change; none if it was made before. Raises the refusals of the change."""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change as the storefront reports it. `operation` is its name, and `content` the input that its key stands for.

    `tracking_numbers`: what waited under them may be about this order now (R34).
    """

    operation: str
    number: str
    content: object
    facts: FactsOf
    tracking_numbers: Sequence[str] = ()


async def change_order(programme: Programme, caller: Caller, change: OrderChange, key: str) -> OrderVerdict:
    """Adds the change's facts to its order, and moves the order's points so that they agree with all its facts.

    For a member that is not active the facts are stored and nothing moves (R5). Deliveries that waited for the change
    are applied by a worker soon after. Refusals: NotFound for an unknown
    order, IdempotencyMismatch, InvalidInput for more facts than any real order has, and those of the change.
    """
    request = request_of(caller, change.operation, key, [change.number, change.content])
    owner = await order_owner(programme.db, change.number)
    if owner is None:
        raise NotFound("NOT_FOUND", "There is no order with this number.")
    changing = _Changing(programme, change, f"{change.operation}:{key}")
    result = await decide(programme.db, Decision(MemberRef(member_id=owner), request, changing.judge))
    await unpark_deliveries(programme.db, [change.number], change.tracking_numbers)
    await retry_deliveries(programme.db, change.number)
    answer = result.answer
    return OrderVerdict(UUID(answer["member_id"]), answer["number"], UUID(answer["verdict_id"]), result.written)


@dataclass(frozen=True, slots=True)
class _Changing:
    """A change while it is judged."""

    programme: Programme
    change: OrderChange
    event_id: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The new facts, and the points that they move. Raises InvalidInput and the refusals of the change."""
        row = await order_to_settle(db, member.member_id, self.change.number)
        assert row is not None
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        known = facts_of(row)
        state = fold(order_of(row), known.values())
        facts = self.change.facts(OrderToChange(member, row, known, state, catalogue))
        source = OwnSource(STOREFRONT_REPORTS, self.event_id, member.now)
        try:
            changes = changes_of_facts(catalogue, member, row, facts, source)
        except TooManyFacts as error:
            raise InvalidInput(str(error), "input") from error
        changes.linked_parcels.extend(_linked(row.number, facts))
        answer = verdict_answer("OrderRecorded", member.member_id, row.verdict_id) | {"number": row.number}
        return Ruling(answer, changes)


def _linked(number: str, facts: Sequence[Fact]) -> list[LinkedParcel]:
    """The new parcels' numbers, each once, with a carrier if one is known."""
    carriers: dict[str, str | None] = {}
    for fact in facts:
        if isinstance(fact, ParcelRecorded):
            carriers[fact.tracking_number] = carriers.get(fact.tracking_number) or fact.carrier
    return [LinkedParcel(tracking_number, number, carrier) for tracking_number, carrier in carriers.items()]
