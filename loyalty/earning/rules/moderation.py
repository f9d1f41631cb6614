"""Moderation (R16, R16a, R35): the effects of a publication, and of the removal of a review or share."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from loyalty.earning.rules.activity import Judgement
from loyalty.programme.rules.kinds import Awaiting, Code, Outcome
from loyalty.programme.rules.terms import TakingBack


class Removal(StrEnum):
    """The effect of a removal on the verdict on a review or share."""

    REFUSE = "REFUSE"
    TAKE_BACK = "TAKE_BACK"
    ASK_OPERATOR = "ASK_OPERATOR"
    NOTHING = "NOTHING"


def removal_of(outcome: str, policy: TakingBack) -> Removal:
    """R35: a verdict that waits is refused in place; a granted one is taken back, or waits for an operator.

    A refused one has no points to lose.
    """
    if outcome == Outcome.WAITING:
        return Removal.REFUSE
    if outcome not in (Outcome.GRANTED, Outcome.REDUCED):
        return Removal.NOTHING
    return Removal.ASK_OPERATOR if policy == "operator" else Removal.TAKE_BACK


def when_published(judgement: Judgement, due_at: datetime) -> Judgement:
    """R16a: a review reported as published waits only for its hold; a refused one stays refused."""
    if judgement.outcome is Outcome.REFUSED:
        return judgement
    return replace(judgement, outcome=Outcome.GRANTED, code=Code.GRANTED, awaiting=Awaiting.HOLD, due_at=due_at)


def is_published_after(published_at: datetime | None, removed_at: datetime | None) -> bool:
    """R16a: whether a publication counts after a removal that was reported before it.

    Only if both have a moment and the publication's is later; otherwise the removal stands.
    """
    return published_at is not None and removed_at is not None and published_at > removed_at


def is_removal_outdated(removed_at: datetime | None, published_at: datetime | None) -> bool:
    """R16a: whether a removal that is reported after a publication happened before it. Without both moments what was
    reported last counts, which is the removal."""
    return removed_at is not None and published_at is not None and removed_at < published_at
