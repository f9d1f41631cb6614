"""Parcels without recent news, and deliveries that are reported afterwards (design §5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class SilentOrder:
    """An order that waits for a delivery, and the moment of its last news."""

    member_id: UUID
    number: str
    heard_at: datetime


async def silent_orders(db: Queryable, after: timedelta, most: int) -> list[SilentOrder]:
    """Up to `most` orders without news for `after`, the longest silent first."""
    return [SilentOrder(**dict(row.items())) for row in await db.fetch(query("silent_orders"), after, most)]


async def orders_to_ask(db: Queryable, after: timedelta, most: int) -> list[SilentOrder]:
    """Up to `most` orders without news for `after` that may be asked about, those never asked about first."""
    return [SilentOrder(**dict(row.items())) for row in await db.fetch(query("orders_to_ask"), after, most)]


async def claim_question(
    db: Queryable, member_id: UUID, number: str, tracking_number: str, producer: str, pause: timedelta
) -> bool:
    """Claims the right to ask a producer about a parcel; False if it was asked less than `pause` ago."""
    claimed = await db.fetchval(query("claim_question"), member_id, number, tracking_number, producer, pause)
    return claimed is not None


async def orders_reported(
    db: Queryable, numbers: Sequence[str | None], tracking_numbers: Sequence[str | None]
) -> dict[int, tuple[UUID, str]]:
    """The member and number of each report's order, by the report's place in the list; unknown orders are absent."""
    rows = await db.fetch(query("orders_reported"), list(numbers), list(tracking_numbers))
    return {row["place"] - 1: (row["member_id"], row["number"]) for row in rows}


async def keep_reports(db: Queryable, event_ids: Sequence[str], bodies: Sequence[bytes], reporter: str) -> set[str]:
    """Stores reported deliveries in the inbox; returns the ids that were not there before."""
    rows = await db.fetch(query("keep_reports"), list(event_ids), list(bodies), reporter)
    return {row["event_id"] for row in rows}
