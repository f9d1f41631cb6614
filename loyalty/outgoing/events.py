"""The body and the headers of an event. Pure: an event has the same body at every attempt."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from db.outgoing.events import Event
from loyalty.webhooks.producers.native import expected_signature

TYPES = ("points.credited", "points.clawed_back", "coupon.issued", "points.lapsing_soon")

_PREFIX = "evt_"


def event_name(event_id: UUID) -> str:
    """An event's id as receivers get it, in `webhook-id`."""
    return f"{_PREFIX}{event_id.hex}"


def event_named(name: str) -> UUID | None:
    """The event's id in a `webhook-id`; None if it is none of ours."""
    try:
        return UUID(hex=name.removeprefix(_PREFIX))
    except ValueError:
        return None


def body_of(event: Event) -> bytes:
    """The body: type, timestamp and data, as Standard Webhooks recommends."""
    place = {"sequence": event.sequence, "previous": event.previous, "member": _member(event)}
    data = place | _DATA[event.type](event)
    body = {"type": event.type, "timestamp": _instant(event.created_at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(event: Event, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature for each active secret, over the time `now`."""
    name, timestamp = event_name(event.event_id), str(int(now.timestamp()))
    signed = f"{name}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "mi-points",
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{expected_signature(secret, signed)}" for secret in event.secrets),
    }


def _member(event: Event) -> dict[str, Any]:
    """The member of the event. `id` stands for this membership at this endpoint only (R71): a person who was erased and
    joins again gets another id and counts from 1, and two receivers cannot compare their ids."""
    membership = uuid5(event.endpoint_id, str(event.member_id))
    return {"id": f"mbr_{membership.hex}", "miId": event.mi_id, "market": event.market}


def _line(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "points": event.points,
        "balanceAfter": event.balance_after,
        "entry": event.entry_seq,
        "reference": event.reference,
        "occurredAt": _instant(event.occurred_at),
    }


def _coupon(event: Event) -> dict[str, Any]:
    return {
        "couponId": str(event.coupon_id),
        "code": event.code,
        "rewardId": event.reward_id,
        "value": {"amountMinor": event.value_minor, "currency": event.currency},
        "minimumMinor": event.minimum_minor,
        "cost": event.cost,
        "expiresAt": _instant(event.expires_at),
        "balanceAfter": event.balance_after,
        "entry": event.entry_seq,
    }


def _lapsing(event: Event) -> dict[str, Any]:
    return {"points": event.points, "lapsesOn": _day(event.lapses_on)}


_DATA: dict[str, Callable[[Event], dict[str, Any]]] = {
    "points.credited": _line,
    "points.clawed_back": _line,
    "coupon.issued": _coupon,
    "points.lapsing_soon": _lapsing,
}


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
