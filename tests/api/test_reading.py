"""Reading as a member, a shop and an auditor, over HTTP and with real Postgres."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.ids import OF_NOBODY
from db.pool import Database
from tests.api.root_fields import OURS
from tests.support.patience import eventually
from tests.support.stage import ORDER, REGISTER, Stage

HISTORY = """query($first: Int, $after: String, $last: Int, $before: String, $kinds: [EntryKind!], $since: DateTime,
    $until: DateTime) { me { pointsHistory(first: $first, after: $after, last: $last, before: $before, kinds: $kinds,
    since: $since, until: $until) { nodes { kind } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor
    endCursor } } } }"""
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


async def five_entries(stage: Stage) -> list[str]:
    """Gives a member a history of five entries; returns their kinds, newest first."""
    await stage.register()
    for activity in ("appSignIn", "fuel"):
        await stage.earn({activity: {}})
        await stage.advance(minutes=6)
    for network in ("socialShare", "linkShare"):
        await stage.earn({network: {"productId": "p-1"}})
        await stage.advance(minutes=6)
    return ["LINK_SHARE", "SOCIAL_SHARE", "FUEL", "APP_SIGN_IN", "SIGN_UP"]


async def history(stage: Stage, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
    me = await stage.app("mi-1", HISTORY, **arguments)
    page = me["pointsHistory"]
    return [node["kind"] for node in page["nodes"]], page["pageInfo"]


async def test_a_history_is_read_in_pages_from_either_end(stage: Stage):
    kinds = await five_entries(stage)
    assert (await history(stage))[0] == kinds
    first, info = await history(stage, first=2)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == (kinds[:2], True, False)
    second, info = await history(stage, first=2, after=info["endCursor"])
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == (kinds[2:4], True, True)
    third, info = await history(stage, first=2, after=info["endCursor"])
    assert (third, info["hasNextPage"]) == (kinds[4:], False)
    last, info = await history(stage, last=2)
    assert (last, info["hasNextPage"], info["hasPreviousPage"]) == (kinds[3:], False, True)
    earlier, info = await history(stage, last=2, before=info["startCursor"])
    assert (earlier, info["hasNextPage"], info["hasPreviousPage"]) == (kinds[1:3], True, True)
    assert (await history(stage, first=0))[0] == []


async def test_a_new_entry_between_two_pages_repeats_and_skips_none(stage: Stage):
    kinds = await five_entries(stage)
    first, info = await history(stage, first=2)
    await stage.earn({"socialShare": {"productId": "p-2"}})
    await stage.advance(minutes=6)
    second, _ = await history(stage, first=3, after=info["endCursor"])
    assert first + second == kinds


async def test_a_history_can_be_narrowed_to_kinds_and_times(stage: Stage):
    kinds = await five_entries(stage)
    assert (await history(stage, kinds=["FUEL", "SIGN_UP"]))[0] == ["FUEL", "SIGN_UP"]
    assert (await history(stage, kinds=[]))[0] == []
    me = await stage.app("mi-1", "{ me { pointsHistory { nodes { occurredAt } } } }")
    middle = me["pointsHistory"]["nodes"][2]["occurredAt"]
    assert (await history(stage, since=middle))[0] == kinds[:3]
    assert (await history(stage, until=middle))[0] == kinds[3:]


async def test_every_list_can_be_paged_to_its_end(stage: Stage):
    await five_entries(stage)
    await stage.order("O-1", [("1", 1, 100_000)])
    await stage.delivered("O-1")
    for _ in range(2):
        await stage.redeem("es-5")
    await stage.order("O-2", [("1", 1, 1000)])
    await stage.earn({"review": {"productId": "p-1", "reviewId": "r-1"}})
    await stage.earn({"socialShare": {"productId": "p-2"}})
    for name, expected in (("pendingPoints", 3), ("coupons", 2), ("verdicts", 11)):
        seen: list[str] = []
        after = None
        while True:
            query = f"query($a: String) {{ me {{ {name}(first: 1, after: $a) {{ nodes {{ id }} pageInfo {{ "
            me = await stage.app("mi-1", query + "hasNextPage endCursor } } } }", a=after)
            seen += [node["id"] for node in me[name]["nodes"]]
            after = me[name]["pageInfo"]["endCursor"]
            if not me[name]["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) == expected, name
    me = await stage.app("mi-1", "{ me { coupons { nodes { id } } last: coupons(last: 1) { nodes { id } } } }")
    assert me["last"]["nodes"] == me["coupons"]["nodes"][-1:]


async def test_promised_points_come_soonest_first_and_those_without_a_moment_last(stage: Stage):
    await stage.register()
    await stage.order("O-1", [("1", 1, 1000)])
    await stage.earn({"fuel": {}})
    me = await stage.app("mi-1", "{ me { pendingPoints { nodes { kind dueAt awaiting reference } } } }")
    nodes = me["pendingPoints"]["nodes"]
    assert [node["kind"] for node in nodes] == ["SIGN_UP", "FUEL", "PURCHASE"]
    assert (nodes[2]["dueAt"], nodes[2]["awaiting"], nodes[2]["reference"]) == (None, "DELIVERY", "O-1")


async def ids_of_everything(stage: Stage) -> dict[str, str]:
    """One id of every type that a member has."""
    await five_entries(stage)
    order = await stage.order("O-1", [("1", 1, 100_000)])
    await stage.delivered("O-1")
    coupon = await stage.redeem("es-5")
    verdict = await stage.earn({"review": {"productId": "p-1", "reviewId": "r-1"}})
    await stage.advance(days=800)  # points are about to lapse, and the member has a notice
    await stage.earn({"socialShare": {"productId": "p-9"}})
    lists = "pendingPoints { nodes { id } } pointsHistory { nodes { id } } notices { nodes { id } }"
    me = await stage.app("mi-1", f"{{ me {{ id {lists} }} }}")
    return {
        "Member": me["id"],
        "Order": order["order"]["id"],
        "Coupon": coupon["coupon"]["id"],
        "Verdict": verdict["verdict"]["id"],
        "PendingPoints": me["pendingPoints"]["nodes"][0]["id"],
        "PointsEntry": me["pointsHistory"]["nodes"][0]["id"],
        "Notice": me["notices"]["nodes"][0]["id"],
    }


async def test_a_node_is_found_only_by_callers_that_may_see_it(stage: Stage):
    ids = await ids_of_everything(stage)
    node = OURS.type_map["Node"]
    assert set(ids) == {each.name for each in OURS.get_possible_types(node)} - set(OF_NOBODY), "no type is left out"
    await stage.register("mi-2")
    for type_, id_ in ids.items():
        for token in (stage.token("mi-1"), *(stage.token(scope=s) for s in ("storefront", "operator", "auditor"))):
            assert (await stage.ask(NODE, {"id": id_}, token))["node"] == {"__typename": type_, "id": id_}
        for other in (stage.token("mi-2"), stage.token("mi-3"), stage.token(scope="openid")):
            assert (await stage.ask(NODE, {"id": id_}, other))["node"] is None
        answer = await stage.post(NODE, {"id": id_})
        assert answer["data"] == {"node": None}
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_rewards_are_nodes_for_every_client(stage: Stage):
    rewards = (await stage.ask('{ rewards(market: "GB") { id cost value { amountMinor currency } } }'))["rewards"]
    assert [(each["cost"], each["value"]["currency"]) for each in rewards] == [
        (500, "GBP"), (1000, "GBP"), (2000, "GBP"), (5000, "GBP")
    ]  # fmt: skip
    assert (await stage.ask(NODE, {"id": rewards[0]["id"]}))["node"]["__typename"] == "Reward"


async def test_an_id_of_nothing_is_null(stage: Stage):
    await stage.register()
    for id_ in ("nonsense", "", "7", "UmV3YXJkOm5vdGhpbmc", "Q2FtcGFpZ246bm90aGluZw"):
        assert (await stage.ask(NODE, {"id": id_}, stage.token("mi-1")))["node"] is None


async def test_an_order_is_shown_in_the_state_that_all_its_facts_give(stage: Stage):
    await stage.register()
    await stage.order("O-1", [("1", 2, 20_000), ("2", 1, 5000)], parcels={"T-1": {"1": 2}, "T-2": {"2": 1}})
    await stage.delivered("O-1", "T-1")
    await stage.returned("O-1", "R-1", lines=[{"line_id": "1", "quantity": 1}])
    order = await stage.app(
        "mi-1",
        """{ order(number: "O-1") { number total { amountMinor currency } pointsCredited pointsPending member { miId }
        lines { id quantity delivered returned factor paid { amountMinor } }
        parcels { trackingNumber state deliveredAt lineIds } } }""",
    )
    assert (order["total"], order["member"]) == ({"amountMinor": 25_000, "currency": "EUR"}, {"miId": "mi-1"})
    assert (order["pointsCredited"], order["pointsPending"]) == (100, 50)
    assert [(line["delivered"], line["returned"], line["factor"]) for line in order["lines"]] == [
        (2, 1, 1.0),
        (0, 0, 1.0),
    ]
    assert [(each["state"], each["lineIds"]) for each in order["parcels"]] == [
        ("DELIVERED", ["1"]),
        ("EXPECTED", ["2"]),
    ]


async def test_an_account_that_has_not_joined_is_null(stage: Stage):
    assert (await stage.ask("{ me { id } }", token=stage.token("mi-9")))["me"] is None
    unknown = '{ member(miId: "mi-9") { id } order(number: "O-9") { id } }'
    assert await stage.ask(unknown, token=stage.token(scope="auditor")) == {"member": None, "order": None}


async def test_terms_are_those_of_the_day(stage: Stage):
    query = "query($m: Market!, $on: Date) { terms(market: $m, on: $on) { version ways { kind points } } }"
    cases = {"2025-06-16": "gb-2020-01-01", "2025-06-17": "gb-2025-06-17", None: "gb-2025-06-17"}
    for day, version in cases.items():
        assert (await stage.ask(query, {"m": "GB", "on": day}))["terms"]["version"] == version
    for day in ("2019-12-31", "0001-01-01"):
        assert (await stage.ask(query, {"m": "GB", "on": day}))["terms"] is None


@pytest.mark.parametrize(
    "field", ["rewards(market: $m) { id }", "campaigns(market: $m) { id }", "terms(market: $m) { version }",
              "liability(market: $m) { outstanding }"],
)  # fmt: skip
async def test_a_market_that_is_not_open_is_refused_with_a_list_of_the_open_ones(stage: Stage, field: str):
    query = f"query($m: Market!) {{ {field} __typename }}"
    for market in ("BE", "US"):
        answer = await stage.post(query, {"m": market}, stage.token(scope="operator"))
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"] == f"Mi Points is not open in {market}: there are DE, ES, FR, GB, IT, NL."
        assert answer["data"] == {field.partition("(")[0]: None, "__typename": "Query"}


async def test_a_mutations_answer_shows_its_own_change(stage: Stage):
    await stage.register()
    one = """earnPoints(input: {activity: {%s}}, idempotencyKey: "%s") {
      ... on PointsVerdict { member { balance { pending } } } }"""
    fields = " ".join(
        f"a{n}: {one % (activity, n)}"
        for n, activity in enumerate(("appSignIn: {}", "fuel: {}", "linkShare: {productId: 1}"))
    )
    data = await stage.ask(f"mutation {{ {fields} }}", token=stage.token("mi-1"))
    assert [each["member"]["balance"]["pending"] for each in data.values()] == [100, 102, 112]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every statement sent to Postgres."""
    sent: list[int] = []
    whole = Database.with_connection

    async def counted(self: Database, work: Callable[[Any], Awaitable[Any]]) -> Any:
        sent.append(1)
        return await whole(self, work)

    monkeypatch.setattr(Database, "with_connection", counted)
    return sent


