"""Shopify's refunds (R33a). Refunded lines count, with any restock type; without lines, the money that really moved."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.orders.rules.facts import SHOPIFY_EVENTS, Cancelled, Fact, Returned
from loyalty.webhooks.producers.reading import Unreadable, moment_of, named, text_of
from loyalty.webhooks.producers.shopify_bodies import entries, is_word, pieces_of

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_PLACES = dict.fromkeys(_NO_PLACES.split(), 0) | dict.fromkeys(_THREE_PLACES.split(), 3)


def of_refund(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The cancelled lines, and the returned lines or the refunded money. Raises Unreadable if there is nothing.

    A refund of nothing must not count as a return of the whole order. Lines with the restock type `cancel` were never
    sent (R33b).
    """
    cancelled = pieces_of(body, "refund_line_items", "line_item_id", _is_cancelled)
    lines = pieces_of(body, "refund_line_items", "line_item_id", _is_returned)
    at = moment_of(body.get("created_at"), "created_at", received_at)
    cancellations = (Cancelled(str(body["id"]), cancelled, at, SHOPIFY_EVENTS),) if cancelled else ()
    if cancelled and not lines:
        return cancellations
    amount, shipping = (None, 0) if lines else _money(body)
    if amount == 0:
        raise Unreadable("No line and no money came back with it.")
    refund = Returned(
        return_id=str(body["id"]),
        tracking_number=None,
        lines=lines,
        amount_minor=amount,
        shipping_minor=shipping,
        occurred_at=at,
    )
    return (*cancellations, refund)


def _is_cancelled(line: Mapping[str, Any]) -> bool:
    return is_word(line.get("restock_type"), "cancel")


def _is_returned(line: Mapping[str, Any]) -> bool:
    return not _is_cancelled(line)


def has_test_money(body: Mapping[str, Any]) -> bool:
    """Whether one of its transactions went through a test gateway."""
    transactions = body.get("transactions")
    listed = transactions if isinstance(transactions, list) else []
    return any(isinstance(each, dict) and each.get("test") is True for each in listed)


def minor_units(amount: object, currency: str | None) -> int:
    """An amount such as "41.94", exactly, in the currency's minor units: 4194 of EUR, 5000 JPY are 5000.

    Without a currency, two decimal places are assumed. Raises Unreadable.
    """
    if not isinstance(amount, str | int | Decimal) or not _AMOUNT.fullmatch(str(amount)):
        raise Unreadable("An amount is not a decimal number.")
    minor = Decimal(str(amount)).scaleb(_PLACES.get(currency or "", 2))
    if minor != int(minor):
        raise Unreadable("An amount has more places than its currency.")
    return int(minor)


def _money(body: Mapping[str, Any]) -> tuple[int, int]:
    """The refunded amount, and the part of it that is shipping, in minor units. Raises Unreadable.

    Pending and failed transactions do not count. A refund without any transaction refunds its shipping: it lowers the
    amount that is still to be paid.
    """
    transactions = entries(body, "transactions")
    moved = [each for each in transactions if _has_moved(each)]
    currency = _currency(moved)
    shipping = _shipping(body, currency)
    if not transactions:
        return shipping, shipping
    amounts = [minor_units(each.get("amount"), currency) for each in moved]
    if min(amounts, default=0) < 0:
        raise Unreadable("An amount is below zero.")
    return sum(amounts), min(shipping, sum(amounts))


def _has_moved(transaction: Mapping[str, Any]) -> bool:
    return is_word(transaction.get("kind"), "refund") and is_word(transaction.get("status"), "success")


def _currency(transactions: Sequence[Mapping[str, Any]]) -> str | None:
    currencies = {text_of(each, "currency") for each in transactions}
    if len(currencies) > 1:
        raise Unreadable("Its transactions are in several currencies.")
    return next(iter(currencies), None)


def _shipping(body: Mapping[str, Any], currency: str | None) -> int:
    """The refunded shipping in minor units.

    Shopify sends it as refunded shipping lines, as an adjustment below zero, or as both; the larger one counts.
    """
    lines = [
        _of_set(each, name, currency)
        for each in entries(body, "refund_shipping_lines")
        for name in ("subtotal_amount", "tax_amount")
    ]
    adjustments = [
        _of_set(each, name, currency)
        for each in entries(body, "order_adjustments")
        if is_word(each.get("kind"), "shipping_refund")
        for name in ("amount", "tax_amount")
    ]
    return max(0, sum(lines), -sum(adjustments))


def _of_set(entry: Mapping[str, Any], name: str, currency: str | None) -> int:
    """An amount of money in minor units: in that currency, else in the shop's own, else from the field without a set. A
    missing amount is 0."""
    both = named(entry, f"{name}_set")
    shop, paid = named(both, "shop_money"), named(both, "presentment_money")
    money = paid if currency is not None and paid.get("currency_code") == currency else shop
    amount = money.get("amount", entry.get(name))
    return 0 if amount is None else minor_units(amount, text_of(money, "currency_code") or currency)
