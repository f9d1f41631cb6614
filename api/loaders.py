"""The reads of one request: each row once, and many rows in one statement, so that lists never query row by row."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar, cast
from uuid import UUID

from api.loading import Loader
from db.coupons.rows import CouponRow, coupons_by_id, stock_of_rewards
from db.earning import Progress, progress_of_members
from db.ledger.entries import EntryRow, entries_by_seq, entries_of_verdicts
from db.ledger.notices import NoticeRow, notices_by_id
from db.ledger.promises import PromiseRow, promises_by_id, promises_of_verdicts
from db.ledger.verdict_rows import VerdictRow, verdicts_by_id
from db.members.rows import MemberRow, members_by_id, members_by_mi_id
from db.orders.rows import OrderRow, orders_by_number
from db.pages import MemberAnd
from db.pool import Queryable
from db.webhooks.deliveries import DeliveryKey, DeliveryRow, deliveries_by_id
from loyalty.earning.context import progress_wanted
from loyalty.ledger.written import Written
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.rewards import Reward

K = TypeVar("K", bound=Hashable)
Row = TypeVar("Row")
Result = TypeVar("Result")

Load = Callable[[Sequence[K]], Awaitable[list[Row]]]
"""Reads the rows of some keys, in any order."""


def _one(load: Load[K, Row], key: Callable[[Row], K], known: Iterable[Row] = ()) -> "Loader[K, Row | None]":
    async def load_many(keys: list[K]) -> "list[Row | None]":
        rows = {key(row): row for row in await load(keys)}
        return [rows.get(each) for each in keys]

    loader = Loader(load_many)
    for row in known:
        loader.prime(key(row), row)
    return loader


def _several(load: Load[K, Row], key: Callable[[Row], K], known: Mapping[K, list[Row]]) -> Loader[K, list[Row]]:
    async def load_many(keys: list[K]) -> list[list[Row]]:
        rows: dict[K, list[Row]] = {each: [] for each in keys}
        for row in await load(keys):
            rows[key(row)].append(row)
        return [rows[each] for each in keys]

    loader = Loader(load_many)
    for each, rows in known.items():
        loader.prime(each, rows)
    return loader


@dataclass
class Loaders:
    """The rows that one request has read. A mutation starts with new loaders, because a write makes old rows stale.

    A loader is made when it is first asked for: most requests need two or three of them. Those of a mutation's answer
    know the rows that it has just `written`, and read none of them again.
    """

    programme: Programme
    written: Written | None = None

    @cached_property
    def members_by_mi_id(self) -> Loader[str, MemberRow | None]:
        """Members by Mi account id."""
        return _one(self._of(members_by_mi_id), lambda row: row.mi_id)

    @cached_property
    def members(self) -> Loader[UUID, MemberRow | None]:
        """Members by id."""
        known = self.written.member_row if self.written else None
        return _one(self._of(members_by_id), lambda row: row.member_id, [known] if known else [])

    @cached_property
    def entries(self) -> Loader[MemberAnd[int], EntryRow | None]:
        """Lines of history by number."""
        return _one(self._of(entries_by_seq), lambda row: (row.member_id, row.seq))

    @cached_property
    def entries_of_verdict(self) -> Loader[MemberAnd[UUID], list[EntryRow]]:
        """The lines of history that a verdict wrote."""
        known = self.written.entries_of_verdicts if self.written else {}
        return _several(self._of(entries_of_verdicts), lambda row: (row.member_id, _id(row.verdict_id)), known)

    @cached_property
    def promises(self) -> Loader[MemberAnd[UUID], PromiseRow | None]:
        """Promises by id."""
        return _one(self._of(promises_by_id), lambda row: (row.member_id, row.promise_id))

    @cached_property
    def promises_of_verdict(self) -> Loader[MemberAnd[UUID], list[PromiseRow]]:
        """The promises that a verdict made."""
        known = self.written.promises_of_verdicts if self.written else {}
        return _several(self._of(promises_of_verdicts), lambda row: (row.member_id, row.verdict_id), known)

    @cached_property
    def coupons(self) -> Loader[MemberAnd[UUID], CouponRow | None]:
        """Coupons by id."""
        known = self.written.coupon_rows if self.written else []
        return _one(self._of(coupons_by_id), lambda row: (row.member_id, row.coupon_id), known)

    @cached_property
    def verdicts(self) -> Loader[MemberAnd[UUID], VerdictRow | None]:
        """Verdicts by id."""
        known = self.written.verdict_rows if self.written else []
        return _one(self._of(verdicts_by_id), lambda row: (row.member_id, row.verdict_id), known)

    @cached_property
    def orders(self) -> Loader[MemberAnd[str], OrderRow | None]:
        """Orders by number."""
        known = self.written.order_rows if self.written else []
        return _one(self._of(orders_by_number), lambda row: (row.member_id, row.number), known)

    @cached_property
    def notices(self) -> Loader[MemberAnd[UUID], NoticeRow | None]:
        """Notices by id."""
        return _one(self._of(notices_by_id), lambda row: (row.member_id, row.notice_id))

    @cached_property
    def deliveries(self) -> Loader[DeliveryKey, DeliveryRow | None]:
        """Webhook deliveries by producer and event."""
        return _one(self._of(deliveries_by_id), lambda row: (row.producer, row.event_id))

    @cached_property
    def progress(self) -> Loader[MemberRow, Progress]:
        """Slots, fuel days and lots by member, as of the moment at which the member was read."""
        return Loader(self._progress)

    @cached_property
    def stock(self) -> Loader[str, int | None]:
        """Stock left by reward; None for a reward that cannot run out."""
        return Loader(self._stock)

    @cached_property
    def _catalogue(self) -> Loader[None, Catalogue]:
        return Loader(self._read_catalogue, largest=1)

    async def catalogue(self) -> Catalogue:
        """Terms, campaigns and rewards as they are now."""
        return await self._catalogue.load(None)

    async def catalogue_for(self, member: MemberRow) -> Catalogue:
        """Terms, campaigns and rewards as they were when the member was read."""
        return await self.programme.catalogue_at(member.programme_version, self.programme.db)

    def with_catalogue(self, member: MemberRow, use: Callable[[Catalogue], Result]) -> Result:
        """What `use` makes of `catalogue_for(member)`: at once, or, if it has to be read, an awaitable, as a field may
        return. So a field that needs no read of its own takes no task."""
        known = self.programme.known_at(member.programme_version)
        return use(known) if known is not None else cast(Result, self._used(member, use))

    async def _used(self, member: MemberRow, use: Callable[[Catalogue], Result]) -> Result:
        return use(await self.catalogue_for(member))

    async def stock_of(self, rewards: Iterable[Reward]) -> dict[str, int | None]:
        """The number left of each reward that can run out, by reward id."""
        limited = [reward.reward_id for reward in rewards if reward.stock_left is not None]
        return dict(zip(limited, await self.stock.load_many(limited), strict=True)) if limited else {}

    def _of(self, load: Callable[[Queryable, Sequence[K]], Awaitable[list[Row]]]) -> Load[K, Row]:
        return partial(load, self.programme.db)

    async def _read_catalogue(self, keys: list[None]) -> list[Catalogue]:
        catalogue = await self.programme.catalogue()
        return [catalogue for _ in keys]

    async def _progress(self, members: list[MemberRow]) -> list[Progress]:
        wanted = [progress_wanted(member) for member in members]
        found = {each.wanted: each for each in await progress_of_members(self.programme.db, wanted)}
        return [found[each] for each in wanted]

    async def _stock(self, reward_ids: list[str]) -> list[int | None]:
        stock = {row.reward_id: row.stock_left for row in await stock_of_rewards(self.programme.db, reward_ids)}
        return [stock.get(each) for each in reward_ids]


def _id(verdict_id: UUID | None) -> UUID:
    assert verdict_id is not None
    return verdict_id
