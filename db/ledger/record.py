"""All that one decision changes for one member, written in one statement or not at all."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from db.ledger.record_rows import rows_of
from db.ledger.record_statement import record_statement
from db.orders.recorded import RecordedOrder
from db.pool import Database, Queryable


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
class LinkedParcel:
    """A tracking number that leads to an order; `carrier` None: not known."""

    tracking_number: str
    number: str
    carrier: str | None


@dataclass(frozen=True, slots=True)
class KeptFact:
    """A fact of an order that moves no points yet, because its member is suspended (R5)."""

    number: str
    fact_key: str


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
class NoticedLot:
    """A lot whose notice is written now. The lot may be empty, or new."""

    lapses_on: date


@dataclass(frozen=True, slots=True)
class NoticedCoupon:
    """A coupon whose notice is written now, or that was issued too late for one."""

    coupon_id: UUID


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
    kept_facts: list[KeptFact] = field(default_factory=list)
    linked_parcels: list[LinkedParcel] = field(default_factory=list)
    coupons: list[NewCoupon] = field(default_factory=list)
    changed_coupons: list[ChangedCoupon] = field(default_factory=list)
    reservations: list[KeptReservation] = field(default_factory=list)
    members: list[ChangedMember] = field(default_factory=list)
    notices: list[NewNotice] = field(default_factory=list)
    noticed_lots: list[NoticedLot] = field(default_factory=list)
    noticed_coupons: list[NoticedCoupon] = field(default_factory=list)
    operator_log: list[NewLogEntry] = field(default_factory=list)
    moderations: list[NewModeration] = field(default_factory=list)
    stock: list[TakenStock] = field(default_factory=list)
    forgotten: list[ForgottenPerson] = field(default_factory=list)
    requests: list[NewRequest] = field(default_factory=list)

    @property
    def lists(self) -> frozenset[str]:
        """The lists that hold rows, and the effects of the transfers: they say which statement writes this."""
        return frozenset([*(name for name in LISTS if getattr(self, name)), *_effects(self.transfers)])


LISTS = tuple(each.name for each in dataclasses.fields(Changes))


def _effects(transfers: Sequence[NewTransfer]) -> set[str]:
    effects: set[str] = set()
    for transfer in transfers:
        if transfer.credit == "available":
            effects.add("points into lots")
        elif transfer.debit == "available":
            effects.add("points out of lots")
        if transfer.points is not None and (transfer.points > 0 or transfer.kind == "CLAWBACK"):
            effects.add("entries to announce")
    return effects


class Judged(Protocol):
    """A member as it was judged: `version` guards the write; its ledger ended with `seq` and the hash `head`, and it
    had `available` points to spend. `now` is the moment of the judgement, at which its transfers are recorded."""

    @property
    def member_id(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def head(self) -> bytes: ...
    @property
    def available(self) -> int: ...
    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class DecidedChanges:
    """What was decided about one member as it was judged."""

    member: Judged
    changes: Changes


async def record(db: Queryable, member: Judged, changes: Changes) -> None:
    """Writes the changes for the member as it was judged. Raises Stale if the member has been written to since.

    Outside a transaction, decisions about other members that wait at the same time are written by the same statement.
    Those that take from a reward's stock are not: they lock the reward's row, and sets of them could lock two in any
    order.
    """
    decided, lists = DecidedChanges(member, changes), changes.lists
    if isinstance(db, Database) and "stock" not in lists:
        is_written = await db.shared(("record", lists), _record_set, decided)
    else:
        is_written = member.member_id in await record_all(db, [decided])
    if not is_written:
        raise Stale


async def _record_set(db: Queryable, decided: Sequence[DecidedChanges]) -> list[bool]:
    """Whether each was written. Of two about one member the first is written, the second is judged again."""
    first = {each.member.member_id: each for each in reversed(decided)}
    written = await record_all(db, list(first.values()))
    return [first[each.member.member_id] is each and each.member.member_id in written for each in decided]


async def record_all(db: Queryable, decided: Sequence[DecidedChanges]) -> set[UUID]:
    """Writes decisions about different members; those whose changes have rows in the same lists in one statement.

    Returns the members that were written. The others have been written to since they were read, or another transaction
    holds them, and nothing of theirs is written.
    """
    alike: dict[frozenset[str], list[DecidedChanges]] = {}
    for each in decided:
        alike.setdefault(each.changes.lists, []).append(each)
    written: set[UUID] = set()
    for lists, together in alike.items():
        rows = await db.fetch(record_statement(lists), *arguments(together, lists))
        written |= {row["member_id"] for row in rows}
    return written


def arguments(decided: Sequence[DecidedChanges], lists: frozenset[str]) -> list[list[Any]]:
    """The arguments of `record_statement`."""
    members = [each.member for each in decided]
    rows = [rows_of(decided, name) for name in sorted(lists.intersection(LISTS))]
    return [[each.member_id for each in members], [each.version for each in members], *rows]
