"""Where Shopify marks test mode: the order or refund, its transactions, receipts, gateways and fulfillments.

`X-Shopify-Test` is read where headers are (`shopify.py`).
"""

from collections.abc import Mapping
from typing import Any

from loyalty.webhooks.producers.marks import is_marked
from loyalty.webhooks.producers.reading import listed, named
from loyalty.webhooks.producers.shopify_bodies import is_word

_BOGUS = "bogus"
"""The name of Shopify's gateway for tests."""


def is_of_test_mode(body: Mapping[str, Any]) -> bool:
    """Whether any place of a body says that no real money or goods moved."""
    money, parcels = listed(body, "transactions"), listed(body, "fulfillments")
    receipts = [named(each, "receipt") for each in (body, *money, *parcels)]
    return (
        is_marked((body, *money), "test")
        or is_marked(receipts, "testcase")
        or any(is_word(name, _BOGUS) for name in (*_gateways(body), *(each.get("gateway") for each in money)))
    )


def _gateways(body: Mapping[str, Any]) -> list[object]:
    names = body.get("payment_gateway_names")
    return [body.get("gateway"), *(names if isinstance(names, list) else [])]
