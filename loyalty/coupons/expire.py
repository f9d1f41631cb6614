"""What the clock does to coupons: reservations end (R43), and coupons expire with their last day (R52)."""

from db.coupons.checkout import end_due_coupons
from db.pool import Database

BATCH = 500


async def end_coupons(db: Database) -> int:
    """Frees every coupon whose reservation is over and expires those whose last day is; gives how many."""
    ended = 0
    while some := await end_some_coupons(db):
        ended += some
    return ended


async def end_some_coupons(db: Database) -> int:
    """One set of them, each once beside other sweepers; 0 when none could be.

    Members somebody is writing to are left for the next round; what is read shows the clock's state anyway.
    """
    return await end_due_coupons(db, BATCH)
