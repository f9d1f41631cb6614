"""Every flow leaves a sound ledger, and the audit names the member and the row that was tampered with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from loyalty.ledger.answers import content_hash
from tests.support.audit import assert_ledger_is_sound, problems
from tests.support.checkout import cart, commit, reserve
from tests.support.stage import Stage
from tests.support.verdict_calls import adjusted, decided, moderate

VERDICTS = "Every verdict is what its transfers and promises come to"
PROMISES = "Points leave pending as they were promised"
CLAWBACKS = "No more is taken back than was credited"
SLOTS = "Every slot is its verdict's"
FUEL = "Every fuel day is its verdict's"
COUPONS = "Every coupon was paid for, every redemption bought one"
ORDERS = "Every order has its verdict, and facts have their order"
CONTENTS = "Every order is as the shop recorded it"
POINTS = "Every order shows what the ledger has"
LOOKUPS = "Every number and code leads to what has it"
ANSWERS = "Every answer that is kept points to what is there"


async def a_whole_life(stage: Stage) -> None:
    """Makes a member with every kind of event that leaves rows in the ledger."""
    await stage.register()
    for _ in range(2):
        await stage.earn({"fuel": {}})
        await stage.advance(days=1)
    share = await stage.earn({"socialShare": {"productId": "p-1"}})
    await stage.earn({"linkShare": {"productId": "p-1"}})
    await stage.earn({"review": {"productId": "p-1", "reviewId": "rv-1"}})
    await stage.earn({"review": {"productId": "p-2", "reviewId": "rv-2"}})
    await moderate(stage, "reviewRemoved", reviewId="rv-2")
    await stage.order("ORD-1", [("1", 2, 300_000), ("2", 1, 5_000)], parcels={"T-1": {"1": 2}, "T-2": {"2": 1}})
    await stage.delivered("ORD-1", "T-1")
    await stage.returned("ORD-1", "R-1", lines=[{"line_id": "1", "quantity": 1}])
    await stage.order("ORD-2", [("1", 1, 3_000)])
    await stage.send_event("shipment.lost", "ORD-2", occurred_at="2026-11-03T11:00:00Z")
    await stage.delivered("ORD-2")
    await moderate(stage, "shareRemoved", verdictId=share["verdict"]["id"])
    code = (await stage.redeem("es-5"))["coupon"]["code"]
    await reserve(stage, code, cart("CART-1"))
    await commit(stage, code, "CART-1")
    await stage.redeem("es-5")
    await adjusted(stage, 20_000)
    approved = await adjusted(stage, 11_000)
    await decided(stage, approved["verdict"]["id"], approve=True)
    await adjusted(stage, -12_000)


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A change made past the programme, the check that finds it, and a part of that check's sentence."""

    statement: str
    check: str
    sentence: str


