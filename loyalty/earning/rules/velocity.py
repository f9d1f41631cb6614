"""Velocity (R70): activities above a limit within a minute wait for an operator."""

from dataclasses import replace
from datetime import datetime, timedelta

from loyalty.earning.rules.activity import Judgement
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms

_WINDOW = timedelta(minutes=1)
NO_ACTIVITIES = (
    EntryKind.SIGN_UP,
    EntryKind.PURCHASE,
    EntryKind.REDEMPTION,
    EntryKind.CLAWBACK,
    EntryKind.LAPSE,
    EntryKind.ADJUSTMENT,
)
"""Kinds of verdicts that are not on a member's activity in the app."""


def limit_of(terms: Terms, override: int | None) -> int | None:
    """Activities of one member, or of one device, within a minute; None where there is no limit.

    The setting overrides the terms; a setting of 0 means no limit.
    """
    return (terms.velocity_per_minute if override is None else override) or None


def counted_since(now: datetime) -> datetime:
    """The moment after which activities count towards the limit."""
    return now - _WINDOW


def is_too_fast(of_member: int, of_device: int, limit: int) -> bool:
    """Whether one more than these, judged within a minute, is above the limit."""
    return max(of_member, of_device) >= limit


def on_hold_for_operator(judgement: Judgement) -> Judgement:
    """The same points, waiting for an operator; a refused judgement stays refused."""
    if judgement.outcome is Outcome.REFUSED:
        return judgement
    return replace(
        judgement,
        outcome=Outcome.WAITING,
        code=Code.WAITING_FOR_OPERATOR,
        awaiting=Awaiting.REVIEW_BY_OPERATOR,
        due_at=None,
    )
