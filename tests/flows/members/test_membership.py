"""Memberships (R4, R5, R20, R71): suspended, reinstated, closed, moved to another zone, exported, erased."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from db import clock
from db.audit import audit
from loyalty.orders.settle_kept import KEPT_AT_ONCE
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import Calendar, first_of_month, local_day
from loyalty.settings import SettingsError, read_settings
from loyalty.webhooks.producers import ASKABLE
from tests.support.checkout import commit, outcome, reserve, with_coupon
from tests.support.stage import Stage

_ANSWER = """{ __typename
  ... on MemberChanged { member { id miId state timeZone market balance { available pending } } }
  ... on Refusal { code message } ... on InvalidInput { path } }"""
SET_STATE = f"""mutation($miId: ID!, $state: MemberState!, $reason: String!, $confirm: Boolean, $key: ID!) {{
  setMemberState(miId: $miId, state: $state, reason: $reason, confirm: $confirm, idempotencyKey: $key) {_ANSWER} }}"""
SET_ZONE = f"""mutation($miId: ID, $zone: String!, $key: ID!) {{
  setTimeZone(miId: $miId, timeZone: $zone, idempotencyKey: $key) {_ANSWER} }}"""
ERASE = f"""mutation($miId: ID!, $reason: String!, $key: ID!) {{
  eraseMember(miId: $miId, reason: $reason, idempotencyKey: $key) {_ANSWER} }}"""
RESERVE = """mutation($input: ReserveCouponInput!, $key: ID!) {
  reserveCoupon(input: $input, idempotencyKey: $key) { __typename ... on Refusal { code } } }"""
COMMIT = """mutation($code: String!, $order: String!, $key: ID!) {
  commitCoupon(code: $code, orderNumber: $order, idempotencyKey: $key) { __typename ... on Refusal { code } } }"""
EXPORT = "query($miId: ID) { exportMember(miId: $miId) }"
SHARE = {"socialShare": {"productId": "p-1"}}
ONE_PIECE = [{"line_id": "1", "quantity": 1}]


async def operator(stage: Stage, query: str, **variables: Any) -> Any:
    data = await stage.ask(query, variables, stage.token(scope="operator", name="olga"))
    return next(iter(data.values()))


async def becomes(stage: Stage, state: str, mi_id: str = "mi-1", *, key: str | None = None, **more: Any) -> Any:
    variables = {"miId": mi_id, "state": state, "reason": "a check"} | more
    return await operator(stage, SET_STATE, key=key or str(uuid4()), **variables)


async def erased(stage: Stage, mi_id: str = "mi-1", *, key: str | None = None) -> Any:
    return await operator(stage, ERASE, miId=mi_id, reason="on request", key=key or str(uuid4()))


async def settled(stage: Stage) -> None:
    """Makes a member with 350 points available, 300 of them from one order."""
    await stage.register()
    await stage.advance(minutes=5)
    await stage.order("ORD-0", [("1", 1, 30000)])
    await stage.delivered("ORD-0")
    assert await stage.balance() == (350, 0, 0)


async def verdicts(stage: Stage, mi_id: str = "mi-1") -> list[tuple[str, str, str, int]]:
    me = await stage.app(mi_id, "{ me { verdicts(first: 100) { nodes { kind outcome code points } } } }")
    return [(v["kind"], v["outcome"], v["code"], v["points"]) for v in me["verdicts"]["nodes"]]


async def test_a_suspended_member_can_neither_earn_nor_spend_and_loses_nothing(stage: Stage):
    """R5."""
    await settled(stage)
    suspended = await becomes(stage, "SUSPENDED")
    assert (suspended["__typename"], suspended["member"]["state"]) == ("MemberChanged", "SUSPENDED")
    for refused in (await stage.earn(SHARE), await stage.redeem()):
        assert (refused["__typename"], refused["code"]) == ("MemberNotActive", "MEMBER_SUSPENDED")
    assert await stage.balance() == (350, 0, 0)
    assert (await becomes(stage, "ACTIVE"))["member"]["state"] == "ACTIVE"
    assert (await stage.earn(SHARE))["verdict"]["outcome"] == "GRANTED"


async def test_holds_that_fell_due_while_suspended_are_credited_at_reinstatement(stage: Stage):
    """R5, R30: holds pause; points that are due are credited at once, as of the reinstatement."""
    await stage.register()
    await becomes(stage, "SUSPENDED")
    await stage.advance(hours=3)
    assert await stage.balance() == (0, 50, 0)
    reinstated = await becomes(stage, "ACTIVE")
    assert reinstated["member"]["balance"] == {"available": 50, "pending": 0}
    assert "credit_due" in stage.woken
    late = await stage.owner.fetchval(
        "select t.occurred_at - p.due_at from transfers t join promises p using (member_id, promise_id) "
        "where t.debit = 'pending'"
    )
    assert late.total_seconds() == 0


async def test_a_long_suspension_costs_nothing_that_was_on_hold(stage: Stage):
    """R5, R50: what was on hold lapses as if credited at the reinstatement; what was due before is credited before."""
    await stage.register()
    await clock.advance(stage.owner, 0, timedelta(minutes=5))
    await stage.earn(SHARE)
    await becomes(stage, "SUSPENDED")
    assert await stage.balance() == (50, 5, 0)
    await stage.advance(days=500)
    assert await stage.balance() == (0, 5, 0)
    await becomes(stage, "ACTIVE")
    await stage.drain()
    assert await stage.balance() == (5, 0, 0)
    lapsing = (await stage.app("mi-1", "{ me { lapsing { points lapsesOn } } }"))["lapsing"]
    assert [(lot["points"], lot["lapsesOn"]) for lot in lapsing] == [
        (5, first_of_month(local_day(await stage.now(), "Europe/Madrid"), 13).isoformat())
    ]


async def test_news_of_orders_received_while_suspended_is_applied_at_reinstatement(stage: Stage):
    """R5, R33: orders, deliveries and returns are stored; then they are applied, each as its own event."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 10000), ("2", 1, 5000)], parcels={"T1": {"1": 1}, "T2": {"2": 1}})
    await becomes(stage, "SUSPENDED")
    assert (await stage.order("ORD-2", [("1", 1, 2000)]))["__typename"] == "OrderRecorded"
    await stage.delivered("ORD-1", "T1")
    await stage.delivered("ORD-1", "T2")
    await stage.delivered("ORD-2")
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "1", "quantity": 1}])
    await stage.returned("ORD-0", "R0")
    assert await stage.balance() == (350, 170, 0)
    assert await stage.owner.fetchval("select count(*) from kept_facts") == 5
    await becomes(stage, "ACTIVE")
    assert await stage.balance() == (50 + 50 + 20, 0, 0)
    assert await stage.owner.fetchval("select count(*) from kept_facts") == 0
    assert [entry[:2] for entry in await stage.history()] == [
        ("CLAWBACK", -300), ("CLAWBACK", -100), ("PURCHASE", 20), ("PURCHASE", 50), ("PURCHASE", 100),
        ("PURCHASE", 300), ("SIGN_UP", 50),
    ]  # fmt: skip
    assert ("PURCHASE", "GRANTED", "GRANTED", 150) in await verdicts(stage)
    await becomes(stage, "SUSPENDED")
    await becomes(stage, "ACTIVE")
    assert await stage.balance() == (120, 0, 0)
    await stage.returned("ORD-2", "R2")
    assert await stage.balance() == (100, 0, 0)


