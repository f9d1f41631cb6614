"""The reads of one request: each row once, and many rows in one statement, so that lists never query row by row."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar
from uuid import UUID

from api.loading import Loader
from db.coupons.rows import CouponRow, coupons_by_id, stock_of_rewards
from db.ledger.entries import EntryRow, entries_by_seq, entries_of_verdicts
from db.ledger.notices import NoticeRow, notices_by_id
from db.ledger.promises import PromiseRow, promises_by_id, promises_of_verdicts
from db.ledger.verdict_rows import VerdictRow, verdicts_by_id
from db.members.rows import MemberRow, members_by_id, members_by_mi_id
from db.orders.rows import OrderRow, orders_by_number
from db.pages import MemberAnd
from db.pool import Queryable
from db.webhooks.deliveries import DeliveryKey, DeliveryRow, deliveries_by_id
from loyalty.ledger.written import Written
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.rewards import Reward

K = TypeVar("K", bound=Hashable)
Row = TypeVar("Row")

Load = Callable[[Sequence[K]], Awaitable[list[Row]]]
"""Reads the rows of some keys, in any order."""


def _one(load: Load[K, Row], key: Callable[[Row], K]) -> "Loader[K, Row | None]":
    async def load_many(keys: list[K]) -> "list[Row | None]":
        rows = {key(row): row for row in await load(keys)}
        return [rows.get(each) for each in keys]

    return Loader(load_many)


def _several(load: Load[K, Row], key: Callable[[Row], K]) -> Loader[K, list[Row]]:
    async def load_many(keys: list[K]) -> list[list[Row]]:
        rows: dict[K, list[Row]] = {each: [] for each in keys}
        for row in await load(keys):
            rows[key(row)].append(row)
        return [rows[each] for each in keys]

    return Loader(load_many)


@dataclass
class Loaders:
    """The rows that one request has read. A mutation starts with new loaders, because a write makes old rows stale.

    A loader is made when it is first asked for: most requests need two or three of them.
    """

    programme: Programme

    @cached_property
    def members_by_mi_id(self) -> Loader[str, MemberRow | None]:
        """Members by Mi account id."""
        return _one(self._of(members_by_mi_id), lambda row: row.mi_id)

    @cached_property
    def members(self) -> Loader[UUID, MemberRow | None]:
        """Members by id."""
        return _one(self._of(members_by_id), lambda row: row.member_id)

    @cached_property
    def entries(self) -> Loader[MemberAnd[int], EntryRow | None]:
        """Lines of history by number."""
        return _one(self._of(entries_by_seq), lambda row: (row.member_id, row.seq))

    @cached_property
    def entries_of_verdict(self) -> Loader[MemberAnd[UUID], list[EntryRow]]:
        """The lines of history that a verdict wrote."""
        return _several(self._of(entries_of_verdicts), lambda row: (row.member_id, _id(row.verdict_id)))

    @cached_property
    def promises(self) -> Loader[MemberAnd[UUID], PromiseRow | None]:
        """Promises by id."""
        return _one(self._of(promises_by_id), lambda row: (row.member_id, row.promise_id))

    @cached_property
    def promises_of_verdict(self) -> Loader[MemberAnd[UUID], list[PromiseRow]]:
        """The promises that a verdict made."""
        return _several(self._of(promises_of_verdicts), lambda row: (row.member_id, row.verdict_id))

    @cached_property
    def coupons(self) -> Loader[MemberAnd[UUID], CouponRow | None]:
        """Coupons by id."""
        return _one(self._of(coupons_by_id), lambda row: (row.member_id, row.coupon_id))

    @cached_property
    def verdicts(self) -> Loader[MemberAnd[UUID], VerdictRow | None]:
        """Verdicts by id."""
        return _one(self._of(verdicts_by_id), lambda row: (row.member_id, row.verdict_id))

    @cached_property
    def orders(self) -> Loader[MemberAnd[str], OrderRow | None]:
        """Orders by number."""
        return _one(self._of(orders_by_number), lambda row: (row.member_id, row.number))

    @cached_property
    def notices(self) -> Loader[MemberAnd[UUID], NoticeRow | None]:
        """Notices by id."""
        return _one(self._of(notices_by_id), lambda row: (row.member_id, row.notice_id))

    @cached_property
    def deliveries(self) -> Loader[DeliveryKey, DeliveryRow | None]:
        """Webhook deliveries by producer and event."""
        return _one(self._of(deliveries_by_id), lambda row: (row.producer, row.event_id))

    @cached_property
    def stock(self) -> Loader[str, int | None]:
        """Stock left by reward; None for a reward that cannot run out."""
        return Loader(self._stock)

    @cached_property
    def _catalogue(self) -> Loader[None, Catalogue]:
        return Loader(self._read_catalogue, largest=1)

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

    def _of(self, load: Callable[[Queryable, Sequence[K]], Awaitable[list[Row]]]) -> Load[K, Row]:
        return partial(load, self.programme.db)

    async def _read_catalogue(self, keys: list[None]) -> list[Catalogue]:
        catalogue = await self.programme.catalogue()
        return [catalogue for _ in keys]

    async def _stock(self, reward_ids: list[str]) -> list[int | None]:
        stock = await stock_of_rewards(self.programme.db, reward_ids)
        return [stock.get(each) for each in reward_ids]


def _id(verdict_id: UUID | None) -> UUID:
    assert verdict_id is not None
    return verdict_id
