"""The rows of the tables, one a file. `open_row` prepares a row and returns each contender's turn."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bench.speed.rows import (
    center,
    cold,
    credit,
    delivery,
    fuel,
    growth,
    home,
    lapses,
    memory,
    notices,
    order,
    pages,
    redeem,
    webhook,
)
from bench.speed.world import Turns, World


@dataclass(frozen=True, slots=True)
class Row:
    """A row's name on the command line, its title in the table, and how its turns are had.

    If it `is_last`, it is measured once, after all others.
    """

    name: str
    title: str
    open_row: Callable[[World], Awaitable[Turns]]
    is_last: bool = False


ROWS: Mapping[str, Row] = {
    row.name: row
    for row in (
        Row("home", "home: balance, 20 entries with cursors, coupons", home.open_row),
        Row("center", "Points Center as the app asks for it", center.open_row),
        Row("redeem", "redeemPoints", redeem.open_row),
        Row("fuel", "earnPoints(fuel)", fuel.open_row),
        Row("order", "recordOrder, two lines and a parcel", order.open_row),
        Row("delivery", "a delivery, stored and settled", delivery.open_row),
        Row("webhook", "a signed webhook, stored", webhook.open_row),
        Row("credit", "a promise, credited", credit.open_row),
        Row("notices", "a promise, credited on a day of notices", notices.open_row),
        Row("lapses", "a promise, credited on a day when points lapse", lapses.open_row),
        Row("growth", "home, one request at a time, by number of members", growth.open_row),
        Row("pages", "a page of history, one request at a time", pages.open_row),
        Row("cold", "cold start until /readyz answers", cold.open_row),
        Row("memory", "memory of one serving process after load", memory.open_row, is_last=True),
    )
}
