"""Applying kept deliveries again, by an operator's word: after a mended order, a new release, or long in PARKED."""

from typing import Any

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Database, Queryable
from db.programme import log_action
from db.webhooks.deliveries import DeliveryBefore, DeliveryKey, replay_dead_deliveries, replay_delivery
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide_programme import decide_for_programme
from loyalty.programme.programme import Programme
from loyalty.refusals import NotFound


async def replay_webhook(programme: Programme, caller: Caller, named: DeliveryKey | None, key: str) -> DeliveryKey:
    """Has a delivery in any state applied again, as if it had just come; gives which.

    What it says is a fact under a business key, so applied again it has no second effect (R61). Refusals: NotFound,
    IdempotencyMismatch.
    """
    request = request_of(caller, "replayWebhook", key, named)

    async def judge(db: Queryable, _moment: RequestToJudge) -> tuple[NewLogEntry, Answer]:
        if named is None:
            raise NotFound
        return await _replay(db, named, str(caller.name)), {"type": "WebhookReplayed", "delivery": list(named)}

    answer = await decide_for_programme(programme, request, judge, changes_programme=False)
    producer, event_id = answer["delivery"]
    return producer, event_id


async def replay_by_hand(db: Database, named: DeliveryKey, actor: str) -> None:
    """The same from the command line. Raises NotFound."""

    async def replay(queryable: Queryable) -> None:
        await log_action(queryable, await _replay(queryable, named, actor))

    await db.in_transaction(replay)


async def replay_dead(db: Database, producer: str, actor: str) -> int:
    """Has all of a producer's deliveries that were given up on applied again; gives how many."""

    async def replay(queryable: Queryable) -> int:
        event_ids = await replay_dead_deliveries(queryable, producer)
        if event_ids:
            after = {"producer": producer, "event_ids": event_ids}
            await log_action(queryable, NewLogEntry(actor, "replayWebhook", _NO_REASON, after=after))
        return len(event_ids)

    return await db.in_transaction(replay)


_NO_REASON = ""
"""Nobody is asked why a delivery is applied again; the log says who, when, which, and what it was before."""


async def _replay(db: Queryable, named: DeliveryKey, actor: str) -> NewLogEntry:
    before = await replay_delivery(db, *named)
    if before is None:
        raise NotFound
    after = {"producer": named[0], "event_id": named[1], "state": "RECEIVED", "attempts": 0}
    return NewLogEntry(actor, "replayWebhook", _NO_REASON, before=_described(before), after=after)


def _described(before: DeliveryBefore) -> dict[str, Any]:
    return {"state": before.state, "attempts": before.attempts, "error": before.error}
