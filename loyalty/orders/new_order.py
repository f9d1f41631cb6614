"""Writes a new order: the order, its verdict, and a promise for each part of its points (R13)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes, NewOrder, NewVerdict
from loyalty.ledger.pending import promise_points
from loyalty.ledger.rules.parts import Part
from loyalty.orders.rows import lines_as_rows, parcels_as_rows
from loyalty.orders.rules.order import Order, all_kept
from loyalty.orders.rules.purchase import purchase_campaigns, worth
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms


def write_order(
    changes: Changes,
    member: MemberToJudge,
    order: Order,
    terms: Terms,
    catalogue: Catalogue,
    key: str,
    order_hash: str,
) -> UUID:
    """Adds the order, its verdict and a promise for each part of its points if all of it is kept; gives the
    verdict's id."""
    campaigns = purchase_campaigns(order, terms, catalogue.campaigns)
    whole = worth(order, all_kept(order), terms, campaigns)
    names = {campaign.id: campaign.name for campaign in campaigns}
    verdict = _verdict_on(order, whole.total, key, member.now, terms.version, tuple(names))
    changes.verdicts.append(verdict)
    changes.orders.append(_row_of(order, verdict, order_hash))
    promise_points(
        changes,
        verdict_id=verdict.verdict_id,
        parts=_parts(whole.base, whole.bonuses, names, order.number),
        source=f"order:{order.number}",
        awaiting=Awaiting.DELIVERY,
        occurred_at=order.placed_at,
        promised_at=member.now,
    )
    return verdict.verdict_id


def _verdict_on(
    order: Order, points: int, key: str, now: datetime, terms_version: str, campaign_ids: tuple[str, ...]
) -> NewVerdict:
    return NewVerdict(
        verdict_id=uuid4(),
        key=key,
        business_key=f"order:{order.number}",
        kind=EntryKind.PURCHASE,
        outcome=Outcome.WAITING if points else Outcome.REFUSED,
        code=Code.WAITING_FOR_DELIVERY if points else Code.NOTHING_TO_EARN,
        points=points,
        reference=order.number,
        occurred_at=order.placed_at,
        decided_at=now,
        terms_version=terms_version,
        campaign_ids=campaign_ids,
    )


def _row_of(order: Order, verdict: NewVerdict, order_hash: str) -> NewOrder:
    return NewOrder(
        number=order.number,
        verdict_id=verdict.verdict_id,
        placed_at=order.placed_at,
        currency=order.currency,
        lines=lines_as_rows(order),
        parcels=parcels_as_rows(order),
        shipping_minor=order.shipping_minor,
        discount_minor=order.discount_minor,
        terms_version=verdict.terms_version,
        campaign_ids=verdict.campaign_ids,
        content_hash=order_hash,
    )


def _parts(base: int, bonuses: Mapping[str, int], names: dict[str, str], number: str) -> list[Part]:
    parts = [Part(EntryKind.PURCHASE, base, None, number)] if base else []
    for key, points in bonuses.items():
        named = " + ".join(names[campaign_id] for campaign_id in key.split("+"))
        parts.append(Part(EntryKind.CAMPAIGN_BONUS, points, key, named))
    return parts
