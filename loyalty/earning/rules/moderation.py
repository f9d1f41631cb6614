"""Moderation (R16, R16a, R35): what a publication grants, and what becomes of points whose review or share is gone."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from loyalty.earning.rules.activity import Judgement
from loyalty.programme.rules.kinds import Awaiting, Code, Outcome
from loyalty.programme.rules.terms import TakingBack


class Removal(StrEnum):
    """What a removal does to the verdict on a review or share."""

    REFUSE = "REFUSE"
    TAKE_BACK = "TAKE_BACK"
    ASK_OPERATOR = "ASK_OPERATOR"
    NOTHING = "NOTHING"


def removal_of(outcome: str, policy: TakingBack) -> Removal:
    """R35: what still waits is refused in place; what was granted is taken back, or an operator is asked.

    What was refused has nothing to lose.
    """
    if outcome == Outcome.WAITING:
        return Removal.REFUSE
    if outcome not in (Outcome.GRANTED, Outcome.REDUCED):
        return Removal.NOTHING
    return Removal.ASK_OPERATOR if policy == "operator" else Removal.TAKE_BACK


def when_published(judgement: Judgement, due_at: datetime) -> Judgement:
    """R16a: a review that is told as published waits for nothing but its hold; what is refused stays refused."""
    if judgement.outcome is Outcome.REFUSED:
        return judgement
    return replace(judgement, outcome=Outcome.GRANTED, code=Code.GRANTED, awaiting=Awaiting.HOLD, due_at=due_at)
