"""Codes of coupons (R42)."""

import secrets
import unicodedata

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5


def new_coupon_code() -> str:
    """An unguessable code: 20 characters of 31, 99 bits, none that is mistaken for another (R42)."""
    number, letters = secrets.randbelow(len(_ALPHABET) ** (_GROUPS * _GROUP)), ""
    for _ in range(_GROUPS * _GROUP):
        number, place = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[place]
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def code_as_stored(typed: str) -> str:
    """A code as it is stored, from what a person typed: without regard to case, blanks and hyphens of any kind (R42).

    A text that is too long or too short for a code stays one that no coupon has.
    """
    signs = "".join(sign for sign in unicodedata.normalize("NFKC", typed).upper() if not _is_between(sign))
    return "-".join(signs[place : place + _GROUP] for place in range(0, len(signs), _GROUP))


def _is_between(sign: str) -> bool:
    """Whether a sign only separates others: a blank, a hyphen or dash, or an invisible mark."""
    return sign.isspace() or unicodedata.category(sign) in {"Pd", "Cf"} or sign == "\N{MINUS SIGN}"
