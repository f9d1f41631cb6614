"""Shopify's money: each amount with its currency, in the shop's and in the buyer's (`…_set`), in minor units (R33a)."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from loyalty.orders.rules.facts import Refund
from loyalty.webhooks.producers.reading import Unreadable, named, text_of
from loyalty.webhooks.producers.shopify_bodies import entries, is_word

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_PLACES = dict.fromkeys(_NO_PLACES.split(), 0) | dict.fromkeys(_THREE_PLACES.split(), 3)

Amounts = Mapping[str | None, int]
"""One amount of money in minor units, by currency; None if none is reported, which means the order's."""


def refunds_in(body: Mapping[str, Any]) -> tuple[Refund, ...]:
    """The money of a refund in each currency in which all of it is reported; that of its transactions is first.

    Pending and failed transactions do not count. A refund without any transaction refunds its shipping: it lowers the
    amount that is still to be paid. Raises Unreadable for amounts below zero, and for no currency in common.
    """
    transactions = entries(body, "transactions")
    moved = [each for each in transactions if _has_moved(each)]
    shipping = _shipping(body, [currency for each in moved if (currency := text_of(each, "currency"))])
    amounts = _moved(body, moved) if transactions else shipping
    if any(amount < 0 for amount in amounts.values()):
        raise Unreadable("An amount is below zero.")
    return tuple(
        Refund(currency, amount, min(max(0, shipping.get(currency, 0)), amount)) for currency, amount in amounts.items()
    )


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


def _has_moved(transaction: Mapping[str, Any]) -> bool:
    return is_word(transaction.get("kind"), "refund") and is_word(transaction.get("status"), "success")


def _moved(body: Mapping[str, Any], moved: list[dict[str, Any]]) -> Amounts:
    """The sum of the transactions. If the adjustments of the refund add up to it, they report it in other currencies.

    Raises Unreadable if the transactions have no currency in common.
    """
    amounts = _sum(_amounts(each, "amount", text_of(each, "currency")) for each in moved)
    if not moved:
        return {None: 0}
    if not amounts:
        raise Unreadable("Its transactions have no currency in common.")
    adjusted = _adjusted(body, ("refund_discrepancy", "shipping_refund"), next(iter(amounts)))
    agrees = any(adjusted.get(currency) == amount for currency, amount in amounts.items())
    return {**amounts, **{name: each for name, each in adjusted.items() if name not in amounts}} if agrees else amounts


def _shipping(body: Mapping[str, Any], currencies: list[str]) -> Amounts:
    """The refunded shipping. Shopify sends it as refunded shipping lines, as an adjustment below zero, or as both; the
    larger one counts. An amount without a set is in the currency of the transactions."""
    usual = currencies[0] if currencies else None
    lines = _sum(
        _amounts(each, name, usual)
        for each in entries(body, "refund_shipping_lines")
        for name in ("subtotal_amount", "tax_amount")
        if _is_there(each, name)
    )
    adjusted = _adjusted(body, ("shipping_refund",), usual)
    return {name: max(0, lines.get(name, 0), adjusted.get(name, 0)) for name in {**lines, **adjusted}}


def _adjusted(body: Mapping[str, Any], kinds: tuple[str, ...], usual: str | None = None) -> Amounts:
    """What adjustments of these kinds give back: they are below zero."""
    negative = _sum(
        _amounts(each, name, usual)
        for each in entries(body, "order_adjustments")
        if any(is_word(each.get("kind"), kind) for kind in kinds)
        for name in ("amount", "tax_amount")
        if _is_there(each, name)
    )
    return {currency: -amount for currency, amount in negative.items()}


def _is_there(entry: Mapping[str, Any], name: str) -> bool:
    """Whether it is more than a nothing without a currency: a tax of "0.00" says nothing about currencies."""
    return entry.get(name) not in (None, "0.00", "0.0", "0", 0) or bool(named(entry, f"{name}_set"))


def _amounts(entry: Mapping[str, Any], name: str, usual: str | None) -> Amounts:
    """One amount in each currency that is reported; without a set in the `usual` one. Raises Unreadable."""
    both = named(entry, f"{name}_set")
    monies = [named(both, kind) for kind in ("shop_money", "presentment_money")]
    in_set: dict[str | None, int] = {
        currency: minor_units(money.get("amount"), currency)
        for money in monies
        if (currency := text_of(money, "currency_code")) is not None
    }
    if entry.get(name) is None or usual in in_set or (usual is None and in_set):
        return in_set
    return {usual: minor_units(entry[name], usual), **in_set}


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    """The sums in the currencies in which every amount is known, in the order of the first one's."""
    known = list(amounts)
    common = [name for name in (known[0] if known else ()) if all(name in each for each in known)]
    return {name: sum(each[name] for each in known) for name in common}
