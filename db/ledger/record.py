"""All that one decision changes for one member, written in one statement or not at all."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from db.ledger.record_statement import record_statement
from db.orders.recorded import RecordedOrder
from db.pool import Database, JsonText, Queryable


class Stale(Exception):
    """The member was written to since it was read: nothing was written, judge anew."""


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """`entry` is the position (from 1) of the first transfer of its line in the member's history; that first one
    carries the line's signed points, the others None. `lapses_on` names the lot where `available` is touched."""

    entry: int
    kind: str
    debit: str
    credit: str
    amount: int
    source: str
    occurred_at: datetime
    points: int | None = None
    lapses_on: date | None = None
    promise_id: UUID | None = None
    verdict_id: UUID | None = None
    reverses: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class NewVerdict:
    verdict_id: UUID
    key: str
    business_key: str | None
    kind: str
    outcome: str
    code: str
    points: int
    reference: str | None
    occurred_at: datetime
    decided_at: datetime
    terms_version: str
    campaign_ids: tuple[str, ...] = ()
    cap: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnedVerdict:
    verdict_id: UUID
    outcome: str
    code: str
    points: int


@dataclass(frozen=True, slots=True)
class NewPromise:
    promise_id: UUID
    verdict_id: UUID
    kind: str
    points: int
    part: str
    reference: str | None
    source: str
    awaiting: str
    promised_at: datetime
    due_at: datetime | None = None
    lapses_on: date | None = None
    state: str = "PROMISED"


@dataclass(frozen=True, slots=True)
class ChangedPromise:
    """What has become of a promise; `awaiting`, `due_at` and `lapses_on` stay as they were where None."""

    promise_id: UUID
    state: str
    points: int
    awaiting: str | None = None
    due_at: datetime | None = None
    lapses_on: date | None = None


@dataclass(frozen=True, slots=True)
class NewSlot:
    kind: str
    period: str
    n: int
    verdict_id: UUID


@dataclass(frozen=True, slots=True)
class NewFuelDay:
    day: date
    streak: int
    bonuses: int


@dataclass(frozen=True, slots=True)
class NewOrder(RecordedOrder):
    """`content_hash`, hexadecimal, is what the order is known by when it is recorded again."""

    content_hash: str


@dataclass(frozen=True, slots=True)
class NewFact:
    number: str
    fact_key: str
    kind: str
    content: Mapping[str, Any]
    occurred_at: datetime
    told_at: datetime
    producer: str
    event_id: str


@dataclass(frozen=True, slots=True)
class NewCoupon:
    coupon_id: UUID
    code: str
    reward_id: str
    value_minor: int
    currency: str
    minimum_minor: int | None
    cost: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedCoupon:
    """A coupon's whole state after the change; the order it is reserved or used for, where there is one."""

    coupon_id: UUID
    state: str
    state_since: datetime
    reserved_until: datetime | None = None
    order_number: str | None = None
    discount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class KeptReservation:
    """An order's reservation of a coupon, whole, and until when the order has no other coupon; `held_until` None: for
    good, and the moment at which it would have ended by itself is kept as it was. With `reservation_id` None the id
    stays. The statement fails on `one_coupon_per_order` where another coupon holds the order (R44)."""

    coupon_id: UUID
    order_number: str
    discount_minor: int
    reserved_at: datetime
    held_until: datetime | None = None
    released_at: datetime | None = None
    reservation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChangedMember:
    """The membership's state and zone after the change, both whole; `earlier_zones` stay as they were where None."""

    state: str
    state_since: datetime | None
    time_zone: str
    zone_before: str | None
    zone_since: datetime | None
    earlier_zones: Sequence[tuple[str, datetime]] | None = None


@dataclass(frozen=True, slots=True)
class NewNotice:
    notice_id: UUID
    kind: str
    points: int | None
    lapses_on: date | None
    reference: str | None
    created_at: datetime
    cause: str | None = None
    debt: int | None = None


@dataclass(frozen=True, slots=True)
class NewLogEntry:
    """What an operator did and why, with what was before and after."""

    actor: str
    action: str
    reason: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewModeration:
    """The storefront's report about a verdict's review while something else holds its points (R16, R70)."""

    verdict_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class TakenStock:
    """One piece of a reward's stock; the statement fails on `stock_is_never_negative` when none is left (R41)."""

    reward_id: str


