"""What the clock does to coupons: reservations end (R43), and coupons expire with their last day (R52)."""

from db.coupons.checkout import end_due_coupons
from db.pool import Database

COUPONS_AT_ONCE = 500


async def end_some_coupons(db: Database) -> int:
    """Frees coupons whose reservation is over and expires those whose last day is: one set, each once beside other
    sweepers; gives how many.

    Members somebody is writing to are left for the next round; what is read shows the clock's state anyway.
    """
    return await end_due_coupons(db, COUPONS_AT_ONCE)