async def test_hundreds_of_stored_facts_are_applied_after_a_member_is_reinstated(stage: Stage):
    """R5: some of them with the reinstatement, the rest by workers, and facts received meanwhile after those."""
    await stage.register()
    await stage.advance(minutes=5)
    for order in ("A", "B"):
        await stage.order(order, [("1", 500, 50_000)])
    await becomes(stage, "SUSPENDED")
    for order in ("A", "B"):
        for n in range(90):
            data = {"order_number": order, "tracking_number": f"{order}-{n}", "lines": ONE_PIECE}
            await stage.webhook("shipment.delivered", data | {"occurred_at": "2026-11-03T11:59:30Z"})
    await stage.drain()
    assert (await stage.balance())[0] == 50
    await becomes(stage, "ACTIVE")
    assert (await stage.balance())[0] == 50 + KEPT_AT_ONCE
    returned = {"order_number": "A", "return_id": "R", "lines": ONE_PIECE, "occurred_at": "2026-11-03T11:59:30Z"}
    await stage.webhook("return.received", returned)
    await stage.drain()
    assert (await stage.balance())[0] == 50 + 180 - 1
    assert all(points > 0 for kind, points, _ in await stage.history() if kind == "PURCHASE")
    assert await stage.owner.fetchval("select count(*) from kept_facts") == 0


async def test_the_same_events_end_the_same_suspended_or_not(stage: Stage):
    """R5, R33: a suspension changes when points move, not how many."""
    for mi_id in ("mi-1", "mi-2"):
        await stage.register(mi_id)
    await stage.advance(minutes=5)
    for mi_id in ("mi-1", "mi-2"):
        await stage.order(f"ORD-{mi_id}", [("1", 2, 9999), ("2", 1, 5050)], mi_id, shippingMinor=499)
    await becomes(stage, "SUSPENDED", "mi-2")
    for mi_id in ("mi-1", "mi-2"):
        await stage.returned(f"ORD-{mi_id}", "R1", lines=[{"line_id": "1", "quantity": 1}])
        await stage.delivered(f"ORD-{mi_id}")
        await stage.returned(f"ORD-{mi_id}", "R2", refund={"amount_minor": 1000, "shipping_minor": 0})
    await becomes(stage, "ACTIVE", "mi-2")
    assert await stage.balance("mi-1") == await stage.balance("mi-2")
    assert await stage.history("mi-1") == await stage.history("mi-2")
    assert await verdicts(stage, "mi-1") == await verdicts(stage, "mi-2")