async def test_lists_do_not_query_row_by_row(stage: Stage, statements: list[int]):
    await five_entries(stage)
    query = """{ me { pointsHistory(first: %d) { nodes { kind reverses { id } verdict { message campaigns { id }
        pendingPoints { id } entries { id verdict { code } } } } } } }"""
    counts = []
    for most in (1, 5):
        statements.clear()
        await stage.app("mi-1", query % most)
        counts.append(len(statements))
    assert counts[1] <= counts[0] + 1
    assert counts[0] < 10


@pytest.mark.parametrize(
    "moment",
    ["0001-01-03T00:00:00Z", "1582-10-10T00:00:00Z", "1969-12-31T23:59:59+23:59", "2019-12-31T22:59:59Z",
     "9999-12-29T23:59:59Z", "9999-12-28T23:59:59-14:00"],
)  # fmt: skip
async def test_moments_at_the_ends_of_the_calendar_are_refused_as_data(stage: Stage, moment: str):
    person = {"miId": "mi-2", "market": "GB", "birthDate": "1990-01-01", "registeredAt": moment}
    joined = await stage.storefront(REGISTER, input=person, key="a")
    await stage.register()
    earned = await stage.earn({"fuel": {}}, at=moment)
    order = {"number": "O-1", "miId": "mi-1", "placedAt": moment, "currency": "EUR"}
    order["lines"] = [{"id": "1", "productId": "p", "quantity": 1, "paidMinor": 100}]
    recorded = await stage.storefront(ORDER, input=order, key="b")
    for refused in (joined, earned, recorded):
        assert refused["__typename"] == "InvalidInput"
        assert refused["path"][0] == "input"
    for argument in ("since", "until"):
        await history(stage, **{argument: moment})


