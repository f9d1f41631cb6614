"""The journal's verbs as pure functions: the transfers of each entry, their numbers, and the lines of history."""

from datetime import UTC, date, datetime
from uuid import uuid4

from db.ledger.record import Changes
from loyalty.ledger.journal import Cause, Entry, credit, lots_after, moved, pend, take, void, write
from loyalty.ledger.rules.lots import Lot, Take

CAUSE = Cause("event:1", datetime(2026, 11, 3, tzinfo=UTC), uuid4(), "p-1", 7)
SOONER, LATER = date(2027, 1, 1), date(2027, 2, 1)


def moves_of(entry: Entry) -> list[tuple[str, str, str, int, date | None]]:
    return [(move.kind, move.debit, move.credit, move.amount, move.lapses_on) for move in entry.moves]


def written(*entries: Entry) -> Changes:
    changes = Changes()
    write(changes, *entries)
    return changes


def test_a_promise_and_its_end_are_no_lines_of_history():
    promise_id = uuid4()
    promised, ended = pend(CAUSE, 20, promise_id), void(CAUSE, 20, promise_id)
    assert moves_of(promised) == [("PROMISE", "issuance", "pending", 20, None)]
    assert moves_of(ended) == [("VOID", "pending", "issuance", 20, None)]
    assert (promised.points, ended.points) == (None, None)
    assert {transfer.promise_id for transfer in written(promised, ended).transfers} == {promise_id}


def test_a_credit_repays_the_debt_first_lot_by_lot():
    """R36: the debt is 12; 10 points are credited to the later lot and 5 to the sooner one."""
    promise_id = uuid4()
    entry = credit("ADJUSTMENT", CAUSE, "revoked", [Take(LATER, 10), Take(SOONER, 5)], 12, promise_id)
    assert entry.points == 15
    assert moves_of(entry) == [
        ("ADJUSTMENT", "revoked", "available", 10, LATER),
        ("ADJUSTMENT", "revoked", "available", 5, SOONER),
        ("DEBT_REPAYMENT", "available", "debt", 10, LATER),
        ("DEBT_REPAYMENT", "available", "debt", 2, SOONER),
    ]
    assert [move.promise_id for move in entry.moves] == [promise_id, promise_id, None, None]
    changes = written(entry)
    assert (moved(changes, "debt"), moved(changes, "available")) == (12, 3)
    assert lots_after([(SOONER, 1)], changes) == [Lot(SOONER, 4), Lot(LATER, 0)]


def test_points_that_no_lot_holds_become_debt():
    """R36."""
    entry = take("CLAWBACK", CAUSE, "revoked", [Take(SOONER, 10)], 5)
    assert entry.points == -15
    assert moves_of(entry) == [
        ("CLAWBACK", "available", "revoked", 10, SOONER),
        ("CLAWBACK", "debt", "revoked", 5, None),
    ]


def test_entries_are_numbered_by_their_first_transfer_which_alone_carries_the_points():
    changes = written(pend(CAUSE, 3), take("LAPSE", CAUSE, "lapsed", []))
    write(changes, take("REDEMPTION", CAUSE, "redeemed", [Take(SOONER, 5), Take(LATER, 6)]))
    write(changes, credit("PURCHASE", CAUSE, "pending", [Take(LATER, 3)], 1))
    assert [(transfer.entry, transfer.points) for transfer in changes.transfers] == [
        (1, None), (2, -11), (2, None), (4, 3), (4, None),
    ]  # fmt: skip


def test_every_transfer_of_an_entry_names_its_cause():
    entry = credit("PURCHASE", CAUSE, "pending", [Take(LATER, 3)], 1)
    assert [
        Cause(each.source, each.occurred_at, each.verdict_id, each.reference, each.reverses)
        for each in written(entry).transfers
    ] == [CAUSE, CAUSE]