async def test_closing_first_names_the_forfeited_points_and_coupons_and_needs_a_confirmation(stage: Stage):
    """R5."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 30000)])
    await stage.delivered("ORD-1")
    await stage.redeem("es-5")
    await stage.earn(SHARE)
    refused = await becomes(stage, "CLOSED", key="close")
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", "CONFIRM_FORFEIT", ["confirm"])
    for lost in ("150 points", "5 pending points", "1 coupon worth 5.00 EUR"):
        assert lost in refused["message"]
    assert await stage.balance() == (150, 5, 0)
    closed = await becomes(stage, "CLOSED", key="close", confirm=True)
    assert closed["member"]["state"] == "CLOSED"
    assert await stage.balance() == (0, 0, 0)
    me = await stage.app("mi-1", "{ me { state coupons { nodes { state } } lapsing { points } } }")
    assert me == {"state": "CLOSED", "coupons": {"nodes": [{"state": "CANCELLED"}]}, "lapsing": []}
    assert (await stage.history())[0] == ("ADJUSTMENT", -150, 0)
    assert (await verdicts(stage))[0] == ("ADJUSTMENT", "REVERSED", "ADJUSTED", -150)


async def test_a_coupon_reserved_when_its_member_leaves_is_cancelled_at_commit(stage: Stage):
    """R71, R43: erased or closed alike."""
    for mi_id in ("mi-1", "mi-2"):
        await stage.register(mi_id)
        await stage.order(f"ORD-{mi_id}", [("1", 1, 60000)], mi_id)
        await stage.delivered(f"ORD-{mi_id}")
    codes = [(await stage.redeem("es-5", mi_id))["coupon"]["code"] for mi_id in ("mi-1", "mi-2")]
    for mi_id, code in zip(("mi-1", "mi-2"), codes, strict=True):
        line = {"id": "1", "productId": "p-9", "quantity": 1, "paidMinor": 4000}
        cart = {"orderNumber": f"NEW-{mi_id}", "currency": "EUR", "lines": [line]}
        reservation = {"code": code, "miId": mi_id, "cart": cart}
        assert (await stage.storefront(RESERVE, input=reservation, key=mi_id))["__typename"] == "CouponChanged"
    await becomes(stage, "CLOSED", "mi-1", confirm=True)
    await erased(stage, "mi-2")
    for mi_id, code in zip(("mi-1", "mi-2"), codes, strict=True):
        refused = await stage.storefront(COMMIT, code=code, order=f"NEW-{mi_id}", key=f"commit-{mi_id}")
        assert (refused["__typename"], refused["code"]) == ("CouponNotUsable", "COUPON_CANCELLED")


@pytest.mark.parametrize("leaves", ["closed", "erased"])
async def test_a_coupon_that_expired_before_its_member_left_is_cancelled_at_a_late_commit(stage: Stage, leaves: str):
    """R5, R43, R71: a late commit succeeds after the coupon's expiry, but not after the membership's end."""
    code = await with_coupon(stage)
    assert outcome(await reserve(stage, code)) == "RESERVED"
    await stage.advance(days=40)
    await (becomes(stage, "CLOSED", confirm=True) if leaves == "closed" else erased(stage))
    assert outcome(await commit(stage, code)) == "COUPON_CANCELLED"


async def test_a_coupon_spent_before_its_member_left_stays_spent(stage: Stage):
    """R43: a commit that is repeated after the closing gets the same answer."""
    code = await with_coupon(stage)
    await reserve(stage, code)
    assert outcome(await commit(stage, code)) == "USED"
    await becomes(stage, "CLOSED", confirm=True)
    assert outcome(await commit(stage, code)) == "USED"


async def test_closed_is_final(stage: Stage):
    """R5, R4: no way back, no earning, no orders; registering again answers the closed membership."""
    joined = await stage.register()
    await becomes(stage, "CLOSED", confirm=True)
    for state in ("ACTIVE", "SUSPENDED"):
        refused = await becomes(stage, state)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["state"])
    assert (await becomes(stage, "CLOSED"))["member"]["state"] == "CLOSED"
    for refused in (await stage.earn(SHARE), await stage.redeem(), await stage.order("ORD-1", [("1", 1, 100)])):
        assert (refused["__typename"], refused["code"]) == ("MemberNotActive", "MEMBER_CLOSED")
    again = await stage.register(market="FR")
    assert again["member"] == joined["member"] | {"state": "CLOSED"}
    assert again["verdict"]["id"] == joined["verdict"]["id"]
    await stage.advance(days=1)
    assert await stage.balance() == (0, 0, 0)


async def test_waiting_verdicts_end_when_a_membership_closes(stage: Stage):
    """R5, R60: an order is granted as far as it was credited; the rest is declined; later news moves nothing."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 10000), ("2", 1, 5000)], parcels={"T1": {"1": 1}, "T2": {"2": 1}})
    await stage.delivered("ORD-1", "T1")
    await stage.order("ORD-2", [("1", 1, 7000)])
    await stage.earn({"review": {"productId": "p-1", "reviewId": "rv-1"}})
    assert await stage.balance() == (450, 140, 0)
    await becomes(stage, "CLOSED", confirm=True)
    ended = await verdicts(stage)
    assert ("PURCHASE", "GRANTED", "GRANTED", 100) in ended
    assert ("PURCHASE", "REFUSED", "DECLINED", 0) in ended
    assert ("REVIEW", "REFUSED", "DECLINED", 0) in ended
    assert not [verdict for verdict in ended if verdict[1] == "WAITING"]
    await stage.delivered("ORD-1", "T2")
    await stage.returned("ORD-0", "R0")
    assert await stage.balance() == (0, 0, 0)


