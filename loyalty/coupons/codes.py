"""Codes of coupons (R42)."""

import secrets

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5


def new_coupon_code() -> str:
    """An unguessable code: 20 characters of 31, 99 bits, none that is mistaken for another (R42)."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
