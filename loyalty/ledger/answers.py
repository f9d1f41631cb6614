"""Idempotency keys (R61): a request and its hash, and the first answer it was given."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from db.ledger.answers import StoredAnswer, key_is_used
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.written import Written
from loyalty.refusals import (
    IdempotencyMismatch,
    InvalidInput,
)
from loyalty.texts import problem_of_text

Answer = Mapping[str, Any]


LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a mutation: who calls, its idempotency key, and a hash of its input (hexadecimal)."""

    caller: Caller
    key: str
    input_hash: str

    @property
    def service_id(self) -> UUID | None:
        """The service under whose keys the answer is stored; None for a member's own."""
        return self.caller.service_id


def request_of(caller: Caller, operation: str, key: str, arguments: object) -> Request:
    """Raises InvalidInput for an empty, overlong or invisible key. Keys are per caller over all mutations (R61)."""
    if problem := problem_of_text(key, LONGEST_KEY):
        raise InvalidInput(problem, "idempotencyKey")
    return Request(caller, key, content_hash([operation, arguments]))


def content_hash(content: object) -> str:
    """SHA-256 of `content_text`, hexadecimal."""
    return hashlib.sha256(content_text(content).encode()).hexdigest()


def content_text(content: object) -> str:
    """Plain values in a form that does not depend on their order or on an instant's zone.

    The audit makes the same text of orders (`audit_order_contents`).
    """
    return json.dumps(content, sort_keys=True, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def first_answer(stored: StoredAnswer, request: Request) -> Answer:
    """The answer this key was given before. Raises IdempotencyMismatch when it was given to another input."""
    if stored.input_hash != request.input_hash:
        raise IdempotencyMismatch
    return stored.answer


async def is_key_used(db: Queryable, caller: Caller, key: str) -> bool:
    """Whether this caller's key has a stored answer, for any input."""
    return await key_is_used(db, caller.service_id, None if caller.is_service else caller.name, key)


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict an event was given, and the seconds from then until its points are due, where they are on hold."""

    member_id: UUID
    verdict_id: UUID
    due_in: float | None
    written: Written | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, answer: Answer, written: Written | None = None) -> "Decided":
        """From the answer stored under the idempotency key, and what was written with it."""
        return cls(UUID(answer["member_id"]), UUID(answer["verdict_id"]), answer.get("due_in"), written)


def verdict_answer(
    type_: str, member_id: UUID, verdict_id: UUID, due_in: timedelta | None = None
) -> dict[str, str | float | None]:
    """A verdict as it is stored under the idempotency key."""
    return {
        "type": type_,
        "member_id": str(member_id),
        "verdict_id": str(verdict_id),
        "due_in": due_in.total_seconds() if due_in is not None else None,
    }