async def test_a_debt_stays_in_the_ledger_of_a_closed_membership(stage: Stage):
    """R5, R36: the debt is not collected, and nothing repays it."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 30000)])
    await stage.delivered("ORD-1")
    await stage.redeem("es-5")
    await stage.returned("ORD-1", "R1")
    assert await stage.balance() == (0, 0, 150)
    await becomes(stage, "CLOSED", confirm=True)
    assert await stage.balance() == (0, 0, 150)


async def test_the_operators_log_has_operator_reason_before_and_after(stage: Stage):
    """R5: an entry for each change, none for a request that changes nothing, and nothing that names the person."""
    await settled(stage)
    for state in ("SUSPENDED", "SUSPENDED", "ACTIVE"):
        await becomes(stage, state)
    await becomes(stage, "CLOSED", confirm=True)
    await erased(stage)
    rows = await stage.owner.fetch("select actor, action, reason, before, after from operator_log order by done_at")
    assert [tuple(row)[:3] for row in rows] == [
        ("olga", "setMemberState", "a check"),
        ("olga", "setMemberState", "a check"),
        ("olga", "setMemberState", "a check"),
        ("olga", "eraseMember", "on request"),
    ]
    assert [(row["before"]["state"], row["after"]["state"]) for row in rows] == [
        ("ACTIVE", "SUSPENDED"), ("SUSPENDED", "ACTIVE"), ("ACTIVE", "CLOSED"), ("CLOSED", "CLOSED"),
    ]  # fmt: skip
    assert (rows[2]["before"]["available"], rows[2]["before"]["pending"]) == (350, 0)
    assert "mi-1" not in json.dumps([dict(row) for row in rows])


@pytest.mark.parametrize(
    ("wrong", "type_", "path"),
    [
        ({"mi_id": "mi-unknown"}, "NotFound", None),
        ({"reason": " "}, "InvalidInput", ["reason"]),
        ({"reason": "x" * 501}, "InvalidInput", ["reason"]),
    ],
)
async def test_a_fault_in_a_change_of_state_is_named(stage: Stage, wrong: dict[str, Any], type_: str, path: Any):
    await stage.register()
    refused = await becomes(stage, "SUSPENDED", **wrong)
    assert (refused["__typename"], refused.get("path")) == (type_, path)


async def test_only_operators_change_states_and_erase(stage: Stage):
    await stage.register()
    variables = {"miId": "mi-1", "state": "SUSPENDED", "reason": "r", "key": "k"}
    for token in (stage.token("mi-1"), stage.token(scope="storefront"), stage.token(scope="auditor"), None):
        answer = await stage.ask(SET_STATE, variables, token)
        assert answer["setMemberState"]["__typename"] == "NotAllowed"
        answer = await stage.ask(ERASE, {"miId": "mi-1", "reason": "r", "key": "k"}, token)
        assert answer["eraseMember"]["__typename"] == "NotAllowed"


async def test_one_key_has_one_effect_and_one_answer(stage: Stage):
    """R61."""
    await stage.register()
    first = await becomes(stage, "SUSPENDED", key="k")
    await becomes(stage, "ACTIVE")
    again = await becomes(stage, "SUSPENDED", key="k")
    assert again["member"]["id"] == first["member"]["id"]
    assert again["member"]["state"] == "ACTIVE"
    assert (await becomes(stage, "CLOSED", key="k"))["__typename"] == "IdempotencyMismatch"


async def test_another_zone_shows_at_once_and_counts_from_the_end_of_the_day(stage: Stage):
    """R20: fuel is collected once a day on either side of the change; the day of the change has an hour more."""
    await stage.register()
    madrid = Calendar("Europe/Madrid")
    await stage.advance(seconds=(madrid.next_day(await stage.now()) - await stage.now()).total_seconds() + 3600)
    changed = await stage.app("mi-1", SET_ZONE, zone="Atlantic/Canary", key="z")
    assert changed["member"]["timeZone"] == "Atlantic/Canary"
    assert (await stage.earn({"fuel": {}}))["verdict"]["outcome"] == "GRANTED"
    await stage.advance(seconds=(madrid.next_day(await stage.now()) - await stage.now()).total_seconds())
    refused = await stage.earn({"fuel": {}})
    assert refused["verdict"]["code"] == "ALREADY_COLLECTED_TODAY"
    me = await stage.app("mi-1", "{ me { timeZone fuel { collectedToday nextClaimAt } } }")
    assert (me["timeZone"], me["fuel"]["collectedToday"]) == ("Atlantic/Canary", True)
    assert (await stage.earn({"fuel": {}}))["verdict"]["cap"]["resetsAt"] == me["fuel"]["nextClaimAt"]
    await stage.advance(hours=1)
    assert (await stage.earn({"fuel": {}}))["verdict"]["outcome"] == "GRANTED"


async def test_a_late_claim_counts_in_the_zone_of_its_moment_after_two_changes(stage: Stage):
    """R20, R23: half past midnight in Madrid would be the day before in Canary, and free."""
    await stage.register()
    midnight = Calendar("Europe/Madrid").next_day(await stage.now())
    await stage.advance(seconds=(midnight - await stage.now()).total_seconds() + 3600)
    assert (await stage.earn({"fuel": {}}))["verdict"]["outcome"] == "GRANTED"
    await stage.app("mi-1", SET_ZONE, zone="Atlantic/Canary", key="one")
    await stage.advance(hours=26)
    await stage.app("mi-1", SET_ZONE, zone="Africa/Ceuta", key="two")
    late = await stage.earn({"fuel": {}}, at=(midnight + timedelta(minutes=30)).isoformat())
    assert late["verdict"]["code"] == "ALREADY_COLLECTED_TODAY"


@pytest.mark.parametrize("zone", ["Europe/Paris", "Europe/London", "Mars/Olympus", ""])
async def test_a_zone_that_is_not_the_markets_is_refused(stage: Stage, zone: str):
    """R20."""
    await stage.register()
    refused = await stage.app("mi-1", SET_ZONE, zone=zone, key="z")
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["timeZone"])


async def test_a_member_changes_its_own_zone_and_a_storefront_any_members(stage: Stage):
    """R20: other callers get NOT_ALLOWED."""
    await stage.register()
    changed = await stage.storefront(SET_ZONE, miId="mi-1", zone="Atlantic/Canary", key="a")
    assert changed["member"]["timeZone"] == "Atlantic/Canary"
    unknown = await stage.storefront(SET_ZONE, miId="mi-unknown", zone="Atlantic/Canary", key="b")
    assert unknown["code"] == "NOT_A_MEMBER"
    assert (await stage.storefront(SET_ZONE, zone="Atlantic/Canary", key="c"))["code"] == "NOT_ALLOWED"
    assert (await stage.app("mi-2", SET_ZONE, miId="mi-1", zone="Europe/Madrid", key="d"))["code"] == "NOT_ALLOWED"
    assert (await stage.app("mi-1", SET_ZONE, miId="mi-1", zone="Europe/Madrid", key="e"))["member"][
        "state"
    ] == "ACTIVE"
    await becomes(stage, "CLOSED", confirm=True)
    assert (await stage.app("mi-1", SET_ZONE, zone="Atlantic/Canary", key="f"))["code"] == "NOT_ALLOWED"


async def test_the_export_is_everything_stored_about_a_member(stage: Stage):
    """R71."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 30000)])
    await stage.delivered("ORD-1")
    await stage.redeem("es-5", key="redeem-key")
    await stage.earn({"fuel": {}}, key="fuel-key")
    await stage.register("mi-2", key="other-key")
    held = json.loads(await stage.app("mi-1", EXPORT))
    assert (held["member"]["mi_id"], held["member"]["market"]) == ("mi-1", "ES")
    assert {(entry["kind"], entry["points"]) for entry in held["entries"] if entry["points"]} >= {
        ("SIGN_UP", 50), ("PURCHASE", 300), ("REDEMPTION", -500),
    }  # fmt: skip
    assert {order["number"] for order in held["orders"]} == {"ORD-0", "ORD-1"}
    assert len(held["order_facts"]) == 2
    assert [coupon["state"] for coupon in held["coupons"]] == ["AVAILABLE"]
    assert {"redeem-key", "fuel-key"} <= {request["key"] for request in held["requests"]}
    assert "other-key" not in {request["key"] for request in held["requests"]}
    for name in ("balance", "lots", "verdicts", "promises", "slots", "fuel_days"):
        assert held[name], name


