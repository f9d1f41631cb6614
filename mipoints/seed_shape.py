"""How much each seed member has: lines of history, coupons and orders."""

from dataclasses import dataclass
from math import ceil

from loyalty.programme.rules.kinds import EntryKind

GOODWILL = 250  # points of an adjustment, if the coupons need no more
MOST_GOODWILL = 5_000  # points of the largest adjustment; a second operator must approve far larger ones only


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of lines of history, available coupons and delivered orders of each member."""

    entries: int
    coupons: int = 0
    orders: int = 0

    def credits(self, cost: int) -> int:
        """Returns how many lines credit points: the entries without the redemptions, but at least half of the entries,
        and enough to pay for the coupons. `cost` is a coupon's cost in points."""
        needed = 1 + self.orders + self._goodwill(cost)
        return max(self.entries - self.coupons, ceil(self.entries / 2), needed)

    def kinds(self, cost: int) -> list[EntryKind]:
        """Returns the kinds of the credits: the sign-up, the orders, and of the rest two thirds goodwill and one third
        activities."""
        rest = self.credits(cost) - 1 - self.orders
        goodwill = max(self._goodwill(cost), rest * 2 // 3)
        activities = [EntryKind.APP_SIGN_IN, *[EntryKind.REVIEW] * rest][: rest - goodwill]
        orders = [EntryKind.PURCHASE] * self.orders
        return [EntryKind.SIGN_UP, *activities, *orders, *[EntryKind.ADJUSTMENT] * goodwill]

    def goodwill_points(self, cost: int) -> int:
        """Returns the points of each adjustment, so that all adjustments together pay for the coupons."""
        lines = self.kinds(cost).count(EntryKind.ADJUSTMENT)
        return max(GOODWILL, ceil(self.coupons * cost / max(1, lines)))

    def _goodwill(self, cost: int) -> int:
        return ceil(self.coupons * cost / MOST_GOODWILL)
