"""Idempotency keys (R61): a request with the hash of its input, and the answer stored under its key."""

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
from loyalty.refusals import IdempotencyMismatch, InvalidInput, Refusal, as_answer
from loyalty.texts import problem_of_text

Answer = Mapping[str, Any]


LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a mutation: who calls, its idempotency key, and a hash of its input (hexadecimal).

    A refusal is stored with the `operation` and with what it is `about`, such as a reward, a coupon or an order (R62).
    `hash_before`: the hash that an earlier release stored for the same input.
    """

    caller: Caller
    key: str
    input_hash: str
    operation: str
    about: Mapping[str, str] = field(default_factory=dict)
    hash_before: str | None = None

    @property
    def service_id(self) -> UUID | None:
        """The calling service, which has keys of its own; None if a member calls."""
        return self.caller.service_id


def request_of(
    caller: Caller,
    operation: str,
    key: str,
    arguments: object,
    about: Mapping[str, str] | None = None,
    *,
    before: object = None,
) -> Request:
    """The request for an operation with these arguments. One caller's keys are shared by all mutations (R61).

    `before`: the arguments in the form of an earlier release, if that was another one.

    Raises InvalidInput for a key that is empty, longer than LONGEST_KEY, or contains invisible characters.
    """
    if problem := problem_of_text(key, LONGEST_KEY):
        raise InvalidInput(problem, "idempotencyKey")
    hash_before = None if before is None else content_hash([operation, before])
    return Request(caller, key, content_hash([operation, arguments]), operation, about or {}, hash_before)


def content_hash(content: object) -> str:
    """SHA-256 of `content_text`, hexadecimal."""
    return hashlib.sha256(content_text(content).encode()).hexdigest()


def content_text(content: object) -> str:
    """Plain values as JSON; equal contents give equal text, whatever the order of keys or the time zone of a moment.

    The audit builds the same text for orders (`audit_order_contents`).
    """
    return _encode(content)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


_encode = json.JSONEncoder(sort_keys=True, default=_plain, ensure_ascii=False).encode


def first_answer(stored: StoredAnswer, request: Request) -> Answer:
    """The answer stored under the request's key. Raises IdempotencyMismatch if the key was used with another input."""
    if stored.input_hash not in (request.input_hash, request.hash_before):
        raise IdempotencyMismatch
    return stored.answer


async def is_key_used(db: Queryable, caller: Caller, key: str) -> bool:
    """Whether this caller's key has a stored answer, for any input."""
    return await key_is_used(db, caller.service_id, None if caller.is_service else caller.name, key)


def refusal_answer(request: Request, refusal: Refusal) -> Answer:
    """A refusal as it is stored under the request's key, with what was asked (R62)."""
    return as_answer(refusal) | {"request": {"operation": request.operation, "about": dict(request.about)}}


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict on an event, and the seconds from the decision until its points are due (None without a hold)."""

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
