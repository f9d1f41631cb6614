"""Numbers and hashes the transfers of a decision before they are written, from the end of the member's ledger at the
judged version."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from db.ledger.record import Judged, NewTransfer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()


def sealed(member: "Judged", transfers: "Sequence[NewTransfer]") -> Iterator[tuple[Any, ...]]:
    """The rows of `transfers`, in order: each with its `seq`, the balance after its line and its hash (R37).

    They follow the member's ledger as it was judged and are recorded at that moment; the statement writes them only if
    the member still has that version.
    """
    hash_before, balances = member.head, _balances_after(member.available, transfers)
    for seq, transfer in enumerate(transfers, member.seq + 1):
        balance_after = balances[transfer.entry] if transfer.points is not None else None
        row = (
            member.member_id, seq, member.seq + transfer.entry, transfer.kind, transfer.debit, transfer.credit,
            transfer.amount, transfer.points, balance_after, transfer.lapses_on, transfer.promise_id,
            transfer.verdict_id, transfer.reverses, transfer.source, transfer.reference, transfer.occurred_at,
            member.now,
        )  # fmt: skip
        hash_before = sha256(hash_before + transfer_text(*row).encode()).digest()
        yield (*row, hash_before)


def _balances_after(available: int, transfers: "Sequence[NewTransfer]") -> dict[int, int]:
    """The points that can be spent after each entry, by the position of its first transfer."""
    balances: dict[int, int] = {}
    for transfer in transfers:
        available += transfer.amount * ((transfer.credit == "available") - (transfer.debit == "available"))
        balances[transfer.entry] = available
    return balances


def transfer_text(
    member_id: UUID,
    seq: int,
    entry_seq: int,
    kind: str,
    debit: str,
    credit: str,
    amount: int,
    points: int | None,
    balance_after: int | None,
    lapses_on: date | None,
    promise_id: UUID | None,
    verdict_id: UUID | None,
    reverses: int | None,
    source: str,
    reference: str | None,
    occurred_at: datetime,
    recorded_at: datetime,
) -> str:
    """The text that a transfer's hash covers: what the SQL function `transfer_text` gives, letter by letter."""
    return (
        f'["{member_id}", {seq}, {entry_seq}, {_text(kind)}, "{debit}", "{credit}", {amount}, {_number(points)}, '
        f"{_number(balance_after)}, {_day(lapses_on)}, {_id(promise_id)}, {_id(verdict_id)}, {_number(reverses)}, "
        f"{_text(source)}, {_text(reference)}, {_seconds(occurred_at)}, {_seconds(recorded_at)}]"
    )


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


def _day(day: date | None) -> str:
    """Seconds from 1970 to the day's beginning in UTC. Python's last day stands for Postgres' `infinity`."""
    if day == date.max:
        return '"Infinity"'
    return "null" if day is None else str((day.toordinal() - _EPOCH_DAY) * 86_400)


def _id(id_: UUID | None) -> str:
    return "null" if id_ is None else f'"{id_}"'


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _seconds(moment: datetime) -> str:
    """Seconds since 1970 with six decimals."""
    since = moment - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    whole, rest = divmod(abs(microseconds), 1_000_000)
    return f"{'-' if microseconds < 0 else ''}{whole}.{rest:06}"