async def test_every_table_that_has_rows_of_a_member_is_in_the_export(stage: Stage):
    """R71: except tables that only map another key to the member."""
    await stage.register()
    held = json.loads(await stage.app("mi-1", EXPORT))
    tables = await stage.owner.fetch(
        "select c.table_name as name from information_schema.columns c join information_schema.tables t "
        "using (table_schema, table_name) where c.table_schema = 'public' and c.column_name = 'member_id' "
        "and t.table_type = 'BASE TABLE'"
    )
    lookups = {"mi_accounts", "order_numbers", "tracking_numbers", "coupon_codes", "order_coupons"}
    shown_as = {"members": "member", "balances": "balance", "transfers": "entries", "outgoing": "told_to_others"}
    by_order = {"deliveries"}
    assert {shown_as.get(row["name"], row["name"]) for row in tables} - lookups == set(held) - by_order


LUCIA = {"recipient": {"email": "lucia@example.org", "street": "Calle Mayor 1, Móstoles"}}
WHEN = {"occurred_at": "2026-11-03T11:59:30Z"}


async def bodies(stage: Stage) -> dict[str, tuple[str, bytes]]:
    rows = await stage.owner.fetch("select event_id, state, body from inbox")
    return {row["event_id"]: (row["state"], row["body"]) for row in rows}


