"""The comparison of make bench-speed, run in small: so that it cannot rot."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bench.speed.http_requests import document, token
from bench.speed.opening import open_world
from bench.speed.options import SMOKE
from bench.speed.running import measured
from bench.speed.table import figures_tables, ratios_table
from bench.speed.world import LIMIT


def what_home_shows(data: dict[str, Any]) -> tuple[Any, ...]:
    """What all servers must agree on; ids, cursors and how a moment is written are each server's own."""
    me = data["me"]
    nodes = [edge["node"] for edge in me["pointsHistory"]["edges"]]
    coupons = [edge["node"] for edge in me["coupons"]["edges"]]
    return (
        [(node["kind"], node["points"], node["balanceAfter"], node["reference"]) for node in nodes],
        me["pointsHistory"]["pageInfo"]["hasNextPage"],
        [(coupon["code"], coupon["state"], coupon["cost"], coupon["value"]) for coupon in coupons],
    )


@pytest.mark.timeout(600)  # four servers start; on a machine whose cores are taken that takes its time
async def test_every_contender_shows_the_same_home_and_redeems():
    async with AsyncExitStack() as stack:
        # Not pytest's tmp_path: the next pytest run of the same user closes its parent to Postgres' account.
        folder = stack.enter_context(TemporaryDirectory(prefix="mipoints-speed-"))
        world = await open_world(replace(SMOKE, rows=("home", "redeem")), Path(folder), stack)
        servers = await world.servers(world.names())
        asked = {"query": document("home")}
        shown = {name: what_home_shows(await each.ask(asked, token("seed-1"))) for name, each in servers.items()}
        results = await measured(world, print)
    assert len(shown["ours"][0]) == 20
    assert all(each == shown["ours"] for each in shown.values())
    for row in ("home", "redeem"):
        assert set(results.turns[row]) == {*servers, LIMIT}
        assert all(turns[0]["cpu ms"] > 0 and turns[0]["a second"] > 0 for turns in results.turns[row].values())
    assert len(figures_tables(results.turns)) == 2
    assert ratios_table(results.turns).row_count > 0
