"""The parcels of an order, reported once they are known: no shop knows a tracking number at payment (R34)."""

from collections.abc import Sequence
from functools import partial

from loyalty.callers import Caller
from loyalty.orders.change_order import OrderChange, OrderToChange, change_order
from loyalty.orders.problems import refuse_problems
from loyalty.orders.record import OrderVerdict
from loyalty.orders.rows import parcel_as_row
from loyalty.orders.rules.growth import ParcelRecorded
from loyalty.orders.rules.order import Order, Parcel
from loyalty.orders.rules.order_check import check_parcels
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput


async def record_parcels(
    programme: Programme, caller: Caller, number: str, parcels: Sequence[Parcel], key: str
) -> OrderVerdict:
    """Adds parcels to an order. From then on carriers' news under their numbers is about them, and what waited under
    these numbers is applied by a worker soon after.

    A known parcel with the same contents changes nothing. Refusals: NotFound, IdempotencyMismatch, and InvalidInput for
    no parcel, an unknown line, a number twice, a known parcel with other contents, or more pieces than are in no other
    parcel; pieces of parcels that were lost, sent back or given up may travel again.
    """
    content = sorted((parcel_as_row(parcel) for parcel in parcels), key=str)
    numbers = [parcel.tracking_number for parcel in parcels]
    change = OrderChange("recordParcels", number, content, partial(_facts, tuple(parcels)), numbers)
    return await change_order(programme, caller, change, key)


def _facts(parcels: tuple[Parcel, ...], known: OrderToChange) -> list[ParcelRecorded]:
    order = known.state.order
    if not parcels:
        raise InvalidInput("Name at least one parcel.", "input", "parcels")
    new = [_is_new(order, parcel, place) for place, parcel in enumerate(parcels)]
    refuse_problems(order.lines, check_parcels(parcels, dict(known.state.unparcelled), new))
    return [
        ParcelRecorded(each.tracking_number, each.carrier, tuple(sorted(each.pieces.items())), known.member.now)
        for each, is_new in zip(parcels, new, strict=True)
        if is_new
    ]


def _is_new(order: Order, parcel: Parcel, place: int) -> bool:
    """Whether the order does not have the parcel. A carrier that was not known decides nothing.

    Raises InvalidInput for a known parcel with other contents.
    """
    same = [each for each in order.parcels if _is_same(each, parcel)]
    if same and all(each.pieces != parcel.pieces for each in same):
        sentence = "This parcel was recorded before with other contents."
        raise InvalidInput(sentence, "input", "parcels", str(place), "trackingNumber")
    return not same


def _is_same(one: Parcel, other: Parcel) -> bool:
    carriers = {(each.carrier or "").casefold() for each in (one, other)}
    return one.tracking_number == other.tracking_number and (len(carriers) == 1 or "" in carriers)