@pytest.mark.parametrize("birth", ["0001-01-01", "1875-01-01", "9999-12-31", "2026-11-23"])
async def test_dates_of_birth_at_the_ends_of_the_calendar_are_refused_as_data(stage: Stage, birth: str):
    person = {"miId": "mi-2", "market": "GB", "birthDate": birth}
    joined = await stage.storefront(REGISTER, input=person, key="a")
    assert joined["__typename"] in {"InvalidInput", "NotEligible"}


@pytest.mark.parametrize(
    "id_", [2**53 + 1, 2**64, str(2**53 + 1), ":", "a:b:c", "%", "'; --", "é\u0301", "\U0001f600" * 198]
)
async def test_ids_stay_exactly_what_they_are(stage: Stage, id_: object):
    await stage.register(id_)  # type: ignore[arg-type]
    assert (await stage.app(str(id_), "{ me { miId } }"))["miId"] == str(id_)
    lines = [(id_, 1, 100)]
    order = await stage.order(str(id_), lines, id_, key=str(id_)[:200])  # type: ignore[arg-type]
    query = "query($id: ID!) { node(id: $id) { ... on Order { number lines { id } } } }"
    answer = await stage.ask(query, {"id": order["order"]["id"]}, stage.token(str(id_)))
    assert answer["node"] == {"number": str(id_), "lines": [{"id": str(id_)}]}


async def test_a_process_is_ready_when_its_database_is_and_reports_that_redis_is_missing(stage: Stage):
    ready = await stage.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "degraded": ["redis"]})
    await stage.owner.execute(
        "delete from schema_migrations where number = (select max(number) from schema_migrations)"
    )

    async def is_not_ready() -> bool:
        return (await stage.http.get("/readyz")).status_code == 503

    await eventually(is_not_ready)
