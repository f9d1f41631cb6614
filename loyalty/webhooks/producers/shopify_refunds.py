"""Shopify's refunds: of lines, whatever their restock type; else of money that has really moved (R33a)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.orders.rules.facts import Fact, Returned
from loyalty.webhooks.producers.reading import Unreadable, moment_of, named, text_of
from loyalty.webhooks.producers.shopify_bodies import entries, is_word, pieces_of

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_PLACES = dict.fromkeys(_NO_PLACES.split(), 0) | dict.fromkeys(_THREE_PLACES.split(), 3)


def of_refund(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """What came back. Raises Unreadable where neither line nor money did: that is not everything, but nothing."""
    lines = pieces_of(body, "refund_line_items", "line_item_id")
    amount, shipping = (None, 0) if lines else _money(body)
    if amount == 0:
        raise Unreadable("No line and no money came back with it.")
    refund = Returned(
        return_id=str(body["id"]),
        tracking_number=None,
        lines=lines,
        amount_minor=amount,
        shipping_minor=shipping,
        occurred_at=moment_of(body.get("created_at"), "created_at", received_at),
    )
    return (refund,)


def has_test_money(body: Mapping[str, Any]) -> bool:
    """Whether a test gateway moved its money."""
    transactions = body.get("transactions")
    told = transactions if isinstance(transactions, list) else []
    return any(isinstance(each, dict) and each.get("test") is True for each in told)


def minor_units(amount: object, currency: str | None) -> int:
    """An amount such as "41.94", exactly, in the currency's minor units: 4194 of EUR, 5000 JPY are 5000.

    A currency we are not told has two places. Raises Unreadable.
    """
    if not isinstance(amount, str | int | Decimal) or not _AMOUNT.fullmatch(str(amount)):
        raise Unreadable("An amount is not a decimal number.")
    minor = Decimal(str(amount)).scaleb(_PLACES.get(currency or "", 2))
    if minor != int(minor):
        raise Unreadable("An amount has more places than its currency.")
    return int(minor)


def _money(body: Mapping[str, Any]) -> tuple[int, int]:
    """Refunded, and how much of it is shipping, in minor units. What is pending or failed has not moved.

    A refund without any transaction lowers what is to be paid, by its shipping.
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
    """Told as refunded shipping lines, as an adjustment below zero, or as both; the more complete one counts."""
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
    """An amount in that currency; else in the shop's own, else without a set. None is zero."""
    both = named(entry, f"{name}_set")
    shop, paid = named(both, "shop_money"), named(both, "presentment_money")
    money = paid if currency is not None and paid.get("currency_code") == currency else shop
    amount = money.get("amount", entry.get(name))
    return 0 if amount is None else minor_units(amount, text_of(money, "currency_code") or currency)
