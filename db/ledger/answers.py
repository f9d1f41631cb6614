"""Idempotency keys: the first answer to each, and the programme's moment where no member is involved (R61)."""

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
    """The first answer to an idempotency key, and the hash of the input it was given to."""

    input_hash: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestToJudge:
    """The programme's moment and version, with a service's earlier answer to a key."""

    now: datetime
    programme_version: int
    kept: StoredAnswer | None


def stored_answer(row: asyncpg.Record) -> StoredAnswer | None:
    return StoredAnswer(row["input_hash"].hex(), row["answer"]) if row["answer"] is not None else None


async def request_to_judge(db: Queryable, service_id: UUID | None, key: str | None) -> RequestToJudge:
    """The moment, and what a service was answered to this key before."""
    row = await db.fetchrow(query("request_to_judge"), service_id, key)
    assert row is not None
    return RequestToJudge(row["now"], row["programme_version"], stored_answer(row))


async def key_is_used(db: Queryable, service_id: UUID | None, mi_id: str | None, key: str) -> bool:
    """Whether a service, or else the member of a Mi account, was answered to this key before."""
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
    """Keeps an answer that changes nothing of a member; False when another answer to this key was first."""
    return await db.fetchval(query("keep_answer"), caller_id, key, input_hash, answer, member_id) is not None
