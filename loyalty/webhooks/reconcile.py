"""Finds lost webhooks: parcels without recent news, and deliveries that others report afterwards (design §5)."""

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
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.refusals import InvalidInput

MOST_REPORTS = 1000
_OPEN = (ParcelPhase.EXPECTED, ParcelPhase.IN_TRANSIT)
_ARRIVED = (ParcelPhase.DELIVERED, ParcelPhase.RETURNED)


@dataclass(frozen=True, slots=True)
class SilentParcel:
    """A parcel that has not ended, and the moment `heard_at` of its last news. Without a tracking number it stands for
    the whole order."""

    member_id: UUID
    order_number: str
    tracking_number: str | None
    carrier: str | None
    state: ParcelPhase
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """A statement that an order, or one of its parcels, was delivered."""

    order_number: str | None
    tracking_number: str | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A reported delivery that we did not know, and whether we know its order."""

    report: Report
    is_order_known: bool


async def silent_parcels(db: Database, after: timedelta, most: int = 100) -> list[SilentParcel]:
    """Parcels that have not ended and had no news for `after`, the longest silent first; of at most `most` orders."""
    silent = await _parcels_of(db, await rows.silent_orders(db, after, most))
    parcels = [parcel for of_order in silent for parcel in of_order]
    return sorted(parcels, key=lambda parcel: (parcel.heard_at, parcel.order_number, parcel.tracking_number or ""))


async def parcels_to_ask(db: Database, after: timedelta, most: int) -> list[list[SilentParcel]]:
    """The open parcels of at most `most` silent orders that producers may be asked about, order by order: those never
    asked about first, then those asked about longest ago, so that each one's turn comes."""
    return await _parcels_of(db, await rows.orders_to_ask(db, after, most))


async def _parcels_of(db: Database, silent: Sequence[rows.SilentOrder]) -> list[list[SilentParcel]]:
    """The open parcels of each silent order, in the order of `silent`."""
    keys = [(each.member_id, each.number) for each in silent]
    orders = {(order.member_id, order.number): order for order in await orders_by_number(db, keys)}
    return [_open_parcels(orders[each.member_id, each.number], each.heard_at) for each in silent]


async def keep_reports(db: Database, reports: Sequence[Report], reporter: str) -> list[Missing]:
    """Stores each reported delivery that is not known yet as an event, which is applied like any other.

    It is stored in the form of the native event that it should have been, with its reporter: a producer, a service or a
    person. Returns the deliveries that were missing; a repeated report is not among them. Committed when this returns.
    Raises InvalidInput for more than 1,000 reports, or for one without order number and tracking number.
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


def _state_of(row: OrderRow) -> OrderState:
    return fold(order_of(row), [fact_of(*fact) for fact in row.facts])


def _open_parcels(row: OrderRow, heard_at: datetime) -> list[SilentParcel]:
    """The order's parcels that have not ended; if there is none, the order itself."""
    state = _state_of(row)
    silent = [
        SilentParcel(row.member_id, row.number, parcel.tracking_number, parcel.carrier, parcel.state, heard_at)
        for parcel in state.parcels
        if parcel.state in _OPEN
    ]
    return silent or [SilentParcel(row.member_id, row.number, None, None, ParcelPhase.EXPECTED, heard_at)]


def _has_arrived(row: OrderRow, tracking_number: str | None) -> bool:
    """Whether the parcel has arrived or was returned; without a tracking number, whether every piece of the order was
    delivered."""
    state = _state_of(row)
    if tracking_number is not None:
        return any(p.tracking_number == tracking_number and p.state in _ARRIVED for p in state.parcels)
    return all(state.delivered[line] >= pieces for line, pieces in state.order.pieces.items())


def _event_id(report: Report) -> str:
    named = json.dumps([report.order_number, report.tracking_number, str(report.occurred_at or "")])
    return "reported-" + hashlib.sha256(named.encode()).hexdigest()[:40]


def _body_of(report: Report) -> bytes:
    """The report as the native event it should have been."""
    data = {"order_number": report.order_number, "tracking_number": report.tracking_number}
    if report.occurred_at is not None:
        data["occurred_at"] = report.occurred_at.isoformat()
    present = {name: value for name, value in data.items() if value is not None}
    return json.dumps({"type": "shipment.delivered", "data": present}).encode()