SPOILED = {
    "a purchase is worth more": Spoiled(
        "update verdicts set points = points + 1 where business_key = 'order:ORD-2'", VERDICTS, "PURCHASE"
    ),
    "an activity was granted more": Spoiled(
        "update verdicts set points = points + 1 where kind = 'LINK_SHARE'", VERDICTS, "LINK_SHARE GRANTED of 11 points"
    ),
    "a waiting order is worth less": Spoiled(
        "update verdicts set points = 1 where business_key = 'order:ORD-1'", VERDICTS, "PURCHASE WAITING of 1 points"
    ),
    "a clawback's verdict names fewer points": Spoiled(
        "update verdicts set points = points + 1 where business_key = 'return:ORD-1:R-1'", CLAWBACKS, "takes 1499"
    ),
    "a waiting adjustment was granted without credit": Spoiled(
        "update verdicts set outcome = 'GRANTED' where kind = 'ADJUSTMENT' and outcome = 'WAITING' and points > 0",
        VERDICTS,
        "ADJUSTMENT GRANTED of 20000 points; promised 20000, credited 0",
    ),
    "a waiting debit was granted without being taken": Spoiled(
        "update verdicts set outcome = 'GRANTED' where points = -12000", VERDICTS, "took 0"
    ),
    "what was granted is refused": Spoiled(
        "update verdicts set outcome = 'REFUSED', points = 0 where kind = 'SIGN_UP'", VERDICTS, "SIGN_UP REFUSED"
    ),
    "a transfer has another verdict": Spoiled(
        "update transfers set verdict_id = gen_random_uuid() where kind = 'REDEMPTION'", VERDICTS, "is not there"
    ),
    "a transfer has no verdict": Spoiled(
        "update transfers set verdict_id = null where kind = 'FUEL'", VERDICTS, "under no verdict"
    ),
    "a promise is of another source": Spoiled(
        "update promises set source = 'elsewhere' where kind = 'SIGN_UP'", PROMISES, "for sign_up went 50 points"
    ),
    "points were credited as of another moment": Spoiled(
        "update transfers set occurred_at = occurred_at + interval '1 s' where kind = 'SIGN_UP'",
        PROMISES,
        "out of pending otherwise than it was promised",
    ),
    "points were credited into another lot": Spoiled(
        "update transfers set lapses_on = lapses_on + 31 where kind = 'SIGN_UP'", PROMISES, "(sign_up) out of pending"
    ),
    "points were credited as another kind": Spoiled(
        "update transfers set kind = 'REVIEW' where kind = 'FUEL' and credit = 'available'", PROMISES, "(fuel:"
    ),
    "a promise was void under another verdict": Spoiled(
        "update transfers t set verdict_id = v.verdict_id from verdicts v where v.kind = 'SIGN_UP' and t.kind = 'VOID'",
        PROMISES,
        "out of pending otherwise",
    ),
    "more went into pending than was promised": Spoiled(
        "update transfers set amount = 11 where kind = 'PROMISE' and source like 'link_share%'",
        PROMISES,
        "11 points into pending, its promises come to 10",
    ),
    "more of an order was taken back than was credited": Spoiled(
        """update verdicts set facts = jsonb_set(facts, '{taken,PURCHASE}', '3001')
           where business_key = 'return:ORD-1:R-1'""",
        CLAWBACKS,
        "of PURCHASE of order ORD-1, 3001 was taken back",
    ),
    "a lost parcel cancelled more": Spoiled(
        """update verdicts set facts = jsonb_set(facts, '{cancelled,PURCHASE}', '31')
           where business_key like 'not_delivered:ORD-2:%'""",
        CLAWBACKS,
        "30 points of order ORD-2 are void, its returns cancelled 31",
    ),
    "a share was taken back that never was": Spoiled(
        "update verdicts set facts = facts - 'of' where business_key like 'removed:%'", CLAWBACKS, "of verdict"
    ),
    "more was waived than lapsed": Spoiled(
        """update verdicts set facts = facts || '{"waived": {"2026-01-01": 7}}', points = points + 7
           where business_key = 'return:ORD-1:R-1'""",
        CLAWBACKS,
        "of the lot of 2026-01-01, 7 were waived and 0 had lapsed",
    ),
    "a slot has another verdict": Spoiled(
        "update slots set verdict_id = gen_random_uuid() where kind = 'LINK_SHARE'", SLOTS, "and is not there"
    ),
    "a slot is of another kind": Spoiled(
        "update slots set kind = 'SOCIAL_SHARE', n = 2 where kind = 'LINK_SHARE'", SLOTS, "1 slots of SOCIAL_SHARE"
    ),
    "a slot is of another month": Spoiled(
        "update slots set period = '2020-01' where kind = 'LINK_SHARE'", SLOTS, "for link_share:"
    ),
    "a slot is taken twice": Spoiled(
        "insert into slots select member_id, kind, period, 2, verdict_id from slots where kind = 'LINK_SHARE'",
        SLOTS,
        "2 slots of LINK_SHARE",
    ),
    "a slot was freed": Spoiled("delete from slots where kind = 'SIGN_UP'", SLOTS, "0 slots of SIGN_UP"),
    "a removed review's product was freed": Spoiled(
        "delete from slots where period = 'p-2'", SLOTS, "is REVIEW REFUSED REVIEW_REMOVED, for review:p-2"
    ),
    "a fuel day was freed": Spoiled("delete from fuel_days where streak = 1", FUEL, "that day is not kept"),
    "a fuel day was added": Spoiled(
        "insert into fuel_days select member_id, day + 9, 1, 0 from fuel_days where streak = 1", FUEL, "has no verdict"
    ),
    "a streak is longer": Spoiled("update fuel_days set streak = 6 where streak = 2", FUEL, "day 6 of a streak"),
    "a coupon is gone": Spoiled(
        """delete from coupon_codes where code = (select code from coupons where state = 'AVAILABLE');
           delete from coupons where state = 'AVAILABLE'""",
        COUPONS,
        "redeems 500 points, and there is no coupon",
    ),
    "a coupon was cheaper": Spoiled("update coupons set cost = 400 where state = 'USED'", COUPONS, "cost 400"),
    "two redemptions paid for one coupon": Spoiled(
        "update transfers set source = (select 'redeem:' || coupon_id from coupons where state = 'USED') "
        "where kind = 'REDEMPTION'",
        COUPONS,
        "redeemed for it were 1000 in 2 lines of history",
    ),
    "a redemption's verdict is of another coupon": Spoiled(
        "update verdicts set reference = 'X' where kind = 'REDEMPTION'", COUPONS, "without its verdict"
    ),
    "a used coupon is free again": Spoiled(
        "update coupons set state = 'AVAILABLE', order_number = null where state = 'USED'",
        COUPONS,
        "order CART-1 holds",
    ),
    "an order holds no coupon any more": Spoiled("delete from order_coupons", COUPONS, "was used on order CART-1"),
    "an order has another verdict": Spoiled(
        "update orders o set verdict_id = v.verdict_id from verdicts v where v.kind = 'SIGN_UP' and number = 'ORD-2'",
        ORDERS,
        "order ORD-2 names verdict",
    ),
    "a fact is of another order": Spoiled(
        """alter table order_facts drop constraint order_facts_member_id_number_fkey;
           update order_facts set number = 'ORD-9' where number = 'ORD-2'""",
        ORDERS,
        "is about order ORD-9",
    ),
    "a stored fact was never received": Spoiled(
        """alter table kept_facts drop constraint kept_facts_member_id_number_fact_key_fkey;
           insert into kept_facts select member_id, 'ORD-1', 'nothing', now() from members""",
        ORDERS,
        "nothing of order ORD-1 is kept",
    ),
    "points credited late are another order's": Spoiled(
        "update verdicts set reference = 'ORD-1' where business_key like 'credited:ORD-2:%'",
        POINTS,
        "order ORD-2 shows 0 points, 30 were posted, 30 credited, and 0 taken",
    ),
    "a clawback is of another order": Spoiled(
        "update verdicts set reference = 'ORD-9' where business_key = 'return:ORD-1:R-1'", ORDERS, "on order ORD-9"
    ),
    "a line was dearer": Spoiled(
        "update orders set lines = jsonb_set(lines, '{0,paid_minor}', '99') where number = 'ORD-1'", CONTENTS, "ORD-1"
    ),
    "a line has one field more": Spoiled(
        "update orders set lines = jsonb_set(lines, '{0,gift}', 'true') where number = 'ORD-1'", CONTENTS, "ORD-1"
    ),
    "a parcel has another piece": Spoiled(
        "update orders set parcels = jsonb_set(parcels, '{1,pieces,2}', '7') where number = 'ORD-1'", CONTENTS, "ORD-1"
    ),
    "an order was placed at another moment": Spoiled(
        "update orders set placed_at = placed_at - interval '1 us' where number = 'ORD-2'", CONTENTS, "ORD-2"
    ),
    "an order was cheaper": Spoiled(
        "update orders set shipping_minor = 1 where number = 'ORD-2'",
        CONTENTS,
        "order ORD-2 differs from what the shop recorded",
    ),
    "an order is another person's": Spoiled("update mi_accounts set mi_id = 'mi-2'", CONTENTS, "ORD-1"),
    "an order's number is lost": Spoiled(
        "delete from order_numbers where number = 'ORD-1'", LOOKUPS, "order number ORD-1 leads not here"
    ),
    "a number leads to no order": Spoiled(
        "insert into order_numbers select 'ORD-9', member_id from members", LOOKUPS, "ORD-9 leads nowhere"
    ),
    "a parcel is lost": Spoiled(
        "delete from tracking_numbers where tracking_number = 'T-2'", LOOKUPS, "T-2 of order ORD-1 leads not here"
    ),
    "a parcel has another carrier": Spoiled(
        "update tracking_numbers set carrier = 'Other' where tracking_number = 'T-1'", LOOKUPS, "tracking number T-1"
    ),
    "a tracking number leads to no parcel": Spoiled(
        "insert into tracking_numbers select 'T-9', 'ORD-1', null, member_id from members", LOOKUPS, "T-9 of order"
    ),
    "a coupon's code is lost": Spoiled("delete from coupon_codes", LOOKUPS, "leads not here"),
    "a code leads to no coupon": Spoiled(
        "insert into coupon_codes select 'FREE', member_id, gen_random_uuid() from members",
        LOOKUPS,
        "coupon code FREE leads nowhere",
    ),
    "an order holds a coupon that is not there": Spoiled(
        "insert into order_coupons select 'X', member_id, gen_random_uuid(), now() from members",
        LOOKUPS,
        "order X holds coupon",
    ),
    "an answer points to another verdict": Spoiled(
        """update requests set answer = jsonb_set(answer, '{verdict_id}', to_jsonb(gen_random_uuid()))
           where answer ->> 'type' = 'MemberRegistered'""",
        ANSWERS,
        "was answered MemberRegistered",
    ),
    "an answer points to another coupon": Spoiled(
        """update requests set answer = jsonb_set(answer, '{coupon_id}', to_jsonb(gen_random_uuid()))
           where answer ->> 'type' = 'PointsRedeemed'""",
        ANSWERS,
        "was answered PointsRedeemed",
    ),
    "an answer points to another order": Spoiled(
        """update requests set answer = jsonb_set(answer, '{number}', '"ORD-9"')
           where answer ->> 'type' = 'OrderRecorded'""",
        ANSWERS,
        "order ORD-9, which is not there",
    ),
    "an answer points to another member": Spoiled(
        "update requests set answer = jsonb_set(answer, '{member_id}', to_jsonb(gen_random_uuid()))",
        ANSWERS,
        "which is not there",
    ),
}


