"""The programme itself could have written a seeded database, and the audit finds every change by hand."""

import asyncpg
import pytest

from db.audit import Check, audit
from mipoints.seed_shape import Shape
from mipoints.seeding import Seeded, seed
from tests.cli.commands import mipoints
from tests.support.audit import assert_ledger_is_sound
from tests.support.processes import environment
from tests.support.stage import ORDER as RECORD_ORDER
from tests.support.stage import Stage

HISTORY = """{ me { balance { available pending debt lifetime }
  pointsHistory(first: 100) { nodes { kind points balanceAfter verdict { code points cap { left } } } }
  coupons(first: 100) { nodes { state code value { amountMinor } } }
  verdicts(first: 100) { nodes { outcome message } }
  lapsing { points }
  waysToEarn { kind unavailable { code } } } }"""
ORDER = (
    "query($n: String!) { order(number: $n) { pointsCredited pointsPending lines { delivered } parcels { state } } }"
)


def silent(_: int) -> None:
    """Ignores the progress."""


async def filled(url: str, members: int, shape: Shape, market: str = "ES") -> Seeded:
    return await seed(url, members, shape, market, silent)


async def checks(owner: asyncpg.Connection) -> list[Check]:
    return [check async for check in audit(owner)]


@pytest.mark.parametrize(
    ("shape", "lines"),
    [
        (Shape(1), 1),
        (Shape(2, 0, 0), 2),
        (Shape(20, 3, 2), 20),
        (Shape(4, 6, 0), 8),
        (Shape(3, 2, 5), 9),
        (Shape(300, 60, 10), 300),
    ],
)
@pytest.mark.parametrize("market", ["ES", "GB"])
async def test_members_have_the_requested_shape(
    database_url: str, owner: asyncpg.Connection, shape: Shape, lines: int, market: str
):
    assert await filled(database_url, 7, shape, market) == Seeded(7, 0, lines)
    rows = await owner.fetch(
        "select m.mi_id, (select count(*) from transfers t where t.member_id = m.member_id and t.points is not null), "
        "(select count(*) from coupons c where c.member_id = m.member_id and c.state = 'AVAILABLE'), "
        "(select count(*) from orders o where o.member_id = m.member_id), b.available "
        "from audit.members m join audit.balances b using (member_id) order by m.mi_id"
    )
    assert [row[:4] for row in map(tuple, rows)] == [
        (f"seed-{n}", lines, shape.coupons, shape.orders) for n in range(1, 8)
    ]
    assert all(row["available"] >= 0 for row in rows)
    await assert_ledger_is_sound(owner)
    assert all(check.is_sound for check in await checks(owner))


async def test_seeding_again_adds_only_the_missing_members(database_url: str, owner: asyncpg.Connection):
    await filled(database_url, 3, Shape(5))
    assert await filled(database_url, 5, Shape(9)) == Seeded(2, 3, 9)
    assert await filled(database_url, 5, Shape(9)) == Seeded(0, 5, 9)
    assert await owner.fetchval("select count(*) from members") == 5


async def test_the_api_shows_a_seed_member_whole(database_url: str, stage: Stage):
    await filled(database_url, 2, Shape(30, 2, 3))
    me = await stage.app("seed-2", HISTORY)
    history = me["pointsHistory"]["nodes"]
    assert len(history) == 30
    assert sum(entry["points"] for entry in history) == me["balance"]["available"] == history[0]["balanceAfter"]
    assert [coupon["state"] for coupon in me["coupons"]["nodes"]] == ["AVAILABLE"] * 2
    assert len({coupon["code"] for coupon in me["coupons"]["nodes"]}) == 2
    assert all(verdict["message"] for verdict in me["verdicts"]["nodes"])
    assert sum(lot["points"] for lot in me["lapsing"]) == me["balance"]["available"]
    assert next(way for way in me["waysToEarn"] if way["kind"] == "SIGN_UP")["unavailable"]["code"] == "ALREADY_GRANTED"
    order = await stage.storefront(ORDER, n="SEED-2-1")
    assert order["pointsCredited"] > 0
    assert order["pointsPending"] == 0
    assert [parcel["state"] for parcel in order["parcels"]] == ["DELIVERED"]


async def test_a_seed_member_lives_on_like_any_other(database_url: str, stage: Stage, owner: asyncpg.Connection):
    await filled(database_url, 1, Shape(30, 1, 1))
    available, _, _ = await stage.balance("seed-1")
    assert (await stage.register("seed-1"))["__typename"] == "MemberRegistered"
    assert (await stage.redeem("es-5", "seed-1"))["__typename"] == "PointsRedeemed"
    credited = (await stage.storefront(ORDER, n="SEED-1-1"))["pointsCredited"]
    await stage.returned("SEED-1-1", "R-1")
    assert await stage.balance("seed-1") == (available - 500 - credited, 0, 0)
    assert (await stage.storefront(ORDER, n="SEED-1-1"))["pointsCredited"] == 0
    assert all(check.is_sound for check in await checks(owner))


