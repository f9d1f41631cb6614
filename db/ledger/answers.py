"""Idempotency keys: the first answer to each; and the programme's moment for requests that involve no member (R61)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to an idempotency key, and the hash of the input that it answers."""

    input_hash: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestToJudge:
    """The programme's moment and version, and the answer that a service got earlier under the same key."""

    now: datetime
    programme_version: int
    earlier_answer: StoredAnswer | None


def stored_answer(row: asyncpg.Record) -> StoredAnswer | None:
    return StoredAnswer(row["input_hash"].hex(), row["answer"]) if row["answer"] is not None else None


async def request_to_judge(db: Queryable, service_id: UUID | None, key: str | None) -> RequestToJudge:
    """The programme's moment and version, and the answer that a service got earlier under this key."""
    row = await db.fetchrow(query("request_to_judge"), service_id, key)
    assert row is not None
    return RequestToJudge(row["now"], row["programme_version"], stored_answer(row))


async def key_is_used(db: Queryable, service_id: UUID | None, mi_id: str | None, key: str) -> bool:
    """Whether this key already has an answer for a service, or, if none is given, for the member of a Mi account."""
    used: bool = await db.fetchval(query("key_is_used"), service_id, mi_id, key)
    return used


async def keep_answer(
    db: Queryable,
    caller_id: UUID,
    key: str,
    input_hash: str,
    answer: Mapping[str, Any],
    *,
    member_id: UUID | None = None,
) -> bool:
    """Stores an answer to a request that changed no member; False if another answer to this key was first (R61)."""
    return await db.fetchval(query("keep_answer"), caller_id, key, input_hash, answer, member_id) is not None
