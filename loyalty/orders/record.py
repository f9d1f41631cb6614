"""An order was placed and paid by a signed-in member (R12, R12a, R13): its points wait for delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewOrder, NewVerdict
from db.orders.numbers import order_known
from db.pool import Queryable
from db.webhooks.inbox import unpark_deliveries
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, content_hash, request_of, verdict_answer
from loyalty.ledger.decide import decide
from loyalty.ledger.pending import promise_points
from loyalty.ledger.rules.parts import Part
from loyalty.orders.rows import lines_as_rows, parcels_as_rows
from loyalty.orders.rules.order import Order, all_kept
from loyalty.orders.rules.order_check import check_order
from loyalty.orders.rules.purchase import purchase_campaigns, worth
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import BeforeTheProgramme, InvalidInput, MemberNotActive


@dataclass(frozen=True, slots=True)
class OrderToRecord:
    """What the storefront tells: whose order it is, and the order. Amounts in minor units."""

    mi_id: str
    order: Order


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """The order's number and the verdict it was given."""

    member_id: UUID
    number: str
    verdict_id: UUID


async def record_order(programme: Programme, caller: Caller, told: OrderToRecord, key: str) -> RecordedOrder:
    """Keeps an order and promises what it is worth, to be credited parcel by parcel (R31).

    The same number again is the same order and verdict; with other content or for another member it is InvalidInput,
    ORDER_KNOWN (R61). Other refusals: NotAMember, InvalidInput (the list in rules.md), MemberNotActive when closed,
    IdempotencyMismatch. Deliveries that came before the order are applied by a worker soon after.
    """
    order = told.order
    _refuse_problems(order, check_order(order))
    content = content_of_order(told)
    request = request_of(caller, "recordOrder", key, content)

    async def judge(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        known = await order_known(db, order.number)
        if known is not None:
            if known.member_id != member.member_id or known.content_hash != content_hash(content):
                raise InvalidInput(
                    "This order number was told before with other content.",
                    "input",
                    "number",
                    code="ORDER_KNOWN",
                )
            assert known.verdict_id is not None
            return Changes(), _answer(member.member_id, known.verdict_id, order.number)
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        catalogue = await programme.catalogue_at(member.programme_version, db)
        terms = _terms_of(catalogue, member, order)
        changes = Changes()
        verdict_id = _promise(changes, member, order, terms, catalogue, key, content_hash(content))
        return changes, _answer(member.member_id, verdict_id, order.number)

    answer = await decide(programme.db, MemberRef(mi_id=told.mi_id), request, judge)
    await unpark_deliveries(programme.db, order.number, [parcel.tracking_number for parcel in order.parcels])
    return RecordedOrder(UUID(answer["member_id"]), answer["number"], UUID(answer["verdict_id"]))


def _answer(member_id: UUID, verdict_id: UUID, number: str) -> Answer:
    return verdict_answer("OrderRecorded", member_id, verdict_id) | {"number": number}


def content_of_order(told: OrderToRecord) -> list[object]:
    """What an order is known by when it is told again: all of it, and whose it is."""
    order = told.order
    return [
        told.mi_id,
        order.number,
        order.placed_at,
        order.currency,
        lines_as_rows(order),
        parcels_as_rows(order),
        order.shipping_minor,
        order.discount_minor,
    ]


def _refuse_problems(order: Order, problems: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    if problems:
        code, path = problems[0]
        raise InvalidInput(_sentence_of(order, path), *path, code=code)


def _sentence_of(order: Order, path: tuple[str, ...]) -> str:
    if path[-1] == "lines" and "parcels" not in path:
        return "An order is of at most 21 474 836.47 in all." if order.lines else "An order needs lines."
    return _SENTENCES[path[-1]]


_SENTENCES = {
    "number": "An order needs a number.",
    "currency": "An order is in its market's currency.",
    "lines": "A parcel names the lines that travel in it.",
    "id": "Every line needs an id of its own.",
    "productId": "Every line names its product.",
    "quantity": "A quantity is at least 1 and no more than was bought.",
    "paidMinor": "An amount is never below zero.",
    "shippingMinor": "An amount is never below zero.",
    "discountMinor": "A discount is between zero and what the goods cost.",
    "trackingNumber": "Every parcel needs a tracking number of its own.",
    "lineId": "A parcel names lines of its order.",
    "placedAt": "This lies in the future.",
}


def _terms_of(catalogue: Catalogue, member: MemberToJudge, order: Order) -> Terms:
    """The terms in force when the order was placed (R21). Raises InvalidInput for another currency or a wrong date."""
    terms = catalogue.terms_for(member.market, order.placed_at)
    if terms is None:
        raise BeforeTheProgramme(catalogue.began_on(member.market), "input", "placedAt")
    _refuse_problems(
        order, check_order(order, currency=terms.currency, now=member.now, future_seconds=terms.future_seconds)
    )
    return terms


def _promise(
    changes: Changes,
    member: MemberToJudge,
    order: Order,
    terms: Terms,
    catalogue: Catalogue,
    key: str,
    order_hash: str,
) -> UUID:
    """Adds the order, its verdict and a promise for each part of what it is worth when all of it is kept."""
    verdict_id = uuid4()
    campaigns = purchase_campaigns(order, terms, catalogue.campaigns)
    whole = worth(order, all_kept(order), terms, campaigns)
    names = {campaign.id: campaign.name for campaign in campaigns}
    source = f"order:{order.number}"
    changes.verdicts.append(
        NewVerdict(
            verdict_id=verdict_id,
            key=key,
            business_key=source,
            kind=EntryKind.PURCHASE,
            outcome=Outcome.WAITING if whole.total else Outcome.REFUSED,
            code=Code.WAITING_FOR_DELIVERY if whole.total else Code.NOTHING_TO_EARN,
            points=whole.total,
            reference=order.number,
            occurred_at=order.placed_at,
            decided_at=member.now,
            terms_version=terms.version,
            campaign_ids=tuple(names),
        )
    )
    changes.orders.append(
        NewOrder(
            number=order.number,
            verdict_id=verdict_id,
            placed_at=order.placed_at,
            currency=order.currency,
            lines=lines_as_rows(order),
            parcels=parcels_as_rows(order),
            shipping_minor=order.shipping_minor,
            discount_minor=order.discount_minor,
            terms_version=terms.version,
            campaign_ids=tuple(names),
            content_hash=order_hash,
        )
    )
    promise_points(
        changes,
        verdict_id=verdict_id,
        parts=_parts(whole.base, whole.bonuses, names, order.number),
        source=source,
        awaiting=Awaiting.DELIVERY,
        occurred_at=order.placed_at,
        promised_at=member.now,
        due_at=None,
        lapses_on=None,
    )
    return verdict_id


def _parts(base: int, bonuses: Mapping[str, int], names: dict[str, str], number: str) -> list[Part]:
    parts = [Part(EntryKind.PURCHASE, base, None, number)] if base else []
    for key, points in bonuses.items():
        named = " + ".join(names[campaign_id] for campaign_id in key.split("+"))
        parts.append(Part(EntryKind.CAMPAIGN_BONUS, points, key, named))
    return parts