async def deliveries_in_every_state(stage: Stage) -> None:
    """Sends deliveries about one order that are applied, ignored and failing; and one about another member's order."""
    await stage.order("ORD-1", [("1", 1, 1000)], parcels={"T-1": {"1": 1}})
    about = {"order_number": "ORD-1"} | LUCIA | WHEN
    await stage.webhook("shipment.delivered", about, id_="applied")
    await stage.webhook("shipment.photographed", {"tracking_number": "T-1"} | LUCIA, id_="ignored")
    await stage.webhook("return.received", about | {"return_id": "R", "lines": [{"line_id": "9", "quantity": 1}]},
                        id_="failing")  # fmt: skip
    await stage.order("ORD-2", [("1", 1, 1000)], "mi-2")
    await stage.webhook("shipment.delivered", {"order_number": "ORD-2", "note": "other"} | WHEN, id_="other")
    await stage.drain()


async def test_the_export_has_the_deliveries_about_the_members_orders(stage: Stage):
    """R71: bodies as text if they are text; no other member's deliveries."""
    await stage.register("mi-2")
    await stage.register()
    await deliveries_in_every_state(stage)
    held = {each["event_id"]: each for each in json.loads(await stage.app("mi-1", EXPORT))["deliveries"]}
    assert held.keys() == {"applied", "ignored", "failing"}
    assert all(json.loads(each["body"])["data"]["recipient"] == LUCIA["recipient"] for each in held.values())
    assert held["ignored"]["state"] == "IGNORED"
    await stage.owner.execute("update inbox set body = decode('ff00', 'hex') where event_id = 'ignored'")
    held = {each["event_id"]: each for each in json.loads(await stage.app("mi-1", EXPORT))["deliveries"]}
    assert held["ignored"]["body_base64"] == "/wA="


async def test_deliveries_about_an_erased_persons_orders_lose_their_bodies_and_stay_known(stage: Stage):
    """R71: a delivery repeated under its id is a duplicate; only other orders' bodies are still stored."""
    await stage.register("mi-2")
    await stage.register()
    await deliveries_in_every_state(stage)
    await erased(stage)
    assert {name: body for name, (_, body) in (await bodies(stage)).items() if body} == {
        "other": (await bodies(stage))["other"][1]
    }
    about = {"order_number": "ORD-1"} | LUCIA | WHEN
    assert (await stage.webhook("shipment.delivered", about, id_="applied")).json() == {"status": "duplicate"}
    changed = await stage.webhook("shipment.delivered", about | {"order_number": "X"}, id_="applied")
    assert changed.json() == {"status": "accepted"}
    await stage.owner.execute("update inbox set not_before = null")
    await stage.drain()
    assert (await bodies(stage))["failing"][0] == "IGNORED"


async def test_bodies_of_later_deliveries_about_an_erased_persons_orders_are_not_stored(stage: Stage):
    """R71: in whatever state the delivery ends, once its order is known."""
    await stage.register("mi-2")
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 1000)], parcels={"T-1": {"1": 1}})
    about = {"order_number": "ORD-1"} | LUCIA | WHEN
    await stage.webhook("shipment.in_transit", about, id_="waiting")
    await erased(stage)
    await send_later_deliveries(stage, about)
    stored = await bodies(stage)
    assert {name: state for name, (state, body) in stored.items() if not body} == {
        "waiting": "APPLIED", "again": "APPLIED", "unknown": "IGNORED", "returned": "RECEIVED",
    }  # fmt: skip
    assert not any(b"lucia" in body for _, body in stored.values())
    await stage.owner.execute("update inbox set state = 'RECEIVED', order_number = null, not_before = null")
    await stage.drain()
    assert {state for state, _ in (await bodies(stage)).values()} == {"IGNORED"}


