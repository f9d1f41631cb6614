"""Applies stored deliveries again at an operator's request: after a fixed order, a new release, or long in PARKED."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Database, Queryable
from db.programme import log_action
from db.webhooks.deliveries import DeliveryBefore, DeliveryKey, replay_dead_deliveries, replay_delivery
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
from loyalty.programme.programme import Programme
from loyalty.refusals import NotFound


async def replay_webhook(programme: Programme, caller: Caller, named: DeliveryKey | None, key: str) -> DeliveryKey:
    """Has a delivery in any state applied again, as if it had just arrived; returns its key.

    Its facts have business keys, so applying it again has no second effect (R61). Refusals: NotFound,
    IdempotencyMismatch.
    """
    request = request_of(caller, "replayWebhook", key, named)

    decision = ProgrammeDecision(request, _Replaying(caller, named).judge, changes_programme=False)
    producer, event_id = (await decide_for_programme(programme.db, decision))["delivery"]
    return producer, event_id


@dataclass(frozen=True, slots=True)
class _Replaying:
    """A delivery to apply again, while that is judged; None for what is no delivery's id."""

    caller: Caller
    named: DeliveryKey | None

    async def judge(self, db: Queryable, _moment: RequestToJudge) -> ProgrammeRuling:
        """The delivery, waiting as if it had just come. Raises NotFound."""
        if self.named is None:
            raise NotFound
        log = await _replay(self.named, str(self.caller.name), db)
        return ProgrammeRuling({"type": "WebhookReplayed", "delivery": list(self.named)}, log)


async def replay_by_hand(db: Database, named: DeliveryKey, actor: str) -> None:
    """Has a delivery applied again from the command line. Raises NotFound."""
    await db.in_transaction(partial(_replay_and_log, named, actor))


async def _replay_and_log(named: DeliveryKey, actor: str, transaction: Queryable) -> None:
    await log_action(transaction, await _replay(named, actor, transaction))


async def replay_dead(db: Database, producer: str, actor: str) -> int:
    """Has all dead deliveries of a producer applied again; returns their number."""
    return await db.in_transaction(partial(_replay_dead, producer, actor))


async def _replay_dead(producer: str, actor: str, transaction: Queryable) -> int:
    event_ids = await replay_dead_deliveries(transaction, producer)
    if event_ids:
        after = {"producer": producer, "event_ids": event_ids}
        await log_action(transaction, NewLogEntry(actor, "replayWebhook", _NO_REASON, after=after))
    return len(event_ids)


_NO_REASON = ""
"""A replay needs no reason. The log has the operator, the time, the delivery and its state before."""


async def _replay(named: DeliveryKey, actor: str, transaction: Queryable) -> NewLogEntry:
    before = await replay_delivery(transaction, *named)
    if before is None:
        raise NotFound
    after = {"producer": named[0], "event_id": named[1], "state": "RECEIVED", "attempts": 0}
    return NewLogEntry(actor, "replayWebhook", _NO_REASON, before=_described(before), after=after)


def _described(before: DeliveryBefore) -> dict[str, Any]:
    return {"state": before.state, "attempts": before.attempts, "error": before.error}