async def test_a_seed_order_that_is_recorded_again_is_the_same_order(
    database_url: str, stage: Stage, owner: asyncpg.Connection
):
    """R61: the seed stores the hash of the order that the storefront would have sent."""
    await filled(database_url, 1, Shape(5, 0, 1))
    order = await owner.fetchrow("select * from orders")
    input_ = {
        "miId": "seed-1",
        "number": order["number"],
        "placedAt": order["placed_at"].isoformat(),
        "currency": order["currency"],
        "lines": [
            {"id": line["id"], "productId": line["product_id"], "quantity": 1, "paidMinor": line["paid_minor"]}
            for line in order["lines"]
        ],
        "shippingMinor": order["shipping_minor"],
        "parcels": [
            {
                "trackingNumber": parcel["tracking_number"],
                "carrier": parcel["carrier"],
                "lines": [{"lineId": id_, "quantity": n} for id_, n in parcel["pieces"].items()],
            }
            for parcel in order["parcels"]
        ],
    }
    again = await stage.storefront(RECORD_ORDER, input=input_, key="again")
    assert (again["__typename"], again.get("code")) == ("OrderRecorded", None)
    other = await stage.storefront(RECORD_ORDER, input=input_ | {"shippingMinor": 1}, key="other")
    assert other["code"] == "ORDER_KNOWN"


FREE_COUPON = """
    insert into coupons
        (member_id, coupon_id, code, reward_id, value_minor, currency, cost, issued_at, expires_at, state_since)
    select member_id, gen_random_uuid(), 'FREE', 'es-5', 500, 'EUR', 500, now(), now(), now() from members limit 1"""
TAMPERING = {
    "an amount": ("update transfers set amount = amount + 1 where seq = 2", "hash chain"),
    "a hash": ("update transfers set hash = sha256('x') where seq = 3", "hash chain"),
    "a hole": ("delete from transfers where seq = 2", "hash chain"),
    "the end": (
        "delete from transfers t using balances b where b.member_id = t.member_id and b.seq = t.seq",
        "hash chain",
    ),
    "a balance": ("update balances set available = available + 1", "sums of their transfers"),
    "a lifetime": ("update balances set lifetime = lifetime + 1", "sums of their transfers"),
    "a lot": ("update lots set remaining = remaining + 1", "lots hold"),
    "pending": ("update balances set pending = 5", "promised and open"),
    "an open promise": ("update promises set state = 'PROMISED'", "exactly once"),
    "a void promise": ("update promises set state = 'VOIDED'", "exactly once"),
    "a promise's points": ("update promises set points = points + 1", "exactly once"),
    "a lost promise": ("delete from promises", "exactly once"),
    "a line": ("update transfers set points = points + 1 where points > 0", "history"),
    "a cap": ("update slots set n = 9", "cap"),
    "a dear coupon": ("update coupons set cost = cost - 1", "coupon"),
    "a free coupon": (FREE_COUPON, "coupon"),
}


@pytest.mark.spoils
@pytest.mark.parametrize("change", TAMPERING)
async def test_the_audit_finds_every_change_by_hand(database_url: str, owner: asyncpg.Connection, change: str):
    await filled(database_url, 3, Shape(10, 1, 1))
    statement, name = TAMPERING[change]
    await owner.execute(statement)
    unsound = [check for check in await checks(owner) if not check.is_sound]
    assert any(name in check.name for check in unsound), [check.name for check in unsound]
    assert all(bad.member_id and bad.what for check in unsound for bad in check.bad)


@pytest.mark.spoils
async def test_the_command_names_the_bad_rows_and_exits_with_1(database_url: str, owner: asyncpg.Connection):
    env = environment(database_url)
    seeded = await mipoints("seed", "--members", "4", "--entries", "10", "--coupons", "1", "--orders", "1", env=env)
    assert seeded.stdout == b"Added 4 members with 10 lines of history each.\n"
    sound = await mipoints("audit", env=env)
    assert sound.returncode == 0
    assert "✗" not in sound.stdout.decode()
    member_id = await owner.fetchval("select member_id from audit.members where mi_id = 'seed-3'")
    await owner.execute("update transfers set amount = amount + 1 where member_id = $1 and seq = 4", member_id)
    unsound = await mipoints("audit", env=env)
    assert unsound.returncode == 1
    assert f"✗ Every hash chain is whole\n    member {member_id}: seq 4" in unsound.stdout.decode()


async def test_an_empty_database_is_sound(owner: asyncpg.Connection):
    assert all(check.is_sound for check in await checks(owner))
