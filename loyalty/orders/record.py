"""An order was placed and paid by a signed-in member (R12, R12a, R13): its points wait for delivery."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes
from db.orders.numbers import KnownOrder, order_known
from db.pool import Queryable
from db.webhooks.inbox import unpark_deliveries
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, content_hash, request_of, verdict_answer
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.written import Written
from loyalty.orders.new_order import write_order
from loyalty.orders.problems import refuse_problems
from loyalty.orders.rows import lines_as_rows, order_of, parcels_as_rows
from loyalty.orders.rules.order import Order
from loyalty.orders.rules.order_check import check_order
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import BeforeTheProgramme, InvalidInput, MemberNotActive


@dataclass(frozen=True, slots=True)
class OrderToRecord:
    """An order as the storefront reports it, with its member's Mi account id. Amounts in minor units."""

    mi_id: str
    order: Order


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """The order's number and the verdict it was given."""

    member_id: UUID
    number: str
    verdict_id: UUID
    written: Written | None = field(default=None, compare=False, repr=False)


async def record_order(programme: Programme, caller: Caller, reported: OrderToRecord, key: str) -> OrderVerdict:
    """Stores an order and promises its points, to be credited parcel by parcel (R31).

    The same number again is the same order and verdict, in whatever order its lines, parcels and pieces are; with other
    content or for another member it is InvalidInput, ORDER_KNOWN (R61). Other refusals: NotAMember, InvalidInput (the
    list in rules.md), MemberNotActive when closed, IdempotencyMismatch. Webhooks that came before the order are applied
    by a worker soon after.
    """
    order = reported.order
    refuse_problems(order.lines, check_order(order))
    content = content_of_order(reported)
    in_order, about = replace(reported, order=_in_any_order(order)), {"order": order.number}
    request = request_of(caller, "recordOrder", key, content_of_order(in_order), about, before=content)

    recording = _Recording(programme, reported, content, key)
    result = await decide(programme.db, Decision(MemberRef(mi_id=reported.mi_id), request, recording.judge))
    answer = result.answer
    await unpark_deliveries(programme.db, [order.number], [parcel.tracking_number for parcel in order.parcels])
    return OrderVerdict(UUID(answer["member_id"]), answer["number"], UUID(answer["verdict_id"]), result.written)


@dataclass(frozen=True, slots=True)
class _Recording:
    """A reported order while it is judged; `content` is all of it as it was reported."""

    programme: Programme
    reported: OrderToRecord
    content: list[object]
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The order and its promises; for a known order, the verdict that it has (R61)."""
        order, changes = self.reported.order, Changes()
        known = await order_known(db, order.number)
        if known is not None:
            verdict_id = self._verdict_again(known, member)
        elif member.state == "CLOSED":
            raise MemberNotActive(member.state)
        else:
            catalogue = await self.programme.catalogue_at(member.programme_version, db)
            terms = _terms_of(catalogue, member, order)
            verdict_id = write_order(changes, member, order, terms, catalogue, self.key, content_hash(self.content))
        return Ruling(_answer(member.member_id, verdict_id, order.number), changes)

    def _verdict_again(self, known: KnownOrder, member: MemberToJudge) -> UUID:
        is_same = known.order is not None and _in_any_order(order_of(known.order)) == _in_any_order(self.reported.order)
        if known.member_id != member.member_id or not is_same:
            raise InvalidInput(
                "This order number was told before with other content.", "input", "number", code="ORDER_KNOWN"
            )
        assert known.order is not None
        return known.order.verdict_id


def _answer(member_id: UUID, verdict_id: UUID, number: str) -> Answer:
    return verdict_answer("OrderRecorded", member_id, verdict_id) | {"number": number}


def _in_any_order(order: Order) -> Order:
    """The order with its lines and parcels in an order of their own: theirs is no content (R61)."""
    parcels = sorted(order.parcels, key=lambda each: (each.tracking_number, each.carrier or "", sorted(each.pieces)))
    return replace(order, lines=tuple(sorted(order.lines, key=lambda line: line.id)), parcels=tuple(parcels))


def content_of_order(reported: OrderToRecord) -> list[object]:
    """All of an order, and its member; the hash that is stored with an order covers it as it was first reported."""
    order = reported.order
    return [
        reported.mi_id,
        order.number,
        order.placed_at,
        order.currency,
        lines_as_rows(order),
        parcels_as_rows(order),
        order.shipping_minor,
        order.discount_minor,
    ]


def _terms_of(catalogue: Catalogue, member: MemberToJudge, order: Order) -> Terms:
    """The terms in force when the order was placed (R21). Raises InvalidInput for another currency or a wrong date."""
    terms = catalogue.terms_for(member.market, order.placed_at)
    if terms is None:
        raise BeforeTheProgramme(catalogue.began_on(member.market), "input", "placedAt")
    refuse_problems(
        order.lines, check_order(order, currency=terms.currency, now=member.now, future_seconds=terms.future_seconds)
    )
    return terms
