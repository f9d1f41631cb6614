"""Points into a coupon: a transaction behind the member's row lock, a statement a step."""

import secrets
from dataclasses import dataclass

import asyncpg


@dataclass
class Redeemed:
    """The rows of a redemption."""

    member: asyncpg.Record
    coupon: asyncpg.Record
    entry: asyncpg.Record


class RedeemRefused(Exception):
    """Why not: a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


async def redeem(pool: asyncpg.Pool, mi_id: str, reward_id: str, key: str) -> Redeemed:
    """Spends a member's points on a reward; the same key gets the same coupon. Raises RedeemRefused."""
    async with pool.acquire() as connection, connection.transaction():
        member = await connection.fetchrow("select * from usual.members where mi_id = $1 for update", mi_id)
        if member is None:
            raise RedeemRefused("NOT_FOUND", "There is no such member.")
        before = await _before(connection, member, key)
        if before is not None:
            return before
        reward = await connection.fetchrow("select * from usual.rewards where id = $1", reward_id)
        if reward is None:
            raise RedeemRefused("REWARD_UNAVAILABLE", "There is no such reward.")
        if member["available"] < reward["cost"]:
            raise RedeemRefused("NOT_ENOUGH_POINTS", f"This costs {reward['cost']}; you have {member['available']}.")
        return await _spend(connection, member, reward, key)


async def _before(connection: asyncpg.Connection, member: asyncpg.Record, key: str) -> Redeemed | None:
    known = await connection.fetchrow(
        "select coupon_id, entry_id from usual.idempotency_keys where member_id = $1 and key = $2", member["id"], key
    )
    if known is None:
        return None
    coupon = await connection.fetchrow("select * from usual.coupons where id = $1", known["coupon_id"])
    entry = await connection.fetchrow("select * from usual.entries where id = $1", known["entry_id"])
    return Redeemed(member, coupon, entry)


async def _spend(connection: asyncpg.Connection, member: asyncpg.Record, reward: asyncpg.Record, key: str) -> Redeemed:
    member = await connection.fetchrow(
        "update usual.members set available = available - $2 where id = $1 returning *", member["id"], reward["cost"]
    )
    entry = await connection.fetchrow(
        "insert into usual.entries (member_id, kind, points, balance_after, occurred_at, reference) "
        "values ($1, 'REDEMPTION', $2, $3, now(), $4) returning *",
        member["id"], -reward["cost"], member["available"], reward["id"],
    )  # fmt: skip
    coupon = await connection.fetchrow(
        "insert into usual.coupons "
        "(member_id, reward_id, code, state, cost, value_minor, currency, issued_at, expires_at) "
        "values ($1, $2, $3, 'AVAILABLE', $4, $5, $6, now(), now() + make_interval(days => $7)) returning *",
        member["id"], reward["id"], secrets.token_hex(10), reward["cost"], reward["value_minor"], reward["currency"],
        reward["valid_days"],
    )  # fmt: skip
    await connection.execute(
        "insert into usual.idempotency_keys (member_id, key, coupon_id, entry_id) values ($1, $2, $3, $4)",
        member["id"], key, coupon["id"], entry["id"],
    )  # fmt: skip
    return Redeemed(member, coupon, entry)
