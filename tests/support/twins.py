"""Members with the same history, for comparing two ways of doing the same work."""

from typing import Any

import asyncpg

_ROWS = {
    "transfers": "select seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, reverses, "
    "replace(source, $2, '') as source, replace(reference, $2, '') as reference, occurred_at "
    "from transfers where member_id = $1 and kind <> 'REDEMPTION' order by seq",
    "balances": "select available, pending, debt, lifetime, seq, announced from balances where member_id = $1",
    "lots": "select lapses_on, remaining, is_noticed from lots where member_id = $1 order by 1",
    "promises": "select kind, points, part, state, due_at, lapses_on from promises where member_id = $1 "
    "order by due_at, kind, points, part, state, lapses_on",
    "verdicts": "select kind, outcome, code, points, replace(business_key, $2, ''), occurred_at from verdicts "
    "where member_id = $1 and kind <> 'REDEMPTION' order by occurred_at, kind, outcome, code, points, 5",
    "notices": "select kind, points, lapses_on, created_at from notices where member_id = $1 order by 4, 1, 2, 3",
    "coupons": "select state, is_noticed, expires_at from coupons where member_id = $1 order by 3, 1, 2",
    "outgoing": "select sequence, type, entry_seq from outgoing where member_id = $1 order by 1",
    "facts": "select replace(number, $2, ''), kind, replace(fact_key, $2, '') from order_facts where member_id = $1 "
    "order by 1, 2, 3",
    "inbox": "select replace(i.order_number, $2, ''), i.type, i.state, i.attempts, replace(i.error, $2, '') "
    "from inbox i join order_numbers n on n.number = i.order_number where n.member_id = $1 order by 1, 2, 3, 4, 5",
}


async def everything_of(owner: asyncpg.Connection, mi_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Returns a member's rows, without ids, hashes and the moments at which they were written."""
    member_id = await owner.fetchval("select member_id from mi_accounts where mi_id = $1", mi_id)
    found = {}
    for name, sql in _ROWS.items():
        with_name = (mi_id,) if "$2" in sql else ()
        found[name] = [tuple(row) for row in await owner.fetch(sql, member_id, *with_name)]
    return found