async def send_later_deliveries(stage: Stage, about: dict[str, Any]) -> None:
    await stage.webhook("shipment.delivered", about, id_="again")
    await stage.webhook("shipment.photographed", about, id_="unknown")
    await stage.webhook("return.received", about | {"return_id": "R", "lines": [{"line_id": "9", "quantity": 1}]},
                        id_="returned")  # fmt: skip
    await stage.drain()


async def test_members_export_themselves_and_services_any_member(stage: Stage):
    """R71: storefronts, operators and auditors export any member."""
    await stage.register()
    for scope in ("storefront", "operator", "auditor"):
        token = stage.token(scope=scope)
        assert (await stage.ask(EXPORT, {"miId": "mi-1"}, token))["exportMember"]
        assert (await stage.ask(EXPORT, {"miId": "mi-unknown"}, token))["exportMember"] is None
        unnamed = await stage.post(EXPORT, {}, token)
        assert unnamed["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await stage.ask(EXPORT, {"miId": "mi-1"}, stage.token("mi-1")))["exportMember"]
    assert (await stage.ask(EXPORT, {}, stage.token("mi-2")))["exportMember"] is None
    foreign = await stage.post(EXPORT, {"miId": "mi-1"}, stage.token("mi-2"))
    assert foreign["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    unauthenticated = await stage.post(EXPORT, {"miId": "mi-1"})
    assert unauthenticated["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_erased_person_is_gone_and_the_ledger_keeps_its_sums(stage: Stage):
    """R71."""
    await settled(stage)
    await stage.order("ORD-1", [("1", 1, 30000)])
    await stage.delivered("ORD-1")
    await stage.redeem("es-5")
    await stage.earn(SHARE)
    gone = await erased(stage, key="erase")
    assert (gone["__typename"], gone["member"]["state"]) == ("MemberChanged", "CLOSED")
    assert gone["member"]["miId"] != "mi-1"
    assert gone["member"]["balance"] == {"available": 0, "pending": 0}
    assert await erased(stage, key="erase") == gone
    assert (await erased(stage))["code"] == "NOT_A_MEMBER"
    assert await stage.app("mi-1", "{ me { id } }") is None
    assert await operator(stage, EXPORT, miId="mi-1") is None
    assert await operator(stage, "query($id: ID!) { node(id: $id) { id } }", id=gone["member"]["id"]) is None
    order = await operator(stage, '{ order(number: "ORD-1") { number member { id } } }')
    assert order == {"number": "ORD-1", "member": None}
    assert await stage.owner.fetchval("select state from coupons") == "CANCELLED"
    assert [tuple(row)[1] for row in await stage.owner.fetch("select * from audit.members")] == [None]
    await stage.register()
    assert [check.name async for check in audit(stage.owner) if not check.is_sound] == []


async def test_no_stored_row_names_an_erased_person(stage: Stage):
    """R71: every row of every table is searched."""
    name = "mi-account-to-forget"
    await stage.register(name)
    await stage.earn(SHARE, name)
    await stage.order("ORD-1", [("1", 1, 30000)], name)
    await stage.delivered("ORD-1")
    await becomes(stage, "SUSPENDED", name)
    await stage.storefront(SET_ZONE, miId=name, zone="Atlantic/Canary", key="z")
    await erased(stage, name)
    tables = await stage.owner.fetch(
        "select table_name as name from information_schema.tables "
        "where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    for table in tables:
        rows = await stage.owner.fetch(f"select * from {table['name']} t where t::text like $1", f"%{name}%")
        assert rows == [], table["name"]


async def test_a_person_may_join_again_and_does_not_get_once_only_points_twice(stage: Stage):
    """R71: sign-up and app sign-in pay once, however often a person is erased; everything else begins anew."""
    first = await stage.register(key="join")
    await stage.earn({"appSignIn": {}}, key="k")
    await stage.earn({"fuel": {}}, key="f")
    await stage.advance(minutes=5)
    for n in range(2):
        await erased(stage)
        again = await stage.register(market="FR", key=f"join-{n}")
        assert again["member"]["id"] != first["member"]["id"]
        verdict = again["verdict"]
        assert (verdict["outcome"], verdict["code"], verdict["points"]) == ("REFUSED", "ALREADY_GRANTED", 0)
        signed_in = (await stage.earn({"appSignIn": {}}, key="k"))["verdict"]
        assert (signed_in["outcome"], signed_in["code"], signed_in["points"]) == ("REFUSED", "ALREADY_GRANTED", 0)
        assert (await stage.earn({"fuel": {}}, key="f"))["verdict"]["outcome"] == "GRANTED"
        await stage.advance(minutes=5)
        assert await stage.balance() == (2, 0, 0)
        ways = await stage.app("mi-1", "{ me { waysToEarn { kind unavailable { code } } } }")
        closed = {way["kind"]: (way["unavailable"] or {}).get("code") for way in ways["waysToEarn"]}
        assert (closed["SIGN_UP"], closed["APP_SIGN_IN"]) == ("ALREADY_GRANTED", "ALREADY_GRANTED")
    assert (await stage.register(key="other"))["verdict"]["code"] == "ALREADY_GRANTED"


async def test_once_only_points_that_were_never_credited_are_granted_after_joining_again(stage: Stage):
    """R71: app sign-in was not granted before, so it is now; other persons are not affected."""
    await stage.register()
    await erased(stage)
    await stage.register()
    assert (await stage.earn({"appSignIn": {}}))["verdict"]["outcome"] == "GRANTED"
    assert (await stage.register("mi-2"))["verdict"]["outcome"] == "GRANTED"


async def test_the_hash_of_a_person_is_salted_by_the_setting_or_else_by_the_database(programme: Programme):
    """R71."""
    set_once = replace(programme, person_salt="a salt that was set once")
    by_default, by_setting = [await each.person_hash("mi-1", programme.db) for each in (programme, set_once)]
    assert by_default == await programme.person_hash("mi-1", programme.db)
    assert len({by_default, by_setting, await set_once.person_hash("mi-2", programme.db)}) == 3
    environment = {"MIPOINTS_DATABASE_URL": "postgresql://localhost/x", "MIPOINTS_PERSON_SALT": "too short"}
    with pytest.raises(SettingsError, match="MIPOINTS_PERSON_SALT is a secret of at least 16 characters"):
        read_settings(environment, askable=ASKABLE)


async def test_a_closed_membership_can_be_erased_and_its_person_may_join_again(stage: Stage):
    """R5, R71."""
    await settled(stage)
    await becomes(stage, "CLOSED", confirm=True)
    assert (await erased(stage))["member"]["state"] == "CLOSED"
    assert (await stage.register())["verdict"]["code"] == "ALREADY_GRANTED"
    assert (await stage.earn({"fuel": {}}))["verdict"]["outcome"] == "GRANTED"


async def test_an_answer_from_before_the_erasure_is_still_the_answer_to_its_key(stage: Stage):
    """R61, R71: the first answer's ids stay; the member they point to is shown under its pseudonym."""
    first = await stage.register(key="join")
    await erased(stage)
    await stage.register(key="anew")
    again = await stage.register(key="join")
    assert again["member"]["id"] == first["member"]["id"]
    assert (again["member"]["state"], again["member"]["miId"] == "mi-1") == ("CLOSED", False)


async def test_notices_are_shown_newest_first_in_the_members_language(stage: Stage):
    """R50: each notice in one sentence, with its moments."""
    await stage.register()
    member_id = await stage.owner.fetchval("select member_id from members")
    written = [
        ("POINTS_LAPSING", 50, "2027-12-01", None),
        ("POINTS_LAPSED", 50, "2027-12-01", None),
        ("COUPON_EXPIRING", None, "2027-12-24", "ABC"),
        ("CLAWBACK", 20, None, "ORD-1"),
    ]
    for place, (kind, points, lapses_on, reference) in enumerate(written):
        await stage.owner.execute(
            "insert into notices (member_id, notice_id, kind, points, lapses_on, reference, created_at) "
            "values ($1, gen_random_uuid(), $2, $3, $4::text::date, $5, programme_now() + make_interval(secs => $6))",
            member_id, kind, points, lapses_on, reference, place,
        )  # fmt: skip
    page = """query($after: String) { me { notices(first: 3, after: $after) {
      nodes { id kind points lapsesOn message createdAt sentAt } edges { cursor node { id } }
      pageInfo { hasNextPage endCursor } } } }"""
    first = (await stage.app("mi-1", page))["notices"]
    rest = (await stage.app("mi-1", page, after=first["pageInfo"]["endCursor"]))["notices"]
    nodes = first["nodes"] + rest["nodes"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert [node["message"] for node in nodes] == [
        "20 points taken back (ORD-1).",
        "Your coupon ABC expires soon; its last day is 23 December 2027.",
        "50 points lapsed on 1 December 2027.",
        "50 points lapse on 1 December 2027; use them until 30 November 2027.",
    ]
    assert [node["sentAt"] for node in nodes] == [None] * 4
    notice = await stage.app(
        "mi-1", "query($id: ID!) { node(id: $id) { ... on Notice { kind lapsesOn } } }", id=nodes[1]["id"]
    )
    assert notice == {"kind": "COUPON_EXPIRING", "lapsesOn": "2027-12-24"}
    assert await stage.app("mi-2", "query($id: ID!) { node(id: $id) { id } }", id=nodes[1]["id"]) is None
