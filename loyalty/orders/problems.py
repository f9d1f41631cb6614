"""Sentences for the problems of an order."""

from collections.abc import Sequence

from loyalty.orders.rules.order import OrderLine
from loyalty.refusals import InvalidInput


def refuse_problems(lines: Sequence[OrderLine], problems: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Raises InvalidInput for the first of an order's problems, each as (code, path); `lines` are those reported."""
    if problems:
        code, path = problems[0]
        raise InvalidInput(_sentence_of(path, is_without_lines=not lines), *path, code=code)


def _sentence_of(path: tuple[str, ...], *, is_without_lines: bool) -> str:
    if path[-1] == "lines" and "parcels" not in path:
        return "An order needs lines." if is_without_lines else "An order is of at most 21 474 836.47 in all."
    return _SENTENCES[path[-1]]


_SENTENCES = {
    "number": "An order needs a number.",
    "currency": "An order is in its market's currency.",
    "lines": "A parcel names the lines that travel in it.",
    "id": "Every line needs an id of its own.",
    "productId": "Every line names its product.",
    "quantity": "A quantity is at least 1 and no more than was bought.",
    "paidMinor": "An amount is never below zero.",
    "shippingMinor": "An amount is never below zero.",
    "discountMinor": "A discount is between zero and what the goods cost.",
    "trackingNumber": "Every parcel needs a tracking number of its own.",
    "lineId": "This names a line of the order.",
    "placedAt": "This lies in the future.",
    "addedAt": "This lies in the future.",
    "cancelledAt": "This lies in the future.",
}
