"""How points move: the only place in Python that builds transfers (docs/designs/journal.md).

A verb takes plain values and gives one entry: `pend` promises points, `void` cancels a promise, `credit` makes points
spendable, `take` takes them. `write` numbers entries and adds them to what a decision changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from db.ledger.record import Changes, NewTransfer
from loyalty.ledger.rules.give_back import repaid_of
from loyalty.ledger.rules.lots import Lot, Take


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move; all transfers of an entry share it. `source` is the business key, `reference` is the subject of
    the entry such as an order's number, `verdict_id` is None only for a lapse, and `reverses` is the `seq` of the line
    of history that the entry reverses."""

    source: str
    occurred_at: datetime
    verdict_id: UUID | None = None
    reference: str | None = None
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Points that go from one account to another; `lapses_on` is the lot, if one of them is `available`."""

    kind: str
    debit: str
    credit: str
    amount: int
    lapses_on: date | None = None
    promise_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Moves that belong together. `points`, signed, are the entry's line in the member's history; None: no line."""

    cause: Cause
    moves: tuple[Move, ...]
    points: int | None = None


def pend(cause: Cause, points: int, promise_id: UUID | None = None) -> Entry:
    """Points are promised. `promise_id` is None if they are added to an earlier promise."""
    return Entry(cause, (Move("PROMISE", "issuance", "pending", points, promise_id=promise_id),))


def void(cause: Cause, points: int, promise_id: UUID) -> Entry:
    """Promised points are cancelled."""
    return Entry(cause, (Move("VOID", "pending", "issuance", points, promise_id=promise_id),))


def credit(
    kind: str, cause: Cause, account: str, puts: Sequence[Take], debt: int, promise_id: UUID | None = None
) -> Entry:
    """Points go from an account into lots. The account is `pending` for a promise, `issuance` for an adjustment, or, if
    taken points are given back, the account they went to (R51). They repay the member's debt first (R36)."""
    credited = [Move(kind, account, "available", put.points, put.lapses_on, promise_id) for put in puts]
    repaid = [
        Move("DEBT_REPAYMENT", "available", "debt", each.points, each.lapses_on) for each in repaid_of(puts, debt)
    ]
    return Entry(cause, (*credited, *repaid), sum(put.points for put in puts))


def take(
    kind: str, cause: Cause, account: Literal["redeemed", "lapsed", "revoked"], takes: Iterable[Take], debt: int = 0
) -> Entry:
    """Points go from lots to an account. `debt` are points that no lot holds: the member now owes them (R36)."""
    moves = [Move(kind, "available", account, each.points, each.lapses_on) for each in takes]
    if debt:
        moves.append(Move(kind, "debt", account, debt))
    return Entry(cause, tuple(moves), -sum(move.amount for move in moves))


def write(changes: Changes, *entries: Entry) -> None:
    """Adds entries to a decision's changes, in this order. An entry that moves nothing leaves no line."""
    for entry in entries:
        changes.transfers.extend(_transfers(entry, len(changes.transfers) + 1))


def _transfers(entry: Entry, number: int) -> list[NewTransfer]:
    """An entry's transfers; `number` is the place of its first, which alone carries the points of the line."""
    return [
        NewTransfer(
            entry=number,
            kind=move.kind,
            debit=move.debit,
            credit=move.credit,
            amount=move.amount,
            source=entry.cause.source,
            occurred_at=entry.cause.occurred_at,
            points=entry.points if place == 0 else None,
            lapses_on=move.lapses_on,
            promise_id=move.promise_id,
            verdict_id=entry.cause.verdict_id,
            reverses=entry.cause.reverses,
            reference=entry.cause.reference,
        )
        for place, move in enumerate(entry.moves)
    ]


def moved(changes: Changes, account: str) -> int:
    """The points that come into one of a member's accounts, less those that leave it; negative if debt grows."""
    into = sum(transfer.amount for transfer in changes.transfers if transfer.credit == account)
    return into - sum(transfer.amount for transfer in changes.transfers if transfer.debit == account)


def lots_after(lots: Iterable[tuple[date, int]], changes: Changes) -> list[Lot]:
    """A member's lots, given as (lapses on, points), as they are once the changes are written; soonest first."""
    held = dict(lots)
    for transfer in changes.transfers:
        if transfer.lapses_on is not None:
            change = transfer.amount if transfer.credit == "available" else -transfer.amount
            held[transfer.lapses_on] = held.get(transfer.lapses_on, 0) + change
    return [Lot(*each) for each in sorted(held.items())]