@dataclass(frozen=True, slots=True)
class ForgottenPerson:
    """The Mi account leaves its member, and a hash of it (hexadecimal) remembers what was given once (R71)."""

    person_hash: str


@dataclass(frozen=True, slots=True)
class NewRequest:
    """The first answer to a caller's idempotency key. `input_hash` is hexadecimal."""

    caller_id: UUID
    key: str
    input_hash: str
    answer: Mapping[str, Any]


@dataclass(slots=True)
class Changes:
    """What one decision changes; every list may stay empty."""

    transfers: list[NewTransfer] = field(default_factory=list)
    verdicts: list[NewVerdict] = field(default_factory=list)
    turned_verdicts: list[TurnedVerdict] = field(default_factory=list)
    promises: list[NewPromise] = field(default_factory=list)
    changed_promises: list[ChangedPromise] = field(default_factory=list)
    slots: list[NewSlot] = field(default_factory=list)
    fuel_days: list[NewFuelDay] = field(default_factory=list)
    orders: list[NewOrder] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)
    coupons: list[NewCoupon] = field(default_factory=list)
    changed_coupons: list[ChangedCoupon] = field(default_factory=list)
    reservations: list[KeptReservation] = field(default_factory=list)
    members: list[ChangedMember] = field(default_factory=list)
    notices: list[NewNotice] = field(default_factory=list)
    operator_log: list[NewLogEntry] = field(default_factory=list)
    moderations: list[NewModeration] = field(default_factory=list)
    stock: list[TakenStock] = field(default_factory=list)
    forgotten: list[ForgottenPerson] = field(default_factory=list)
    requests: list[NewRequest] = field(default_factory=list)

    @property
    def lists(self) -> frozenset[str]:
        """The lists that hold rows: they say which statement writes this."""
        return frozenset(name for name in LISTS if getattr(self, name))


LISTS = tuple(each.name for each in dataclasses.fields(Changes))


@dataclass(frozen=True, slots=True)
class DecidedChanges:
    """What was decided about one member as it was at `version`."""

    member_id: UUID
    version: int
    changes: Changes


async def record(db: Queryable, member_id: UUID, version: int, changes: Changes) -> int:
    """Writes the changes for the member as it was at `version`; returns the `seq` of its ledger before them.

    Raises Stale if the member has been written to since. Outside a transaction, decisions about other members that wait
    at the same time are written by the same statement. Those that take from a reward's stock are not: they lock the
    reward's row, and sets of them could lock two in any order.
    """
    decided, lists = DecidedChanges(member_id, version, changes), changes.lists
    if isinstance(db, Database) and "stock" not in lists:
        seq_before = await db.shared(("record", lists), _record_set, decided)
    else:
        seq_before = (await record_all(db, [decided])).get(member_id)
    if seq_before is None:
        raise Stale
    return seq_before


async def _record_set(db: Queryable, decided: Sequence[DecidedChanges]) -> list[int | None]:
    """What `record_all` returns for each. Of two about one member the first is written, the second is judged again."""
    first = {each.member_id: each for each in reversed(decided)}
    written = await record_all(db, list(first.values()))
    return [written.get(each.member_id) if first[each.member_id] is each else None for each in decided]


async def record_all(db: Queryable, decided: Sequence[DecidedChanges]) -> dict[UUID, int]:
    """Writes decisions about different members, whose changes have rows in the same lists, in one statement.

    Returns the members that were written, each with the `seq` of its ledger before. The others have been written to
    since they were read, or another transaction holds them, and nothing of theirs is written.
    """
    (lists,) = {each.changes.lists for each in decided}
    members, versions = [each.member_id for each in decided], [each.version for each in decided]
    rows = await db.fetch(record_statement(lists), members, versions, _as_json(decided, lists))
    return {row["member_id"]: row["seq_before"] for row in rows}


def _as_json(decided: Sequence[DecidedChanges], lists: frozenset[str]) -> JsonText:
    """The rows of each list, each with its member; transfers with their places in the member's list."""
    rows = {name: [row for each in decided for row in _rows(each, name)] for name in lists}
    return JsonText(json.dumps(rows, default=_plain))


def _rows(decided: DecidedChanges, name: str) -> list[dict[str, Any]]:
    rows = [
        {column: getattr(row, column) for column in row.__dataclass_fields__} | {"member_id": decided.member_id}
        for row in getattr(decided.changes, name)
    ]
    if name == "transfers":
        for place, row in enumerate(rows, 1):
            row["n"] = place
    return rows


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a change.")
