"""Finding lost webhooks: parcels nobody speaks of, and deliveries that somebody else reports (design §5)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db.orders.rows import OrderRow, orders_by_number
from db.pool import Database
from db.webhooks import reconcile as rows
from loyalty.orders.fact_rows import fact_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.boxes import ParcelPhase
from loyalty.orders.rules.order import Order
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.refusals import InvalidInput

MOST_REPORTS = 1000
_OPEN = (ParcelPhase.EXPECTED, ParcelPhase.IN_TRANSIT)
_ARRIVED = (ParcelPhase.DELIVERED, ParcelPhase.RETURNED)


@dataclass(frozen=True, slots=True)
class SilentParcel:
    """A parcel without an end, of which nothing was heard since `heard_at`; no tracking number: the whole order."""

    member_id: UUID
    order_number: str
    tracking_number: str | None
    carrier: str | None
    state: ParcelPhase
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody says that an order, or a parcel of it, was delivered."""

    order_number: str | None
    tracking_number: str | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A delivery that nobody had told us of, and whether its order is known."""

    report: Report
    is_order_known: bool


async def silent_parcels(db: Database, after: timedelta, most: int = 100) -> list[SilentParcel]:
    """Parcels that should have ended and of which nobody said anything for `after`; of so many orders at most."""
    silent = {(each.member_id, each.number): each.heard_at for each in await rows.silent_orders(db, after, most)}
    orders = await orders_by_number(db, list(silent))
    found = [parcel for order in orders for parcel in _open_parcels(order, silent[order.member_id, order.number])]
    return sorted(found, key=lambda parcel: (parcel.heard_at, parcel.order_number, parcel.tracking_number or ""))


async def keep_reports(db: Database, reports: Sequence[Report], reporter: str) -> list[Missing]:
    """Keeps each reported delivery that is not known yet as an event of its own, to be applied like any other.

    It is kept as the native event that it should have been, with who reported it: a producer, a service, a person.
    Gives those that were missing; committed when this returns, and the same report again is no news. Raises
    InvalidInput for more than 1,000 reports or one that names nothing.
    """
    _check(reports)
    orders = await rows.orders_reported(
        db, [each.order_number for each in reports], [each.tracking_number for each in reports]
    )
    known = {(row.member_id, row.number): row for row in await orders_by_number(db, [*set(orders.values())])}
    events = {
        _event_id(report): Missing(report, place in orders)
        for place, report in enumerate(reports)
        if place not in orders or not _has_arrived(known[orders[place]], report.tracking_number)
    }
    bodies = [_body_of(missing.report) for missing in events.values()]
    new = await rows.keep_reports(db, list(events), bodies, reporter)
    return [missing for event_id, missing in events.items() if event_id in new]


def _check(reports: Sequence[Report]) -> None:
    if len(reports) > MOST_REPORTS:
        raise InvalidInput(f"At most {MOST_REPORTS} deliveries are reported at once.", "delivered")
    for place, report in enumerate(reports):
        if report.order_number is None and report.tracking_number is None:
            raise InvalidInput("Each names its order_number, its tracking_number, or both.", "delivered", str(place))


def _told(row: OrderRow) -> tuple[Order, OrderState]:
    order = order_of(row)
    return order, fold(order, [fact_of(kind, content, at) for kind, content, at in row.facts])


def _open_parcels(row: OrderRow, heard_at: datetime) -> list[SilentParcel]:
    """The order's parcels that have not ended; the order itself where it has none."""
    _, state = _told(row)
    found = [
        SilentParcel(row.member_id, row.number, parcel.tracking_number, parcel.carrier, parcel.state, heard_at)
        for parcel in state.parcels
        if parcel.state in _OPEN
    ]
    return found or [SilentParcel(row.member_id, row.number, None, None, ParcelPhase.EXPECTED, heard_at)]


def _has_arrived(row: OrderRow, tracking_number: str | None) -> bool:
    """Whether the parcel, or without its number every piece of the order, is known to have arrived or gone back."""
    order, state = _told(row)
    if tracking_number is not None:
        return any(p.tracking_number == tracking_number and p.state in _ARRIVED for p in state.parcels)
    return all(state.delivered[line] >= pieces for line, pieces in order.pieces.items())


def _event_id(report: Report) -> str:
    named = json.dumps([report.order_number, report.tracking_number, str(report.occurred_at or "")])
    return "reported-" + hashlib.sha256(named.encode()).hexdigest()[:40]


def _body_of(report: Report) -> bytes:
    """The report as the native event it should have been."""
    data = {"order_number": report.order_number, "tracking_number": report.tracking_number}
    if report.occurred_at is not None:
        data["occurred_at"] = report.occurred_at.isoformat()
    told = {name: value for name, value in data.items() if value is not None}
    return json.dumps({"type": "shipment.delivered", "data": told}).encode()
