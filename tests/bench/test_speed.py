"""The comparison of make bench-speed, run in small: so that it cannot rot."""

from dataclasses import replace
from pathlib import Path

from bench.speed.contenders.mercurius import why_not
from bench.speed.options import SMOKE
from bench.speed.running import run
from bench.speed.table import figures_tables, ratios_table


async def test_every_contender_answers_home_and_redeems(tmp_path: Path):
    results = await run(replace(SMOKE, rows=("home", "redeem")), tmp_path, print)
    contenders = {"ours", "usual", "pgbench"} | (set() if why_not() else {"mercurius"})
    for row in ("home", "redeem"):
        assert set(results.turns[row]) == contenders
        for turns in results.turns[row].values():
            assert turns[0]["cpu ms"] > 0
            assert turns[0]["a second"] > 0
    assert len(figures_tables(results.turns)) == 2
    assert ratios_table(results.turns).row_count > 0
