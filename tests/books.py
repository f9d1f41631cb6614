"""What must always hold of the books, asked of the audit views as an auditor would."""

import asyncpg

CHECKS = {
    "no broken chain": "select * from audit.broken_chains()",
    "balances follow from entries": """
        with sums as (
            select
                member_id,
                coalesce(sum(amount) filter (where credit = 'available'), 0)
                - coalesce(sum(amount) filter (where debit = 'available'), 0) as available,
                coalesce(sum(amount) filter (where credit = 'pending'), 0)
                - coalesce(sum(amount) filter (where debit = 'pending'), 0) as pending,
                coalesce(sum(amount) filter (where debit = 'debt'), 0)
                - coalesce(sum(amount) filter (where credit = 'debt'), 0) as debt
            from audit.entries group by member_id
        )
        select b.* from audit.balances b left join sums s using (member_id)
        where (b.available, b.pending, b.debt)
            <> (coalesce(s.available, 0), coalesce(s.pending, 0), coalesce(s.debt, 0))
    """,
    "pending is what is promised": """
        select b.* from audit.balances b
        where b.pending <> (
            select coalesce(sum(points), 0) from audit.promises p
            where p.member_id = b.member_id and p.state = 'PROMISED'
        )
    """,
    "available is what the lots hold": """
        select b.* from audit.balances b
        where b.available <> (select coalesce(sum(remaining), 0) from lots l where l.member_id = b.member_id)
    """,
    "the history's last line is the balance": """
        select b.* from audit.balances b
        join lateral (
            select balance_after from transfers t
            where t.member_id = b.member_id and t.points is not null
            order by seq desc limit 1
        ) last on true
        where last.balance_after <> b.available
    """,
    "the history's sum is available less debt": """
        select b.* from audit.balances b
        where b.available - b.debt <> (
            select coalesce(sum(points), 0) from transfers t where t.member_id = b.member_id
        )
    """,
}


async def assert_books_are_sound(connection: asyncpg.Connection) -> None:
    """Fails with the name of the first thing that does not hold, and its rows."""
    for what, sql in CHECKS.items():
        rows = await connection.fetch(sql)
        assert not rows, f"{what}: {[tuple(row) for row in rows[:5]]}"
