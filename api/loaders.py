"""The reads of one request: each row once, and many rows in one statement, so that lists never query row by row."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from db.coupons.rows import CouponRow, coupons_by_id, stock_of_rewards
from db.ledger.entries import EntryRow, entries_by_seq, entries_of_verdicts
from db.ledger.notices import NoticeRow, notices_by_id
from db.ledger.promises import PromiseRow, promises_by_id, promises_of_verdicts
from db.ledger.verdict_rows import VerdictRow, verdicts_by_id
from db.members.rows import MemberRow, members_by_id, members_by_mi_id
from db.orders.rows import OrderRow, orders_by_number
from db.pages import MemberAnd
from db.webhooks.deliveries import DeliveryKey, DeliveryRow, deliveries_by_id
from loyalty.ledger.written import Written
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.rewards import Reward

K = TypeVar("K", bound=Hashable)
Row = TypeVar("Row")

_LARGEST_BATCH = 500


def _one(load: Callable[[Sequence[K]], Awaitable[list[Row]]], key: Callable[[Row], K]) -> DataLoader[K, Row | None]:
    async def load_many(keys: list[K]) -> list[Row | None]:
        rows = {key(row): row for row in await load(keys)}
        return [rows.get(each) for each in keys]

    return DataLoader(load_fn=load_many, max_batch_size=_LARGEST_BATCH)


def _several(load: Callable[[Sequence[K]], Awaitable[list[Row]]], key: Callable[[Row], K]) -> DataLoader[K, list[Row]]:
    async def load_many(keys: list[K]) -> list[list[Row]]:
        rows: dict[K, list[Row]] = {each: [] for each in keys}
        for row in await load(keys):
            rows[key(row)].append(row)
        return [rows[each] for each in keys]

    return DataLoader(load_fn=load_many, max_batch_size=_LARGEST_BATCH)


@dataclass(slots=True)
class Loaders:
    """The rows that one request has read. A mutation starts with new loaders, because a write makes old rows stale."""

    programme: Programme
    members_by_mi_id: DataLoader[str, MemberRow | None] = field(init=False)
    members: DataLoader[UUID, MemberRow | None] = field(init=False)
    entries: DataLoader[MemberAnd[int], EntryRow | None] = field(init=False)
    entries_of_verdict: DataLoader[MemberAnd[UUID], list[EntryRow]] = field(init=False)
    promises: DataLoader[MemberAnd[UUID], PromiseRow | None] = field(init=False)
    promises_of_verdict: DataLoader[MemberAnd[UUID], list[PromiseRow]] = field(init=False)
    coupons: DataLoader[MemberAnd[UUID], CouponRow | None] = field(init=False)
    verdicts: DataLoader[MemberAnd[UUID], VerdictRow | None] = field(init=False)
    orders: DataLoader[MemberAnd[str], OrderRow | None] = field(init=False)
    notices: DataLoader[MemberAnd[UUID], NoticeRow | None] = field(init=False)
    deliveries: DataLoader[DeliveryKey, DeliveryRow | None] = field(init=False)
    stock: DataLoader[str, int | None] = field(init=False)
    _catalogue: DataLoader[None, Catalogue] = field(init=False)

    def __post_init__(self) -> None:
        db = self.programme.db
        self.members_by_mi_id = _one(lambda ids: members_by_mi_id(db, ids), lambda row: row.mi_id)
        self.members = _one(lambda ids: members_by_id(db, ids), lambda row: row.member_id)
        self.entries = _one(lambda keys: entries_by_seq(db, keys), lambda row: (row.member_id, row.seq))
        self.entries_of_verdict = _several(
            lambda keys: entries_of_verdicts(db, keys), lambda row: (row.member_id, _id(row.verdict_id))
        )
        self.promises = _one(lambda keys: promises_by_id(db, keys), lambda row: (row.member_id, row.promise_id))
        self.promises_of_verdict = _several(
            lambda keys: promises_of_verdicts(db, keys), lambda row: (row.member_id, row.verdict_id)
        )
        self.coupons = _one(lambda keys: coupons_by_id(db, keys), lambda row: (row.member_id, row.coupon_id))
        self.verdicts = _one(lambda keys: verdicts_by_id(db, keys), lambda row: (row.member_id, row.verdict_id))
        self.orders = _one(lambda keys: orders_by_number(db, keys), lambda row: (row.member_id, row.number))
        self.notices = _one(lambda keys: notices_by_id(db, keys), lambda row: (row.member_id, row.notice_id))
        self.deliveries = _one(lambda keys: deliveries_by_id(db, keys), lambda row: (row.producer, row.event_id))
        self.stock = DataLoader(load_fn=self._stock, max_batch_size=_LARGEST_BATCH)
        self._catalogue = DataLoader(load_fn=self._read_catalogue)

    def know(self, written: Written | None) -> None:
        """Takes the rows that a mutation has just written, so that its answer reads none of them again."""
        if written is None:
            return
        member_id = written.member.member_id
        if (member := written.member_row) is not None:
            self.members.prime(member_id, member)
        for coupon in written.coupon_rows:
            self.coupons.prime((member_id, coupon.coupon_id), coupon)
        for verdict in written.verdict_rows:
            key = (member_id, verdict.verdict_id)
            self.verdicts.prime(key, verdict)
            self.entries_of_verdict.prime(key, written.entry_rows(verdict.verdict_id))
            self.promises_of_verdict.prime(key, written.promise_rows(verdict.verdict_id))

    async def catalogue(self) -> Catalogue:
        """Terms, campaigns and rewards as they are now."""
        return await self._catalogue.load(None)

    async def stock_of(self, rewards: Iterable[Reward]) -> dict[str, int | None]:
        """What is left of each reward that can run out, by id."""
        limited = [reward.reward_id for reward in rewards if reward.stock_left is not None]
        return dict(zip(limited, await self.stock.load_many(limited), strict=True)) if limited else {}

    async def _read_catalogue(self, keys: list[None]) -> list[Catalogue]:
        catalogue = await self.programme.catalogue()
        return [catalogue for _ in keys]

    async def _stock(self, reward_ids: list[str]) -> list[int | None]:
        stock = await stock_of_rewards(self.programme.db, reward_ids)
        return [stock.get(each) for each in reward_ids]


def _id(verdict_id: UUID | None) -> UUID:
    assert verdict_id is not None
    return verdict_id
