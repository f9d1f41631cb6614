"""Calls of storefronts and operators about verdicts, for tests, over HTTP."""

from typing import Any
from uuid import uuid4

from tests.support.stage import Stage

_ANSWER = """
  __typename
  ... on PointsVerdict {
    verdict { id outcome code kind points message pendingPoints { points dueAt awaiting kind }
      entries { id kind points balanceAfter reverses { id kind points } } }
    member { balance { available pending debt lifetime } } }
  ... on Refusal { code message } ... on InvalidInput { path }
"""
MODERATE = f"""mutation($input: ModerationInput!, $key: ID!) {{
  recordModeration(input: $input, idempotencyKey: $key) {{ {_ANSWER} }} }}"""
ADJUST = f"""mutation($miId: ID!, $points: Int!, $reason: String!, $reverses: ID, $key: ID!) {{
  adjustPoints(miId: $miId, points: $points, reason: $reason, reverses: $reverses, idempotencyKey: $key) {{
    {_ANSWER} }} }}"""
DECIDE = f"""mutation($id: ID!, $approve: Boolean!, $reason: String!, $key: ID!) {{
  decideReview(verdictId: $id, approve: $approve, reason: $reason, idempotencyKey: $key) {{ {_ANSWER} }} }}"""


async def moderate(
    stage: Stage, subject: str, mi_id: str = "mi-1", *, key: str | None = None, **ref: str
) -> dict[str, Any]:
    """The storefront reports the moderation of a review or a share. `subject` is the input's field."""
    return await stage.storefront(MODERATE, input={subject: {"miId": mi_id, **ref}}, key=key or str(uuid4()))


async def adjusted(
    stage: Stage,
    points: int,
    *,
    mi_id: str = "mi-1",
    by: str = "op-1",
    reason: str = "A kind word.",
    reverses: str | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """An operator adjusts a member's points."""
    variables = {"miId": mi_id, "points": points, "reason": reason, "reverses": reverses, "key": key or str(uuid4())}
    return (await stage.ask(ADJUST, variables, stage.token(scope="operator", name=by)))["adjustPoints"]


async def decided(
    stage: Stage, verdict_id: str, *, approve: bool, by: str = "op-2", reason: str = "Seen.", key: str | None = None
) -> dict[str, Any]:
    """An operator approves or rejects a verdict that waits."""
    variables = {"id": verdict_id, "approve": approve, "reason": reason, "key": key or str(uuid4())}
    return (await stage.ask(DECIDE, variables, stage.token(scope="operator", name=by)))["decideReview"]


def answer_of(result: dict[str, Any]) -> tuple[str, str, int]:
    """Returns outcome, code and points of an answered verdict."""
    assert result["__typename"] == "PointsVerdict", result
    verdict = result["verdict"]
    return verdict["outcome"], verdict["code"], verdict["points"]


async def newest_entry(stage: Stage, kind: str, mi_id: str = "mi-1") -> str:
    """Returns the id of the newest line of a kind in a member's history."""
    query = "query($k: [EntryKind!]) { me { pointsHistory(first: 1, kinds: $k) { nodes { id } } } }"
    me = await stage.app(mi_id, query, k=[kind])
    return me["pointsHistory"]["nodes"][0]["id"]


async def taking_back_by_operators(stage: Stage) -> None:
    """Changes the market's terms so that operators decide about clawbacks (R35)."""
    await stage.owner.execute(
        """update terms set document = jsonb_set(document, '{taking_back}',
             '{"SOCIAL_SHARE": "operator", "LINK_SHARE": "operator", "REVIEW": "operator"}')
           where version = 'es-2020-01-01'"""
    )
    await stage.owner.execute("update programme_state set version = version + 1")
