"""Orders earn for members only, in the market's currency (R12, R12a, R13a)."""

from datetime import timedelta

from tests.support.stage import Stage


async def test_an_order_of_a_person_who_has_not_joined_earns_nothing(stage: Stage):
    """R12a: the storefront sends the Mi account that was signed in; an order of no member is not stored."""
    await stage.register()
    refused = await stage.order("ORD-1", [("1", 1, 10_000)], "mi-unknown")
    assert (refused["__typename"], refused["code"]) == ("NotFound", "NOT_A_MEMBER")
    assert await stage.owner.fetchval("select count(*) from orders") == 0


async def test_an_order_placed_before_joining_is_the_members(stage: Stage):
    """R12a: the order belongs to the Mi account that was signed in; the terms of the order's moment decide."""
    await stage.register()
    earlier = (await stage.now() - timedelta(days=3)).isoformat()
    taken = await stage.order("ORD-1", [("1", 1, 10_000)], placedAt=earlier)
    assert taken["verdict"]["points"] == 100
    await stage.delivered("ORD-1")
    assert await stage.balance() == (100, 50, 0)


async def test_a_pound_is_a_point(stage: Stage):
    """R13a, R12: 12.50 pounds are 13 points; an order in another currency than the market's is refused."""
    await stage.register(market="GB")
    taken = await stage.order("ORD-1", [("1", 1, 1_250)], currency="GBP")
    assert taken["verdict"]["points"] == 13
    euros = await stage.order("ORD-2", [("1", 1, 1_250)])
    assert (euros["__typename"], euros["path"]) == ("InvalidInput", ["input", "currency"])
