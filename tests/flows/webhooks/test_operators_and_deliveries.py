"""Operators list deliveries and have them applied again (design §5, issue 4)."""

from typing import Any
from uuid import uuid4

import pytest

from api.ids import GlobalId
from tests.support.stage import Stage

LIST = """query($first: Int, $after: String, $state: DeliveryState, $states: [DeliveryState!], $producer: String) {
  webhookDeliveries(first: $first, after: $after, state: $state, states: $states, producer: $producer) {
    edges { cursor node { eventId } }
    nodes {
      id producer eventId type state receivedAt attempts error orderNumber trackingNumber appliedAt nextAttemptAt }
    pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
REPLAY = """mutation($id: ID!, $key: ID!) {
  replayWebhook(id: $id, idempotencyKey: $key) {
    __typename ... on WebhookReplayed { delivery { id state attempts error nextAttemptAt } }
    ... on Refusal { code } } }"""
ALL = ["RECEIVED", "APPLIED", "PARKED", "IGNORED", "DEAD"]
NODE = "query($id: ID!) { node(id: $id) { __typename id ... on WebhookDelivery { eventId state } } }"


async def operator(stage: Stage, query: str, *, scope: str = "operator", **variables: Any) -> Any:
    data = await stage.ask(query, variables, stage.token(scope=scope, name="olga"))
    return next(iter(data.values()))


async def listed(stage: Stage, **variables: Any) -> list[str]:
    return [each["eventId"] for each in (await operator(stage, LIST, **variables))["nodes"]]


async def send(stage: Stage, *event_ids: str, order: str = "ORD-1") -> None:
    for event_id in event_ids:
        data = {"order_number": order, "occurred_at": "2026-11-03T11:59:30Z"}
        assert (await stage.webhook("shipment.delivered", data, id_=event_id)).is_success


def id_of(event_id: str, producer: str = "native") -> str:
    return str(GlobalId("WebhookDelivery", local=f"{producer}:{event_id}"))


async def replay(stage: Stage, event_id: str, key: str | None = None, **more: Any) -> dict[str, Any]:
    return await operator(stage, REPLAY, id=id_of(event_id), key=key or str(uuid4()), **more)


async def test_deliveries_are_listed_newest_first_with_their_results(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await send(stage, "evt-1")
    await stage.drain()
    await send(stage, "evt-2", order="ORD-unknown")
    await stage.drain()
    await send(stage, "evt-3")
    page = await operator(stage, LIST, scope="auditor", states=ALL)
    assert [(each["eventId"], each["state"], each["orderNumber"]) for each in page["nodes"]] == [
        ("evt-3", "RECEIVED", None),
        ("evt-2", "PARKED", "ORD-unknown"),
        ("evt-1", "APPLIED", "ORD-1"),
    ]
    applied = page["nodes"][2]
    assert (applied["producer"], applied["type"], applied["attempts"]) == ("native", "shipment.delivered", 1)
    assert applied["appliedAt"] >= applied["receivedAt"]
    assert (applied["error"], applied["nextAttemptAt"]) == (None, None)
    assert page["nodes"][1]["error"] == "Its order is not known yet."


async def test_pages_follow_one_another_and_are_of_the_requested_state_and_producer(stage: Stage):
    await send(stage, *(f"evt-{n}" for n in range(5)), order="ORD-unknown")
    await stage.drain()
    await send(stage, "evt-5", "evt-6")
    await stage.owner.execute("update inbox set received_at = date_trunc('day', received_at)")
    seen, after = [], None
    while True:
        page = await operator(stage, LIST, first=3, after=after)
        seen += [each["eventId"] for each in page["nodes"]]
        assert [each["node"]["eventId"] for each in page["edges"]] == seen[-len(page["nodes"]) :]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [f"evt-{n}" for n in range(7)]
    assert await listed(stage, state="RECEIVED") == ["evt-5", "evt-6"]
    assert len(await listed(stage, state="PARKED", producer="native")) == 5
    assert await listed(stage, producer="easypost") == []
    assert await listed(stage, first=0) == []


async def test_by_default_only_deliveries_that_still_need_attention_are_listed(stage: Stage):
    await send(stage, *(f"evt-{state}" for state in ALL))
    await stage.owner.execute("update inbox set state = substr(event_id, 5)")
    assert set(await listed(stage)) == {"evt-RECEIVED", "evt-PARKED", "evt-DEAD"}
    assert await listed(stage, state="APPLIED") == ["evt-APPLIED"]
    assert set(await listed(stage, states=["IGNORED", "DEAD", "DEAD"])) == {"evt-IGNORED", "evt-DEAD"}
    assert len(await listed(stage, states=ALL)) == 5
    assert await listed(stage, states=[]) == []


@pytest.mark.parametrize(
    "variables",
    [{"first": 101}, {"first": -1}, {"after": "x"}, {"after": "WzEsImNvdXBvbnMiXQ"}, {"producer": ""},
     {"state": "DEAD", "states": ["DEAD"]}],
    ids=str,
)  # fmt: skip
async def test_an_impossible_page_is_bad_input(stage: Stage, variables: dict[str, Any]):
    answer = await stage.post(LIST, variables, stage.token(scope="operator"))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_only_operators_and_auditors_see_deliveries_and_only_operators_replay(stage: Stage):
    await stage.register()
    await send(stage, "evt-1")
    others = [stage.token("mi-1"), stage.token(scope="storefront")]
    for token, code in ((others[0], "FORBIDDEN"), (others[1], "FORBIDDEN"), (None, "UNAUTHENTICATED")):
        answer = await stage.post(LIST, {}, token)
        assert (answer["data"]["webhookDeliveries"], answer["errors"][0]["extensions"]["code"]) == (None, code)
    for token in others:
        assert (await stage.ask(NODE, {"id": id_of("evt-1")}, token))["node"] is None
    for scope in ("operator", "auditor"):
        node = await operator(stage, NODE, scope=scope, id=id_of("evt-1"))
        assert node == {"__typename": "WebhookDelivery", "id": id_of("evt-1"), "eventId": "evt-1", "state": "RECEIVED"}
    for unknown in (id_of("evt-2"), id_of("\0"), id_of("evt-1", "nobody")):
        assert await operator(stage, NODE, id=unknown) is None
    for scope in ("auditor", "storefront"):
        assert (await replay(stage, "evt-1", scope=scope))["code"] == "NOT_ALLOWED"


async def test_a_dead_delivery_is_tried_again_when_it_is_replayed(stage: Stage):
    """A return that names an unknown line is dead after ten attempts, and can be replayed."""
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.send_event("return.received", "ORD-1", return_id="R1", lines=[{"line_id": "2", "quantity": 1}])
    [event_id] = await listed(stage)
    await stage.owner.execute("update inbox set attempts = 9, not_before = null")
    await stage.drain()
    [dead] = (await operator(stage, LIST, state="DEAD"))["nodes"]
    assert (dead["attempts"], dead["nextAttemptAt"]) == (10, None)
    stage.woken.clear()
    answer = await replay(stage, event_id)
    assert answer["delivery"] | {"id": ""} == {
        "id": "", "state": "RECEIVED", "attempts": 0, "error": None, "nextAttemptAt": None,
    }  # fmt: skip
    assert stage.woken == ["apply_deliveries"]
    await stage.drain()
    [failed] = (await operator(stage, LIST))["nodes"]
    assert (failed["state"], failed["attempts"]) == ("RECEIVED", 1)
    assert failed["nextAttemptAt"] is not None
    row = await stage.owner.fetchrow("select actor, action, before, after from operator_log")
    assert (row["actor"], row["action"], row["before"]["state"]) == ("olga", "replayWebhook", "DEAD")
    assert row["after"]["event_id"] == event_id


async def test_an_applied_delivery_that_is_replayed_has_no_second_effect(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await send(stage, "evt-1")
    await stage.drain()
    history = await stage.history()
    for _ in range(3):
        assert (await replay(stage, "evt-1"))["__typename"] == "WebhookReplayed"
        await stage.drain()
    assert await stage.history() == history
    [row] = (await operator(stage, LIST, state="APPLIED"))["nodes"]
    assert (row["state"], row["attempts"]) == ("APPLIED", 1)


async def test_an_ignored_delivery_is_read_again_by_a_later_release(stage: Stage):
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await send(stage, "evt-1")
    await stage.owner.execute("update inbox set state = 'IGNORED', error = 'An older release did not know it.'")
    await replay(stage, "evt-1")
    await stage.drain()
    assert (await stage.balance())[0] == 100


async def test_a_key_is_answered_once_and_belongs_to_one_delivery(stage: Stage):
    """R61."""
    await send(stage, "evt-1", "evt-2", order="ORD-unknown")
    await stage.drain()
    first = await replay(stage, "evt-1", key="k")
    assert first["delivery"]["state"] == "RECEIVED"
    await stage.drain()
    again = await replay(stage, "evt-1", key="k")
    assert again["delivery"]["state"] == "PARKED"
    assert (await replay(stage, "evt-2", key="k"))["code"] == "IDEMPOTENCY_MISMATCH"
    assert (await replay(stage, "evt-3", key="free"))["code"] == "NOT_FOUND"
    assert (await replay(stage, "evt-2", key="free"))["__typename"] == "WebhookReplayed"
    not_one = await operator(stage, REPLAY, id=str(GlobalId("Reward", local="es-5")), key="other")
    assert not_one["code"] == "NOT_FOUND"
    assert await stage.owner.fetchval("select count(*) from operator_log") == 2
