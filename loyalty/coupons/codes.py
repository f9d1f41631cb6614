"""Codes of coupons (R42)."""

import secrets

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5


def new_coupon_code() -> str:
    """An unguessable code: 20 characters of 31, 99 bits, none that is mistaken for another (R42)."""
    number, letters = secrets.randbelow(len(_ALPHABET) ** (_GROUPS * _GROUP)), ""
    for _ in range(_GROUPS * _GROUP):
        number, place = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[place]
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
