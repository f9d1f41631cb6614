"""Ends reservations when their time is over (R43), and expires coupons after their last day (R52)."""

from db.coupons.checkout import end_due_coupons
from db.pool import Database

COUPONS_AT_ONCE = 500


async def end_some_coupons(db: Database) -> int:
    """Frees coupons whose reservation is over and expires coupons whose last day is over: one set, each once even if
    other sweepers run; gives the number of coupons.

    Members that are locked are left for the next round; queries show the state by the clock anyway.
    """
    return await end_due_coupons(db, COUPONS_AT_ONCE)
