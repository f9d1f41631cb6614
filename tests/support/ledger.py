"""Reads the ledger of a running programme."""

import asyncpg


async def points_in_the_ledger(owner: asyncpg.Connection) -> dict[str, int]:
    """Returns the points of each order, summed over its lines of history."""
    rows = await owner.fetch(
        "select o.number, coalesce(sum(t.points), 0)::int as points from orders o "
        "left join verdicts v on v.member_id = o.member_id and v.reference = o.number "
        "left join transfers t on t.member_id = v.member_id and t.verdict_id = v.verdict_id "
        "group by o.number"
    )
    return {row["number"]: row["points"] for row in rows}


async def ledger(owner: asyncpg.Connection) -> object:
    """Returns a digest that changes only with the ledger: its length and hash, the balances, the facts."""
    return await owner.fetchrow(
        "select (select count(*) from transfers), (select count(*) from order_facts), "
        "(select md5(string_agg(head::text || seq || available || pending || debt, ',' order by member_id)) "
        "from balances)"
    )
