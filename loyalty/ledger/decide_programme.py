"""How decisions about the programme itself are made: without a member, with a service's key.

One transaction holds the programme's row, so that such decisions come one after another. The changes, the
operators' log, the programme's new version and the answer are written together or not at all.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from db.ledger.answers import RequestToJudge, keep_answer, request_to_judge
from db.ledger.record import NewLogEntry, Stale
from db.limits import DECISION_TRIES
from db.pool import Database, Queryable
from db.programme import lock_programme, log_action, programme_changed
from loyalty.ledger.answers import Answer, Request, first_answer


@dataclass(frozen=True, slots=True)
class ProgrammeRuling:
    """A judge's result: the answer to store under the key, and the operators' log (None if nothing changed)."""

    answer: Answer
    log: NewLogEntry | None


JudgeProgramme = Callable[[Queryable, RequestToJudge], Awaitable[ProgrammeRuling]]
"""Judges as of one moment and writes its own rows. Raises a Refusal to say no."""


@dataclass(frozen=True, slots=True)
class ProgrammeDecision:
    """One request of a service. `changes_programme` is False if its rows are not part of terms, rewards and
    campaigns: then the programme's row is not locked, and the judge locks the rows that it changes."""

    request: Request
    judge: JudgeProgramme
    changes_programme: bool = True


async def decide_for_programme(db: Database, decision: ProgrammeDecision) -> Answer:
    """Judges one request of a service and stores the answer; the same request again gets the first answer.

    If two requests with one key run at once, one is undone and gets the other's answer. Raises IdempotencyMismatch,
    and any refusal of the judge; a refusal leaves the key free.
    """
    attempt = partial(_attempt, decision)
    for _ in range(DECISION_TRIES - 1):
        with suppress(Stale):
            return await db.in_transaction(attempt)
    return await db.in_transaction(attempt)


async def _attempt(decision: ProgrammeDecision, transaction: Queryable) -> Answer:
    """Decides once. Raises Stale if another request took the key meanwhile."""
    request = decision.request
    if request.service_id is None:
        raise ValueError("Only a service decides about the programme.")
    if decision.changes_programme:
        await lock_programme(transaction)
    moment = await request_to_judge(transaction, request.service_id, request.key)
    if moment.earlier_answer is not None:
        return first_answer(moment.earlier_answer, request)
    ruling = await decision.judge(transaction, moment)
    if ruling.log is not None:
        await _log(transaction, ruling.log, changes_programme=decision.changes_programme)
    if not await keep_answer(transaction, request.service_id, request.key, request.input_hash, ruling.answer):
        raise Stale
    return ruling.answer


async def _log(transaction: Queryable, entry: NewLogEntry, *, changes_programme: bool) -> None:
    await log_action(transaction, entry)
    if changes_programme:
        await programme_changed(transaction)
