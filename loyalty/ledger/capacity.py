"""The most points that one membership can hold (R37): the largest whole number of the contract."""

from db.ledger.member import MemberToJudge
from db.ledger.record import Changes
from loyalty.ledger.journal import moved
from loyalty.refusals import InvalidInput

MOST_POINTS = 2**31 - 1
"""Points: available and promised together, ever credited, or owed."""

_CREDITS = ("pending", "issuance", "revoked")


def check_capacity(member: MemberToJudge, changes: Changes, *path: str) -> None:
    """Raises InvalidInput with the path if the points credited, promised or owed would exceed MOST_POINTS.

    Promised points count already, so no promise exceeds the limit when it is credited.
    """
    promised = moved(changes, "pending")
    grown = (
        (member.available + member.pending, moved(changes, "available") + promised),
        (member.lifetime + member.pending, credited(changes) + promised),
        (member.debt, -moved(changes, "debt")),
    )
    if any(growth > 0 and before + growth > MOST_POINTS for before, growth in grown):
        raise InvalidInput("This is more than a balance can hold.", *path)


def credited(changes: Changes) -> int:
    """Points credited less points taken back: the growth of `lifetime`."""
    given = sum(t.amount for t in changes.transfers if t.credit == "available" and t.debit in _CREDITS)
    return given - sum(t.amount for t in changes.transfers if t.credit == "revoked")
