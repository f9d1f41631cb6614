"""Fills a database with members that have a history (design §8). A few writers write chunks at the same time."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from random import Random
from uuid import UUID, uuid4

from db import clock
from db.pool import Database, connect
from db.seed import SeedMember, SeedPlan, analyze, seed_members, seed_missing
from loyalty.coupons.codes import new_coupon_code
from loyalty.programme.catalogue import Catalogue, catalogue_now
from mipoints.seed_plan import plan_of
from mipoints.seed_shape import Shape

PLANS = 5
ROWS_A_CHUNK = 20_000
MOST_MEMBERS_A_CHUNK = 2_000
STATEMENT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Seeded:
    """The number of members that were added and that existed before, and the lines of history of each new member."""

    added: int
    existing: int
    entries: int


async def seed(url: str, members: int, shape: Shape, market: str, report: Callable[[int], None]) -> Seeded:
    """Adds the members of `seed-1` … `seed-<members>` that are missing, and calls `report` with the number of new ones.

    `url` is the database owner's, because the application's role may not write history. Each chunk is written whole or
    not at all, so a seed that was interrupted continues where it stopped. Raises CannotSeed, DatabaseUnavailable.
    """
    writers = max(2, min(4, os.cpu_count() or 2))
    db = await connect(url, most=writers, seconds=STATEMENT_SECONDS, role=None, name="mipoints seed")
    try:
        catalogue, now = await catalogue_now(db), await clock.now(db)
        planned = _Plans(shape, catalogue, market, now)
        missing = await seed_missing(db, 1, members)
        report(members - len(missing))
        chunks = _chunks(_with_ids(missing), planned.members_a_chunk)
        await asyncio.gather(*(_write(db, chunks, planned, report) for _ in range(writers)))
        if missing:
            await analyze(db)
    finally:
        await db.close()
    return Seeded(len(missing), members - len(missing), planned.entries)


class _Plans:
    """A few plans, used in turn, so that members differ. The next run makes the same plans."""

    def __init__(self, shape: Shape, catalogue: Catalogue, market: str, now: datetime) -> None:
        plans = [plan_of(shape, catalogue, market, now, Random(number)) for number in range(PLANS)]  # noqa: S311
        self._in_turn = cycle(plans)
        self.entries = sum(transfer.points is not None for transfer in plans[0].transfers)
        rows = len(plans[0].transfers) + 4 * len(plans[0].orders)
        self.members_a_chunk = max(1, min(MOST_MEMBERS_A_CHUNK, ROWS_A_CHUNK // rows))

    def next(self) -> SeedPlan:
        return next(self._in_turn)


def _with_ids(numbers: list[int]) -> list[tuple[int, UUID]]:
    """Pairs the numbers with random ids in ascending order: rows are then appended to every index, which is faster."""
    return list(zip(numbers, sorted(uuid4() for _ in numbers), strict=True))


def _chunks(members: list[tuple[int, UUID]], size: int) -> Iterator[list[tuple[int, UUID]]]:
    return (members[start : start + size] for start in range(0, len(members), size))


async def _write(
    db: Database, chunks: Iterator[list[tuple[int, UUID]]], planned: _Plans, report: Callable[[int], None]
) -> None:
    """Writes chunks until none is left. All writers take from the same iterator."""
    for chunk in chunks:
        plan = planned.next()
        members = [SeedMember(n, id_, tuple(new_coupon_code() for _ in plan.coupons)) for n, id_ in chunk]
        report(await seed_members(db, members, plan))