async def test_the_audit_names_the_member_and_the_changed_row(stage: Stage):
    """One member's history, spoiled in every way and restored each time."""
    await a_whole_life(stage)
    await assert_ledger_is_sound(stage.owner)
    member = await stage.owner.fetchval("select member_id from members")
    unseen = {what: found for what, spoiled in SPOILED.items() if (found := await missed(stage.owner, member, spoiled))}
    assert unseen == {}


async def missed(owner: asyncpg.Connection, member: object, spoiled: Spoiled) -> list[str] | None:
    """The problems the audit finds instead of the expected one; None if it finds that. Nothing stays spoiled."""
    async with undone(owner):
        await owner.execute(spoiled.statement)
        found = await problems(owner)
    named = f"{spoiled.check}: member {member}: "
    if any(problem.startswith(named) and spoiled.sentence in problem for problem in found):
        return None
    return found or ["nothing"]


@pytest.mark.parametrize(
    "odd",
    [
        'a "quoted" \\ back/slash',
        "tab\tline\nreturn\rfeed\fback\b",
        "\x01\x1f\x7f\x80",
        "ñ Ж 中 😀 \u2028",
        "",
        " { } [ ] : , ' % $1",
    ],
)
async def test_postgres_writes_an_orders_content_as_python_does(owner: asyncpg.Connection, odd: str):
    """The audit's text of an order equals `content_text` for any strings, so sound orders are never reported."""
    line = {"id": odd, "product_id": odd, "quantity": 1, "paid_minor": 2**31}
    pieces = {odd: 1, f"Z{odd}": 2, f"a{odd}": 3, f"é{odd}": 4, f"😀{odd}": 5, f"\uffff{odd}": 6}
    parcels = [{"tracking_number": odd, "carrier": None, "pieces": pieces}, {"tracking_number": "", "carrier": odd}]
    placed_at = await owner.fetchval("select now()")
    contents = (
        [odd, odd, placed_at, "EUR", [line, line], [{**each, "pieces": pieces} for each in parcels], 0, 7],
        [odd, odd, placed_at.replace(microsecond=0), "EUR", [], [], 0, 7],
    )
    for content in contents:
        async with undone(owner):
            await store_order(owner, content)
            assert [problem for problem in await problems(owner) if problem.startswith(CONTENTS)] == []
            await owner.execute("update orders set discount_minor = 8")
            assert [problem for problem in await problems(owner) if problem.startswith(CONTENTS)] != []


async def store_order(owner: asyncpg.Connection, content: list[Any]) -> None:
    """Stores an order alone, without its member and its verdict."""
    await owner.execute(
        """alter table orders drop constraint orders_member_id_verdict_id_fkey;
           alter table orders drop constraint orders_member_id_fkey"""
    )
    await owner.execute(
        """with account as (insert into mi_accounts values ($1, gen_random_uuid()) returning member_id)
           insert into orders
           select member_id, $2, gen_random_uuid(), $3, now(), $4, $5, $6, $7, $8, 'x', '{}', decode($9, 'hex')
           from account""",
        *content,
        content_hash(content),
    )


@asynccontextmanager
async def undone(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Rolls back everything that is done within."""
    transaction = owner.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
