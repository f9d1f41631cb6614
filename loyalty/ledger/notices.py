"""Notices to members (R50): each is written once, under an id that follows from its subject."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid5

from db.ledger.record import NewNotice

_NOTICES = UUID("6c1de7f4-0a0e-4c0e-9a53-2f1f9d7b6a11")


def points_lapsing(lapses_on: date, points: int, at: datetime) -> NewNotice:
    """Sent a month before points lapse; `points` are the points of the lot now."""
    return _notice("POINTS_LAPSING", str(lapses_on), points, lapses_on, None, at)


def points_lapsed(lapses_on: date, points: int, lapsed_before: int, at: datetime) -> NewNotice:
    """Points have lapsed. A lot that got points late lapses once more; the points lapsed before make the ids differ."""
    subject = f"{lapses_on}:{lapsed_before}" if lapsed_before else str(lapses_on)
    return _notice("POINTS_LAPSED", subject, points, lapses_on, None, at)


def coupon_expiring(coupon_id: UUID, code: str, expires_on: date, at: datetime) -> NewNotice:
    """Sent some days before a coupon expires; `expires_on` is the first day on which it cannot be used."""
    return _notice("COUPON_EXPIRING", str(coupon_id), None, expires_on, code, at)


def clawback(business_key: str, points: int, reference: str | None, at: datetime, cause: str, debt: int) -> NewNotice:
    """Points were taken back; `business_key` is the key of the event that caused it, `cause` its code, and `debt` the
    points that the member owes because of it."""
    return replace(_notice("CLAWBACK", business_key, points, None, reference, at), cause=cause, debt=debt)


def _notice(
    kind: str, subject: str, points: int | None, lapses_on: date | None, reference: str | None, at: datetime
) -> NewNotice:
    """The id is unique among the member's notices: writing the same notice again is an error."""
    return NewNotice(uuid5(_NOTICES, f"{kind}:{subject}"), kind, points, lapses_on, reference, at)
