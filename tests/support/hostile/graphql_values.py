"""Valid and odd values for every scalar of the schema, with which Schemathesis fills operations."""

from collections.abc import Callable
from typing import Any

import schemathesis
from graphql import ValueNode
from hypothesis import strategies as st
from schemathesis.graphql import nodes

ODD_TEXTS = (
    "", " ", "0", "-1", "null", "NaN", "1e309", "\u0000", "\u202e\u2066", "\ufeffx", "é" * 300, "a" * 2001,
    "\U0001f680" * 50, "'; drop table members; --", "%s %d {0} {{7*7}}", "../../etc/passwd", "\r\n\t", "e\u0301" * 99,
    "W10", "TWVtYmVyOg", "eyJhIjoxfQ", "=" * 40, "\uffff", "\u0661\u0662\u0663", "True", "[]",
)  # fmt: skip
WHOLE = (0, 1, -1, 2, 7, 20, 100, 101, 500, 501, 65_536, 10**6, 2**31 - 1, -(2**31))
BROKEN = (0.0, -0.0, 1.0, 1.5, 2.0, 1.005, 3.14159, -1.0, 1e-320, 1e308, 1e16)
MARKETS = ("ES", "DE", "FR", "IT", "NL", "GB")
DATES = ("1990-05-17", "2000-02-29", "2026-01-01", "2026-11-25", "2031-12-31", "1900-01-01", "0002-01-03", "9998-12-01")
INSTANTS = (
    "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.123456789+01:00", "2026-11-25T00:00:00-12:00", "1970-01-01T00:00:00Z",
    "2026-03-29T02:30:00+01:00", "0002-06-01T00:00:00Z", "9998-06-01T00:00:00Z", "2026-11-24T23:59:59.999999+14:00",
)  # fmt: skip
ADDRESSES = ("https://mi.com/es/p/1", "http://[::1]:8080/?q=%00#x", "HTTPS://MI.COM", "https://xn--bcher-kva.example/é")
ODD_MARKETS = ("XX", "es", "ESP", "", "\uff25\uff33")
ODD_DATES = (
    "2026-02-30", "2026-13-01", "0000-00-00", "26-1-1", "2026-01-01T00:00:00Z", "", "\u0662026-01-01",
)  # fmt: skip
ODD_INSTANTS = (
    "2026-11-22",
    "2026-11-22T10:00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "now",
    "",
)
ODD_ADDRESSES = ("javascript:alert(1)", "https://", "//mi.com", "https://mi.com:99999/", "http://[", "https://a b", "")


def _mostly(usual: tuple[Any, ...], odd: tuple[Any, ...], node: Callable[[Any], ValueNode]) -> st.SearchStrategy[Any]:
    """Returns a strategy of values; three in four are valid for the scalar."""
    wanted = st.sampled_from(usual)
    return st.one_of(wanted, wanted, wanted, st.sampled_from(odd)).map(node)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "ID": st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=60)).map(nodes.String),
    "String": st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=60)).map(nodes.String),
    "Int": st.one_of(st.sampled_from(WHOLE), st.integers(0, 120), st.integers(-(2**31), 2**31 - 1)).map(nodes.Int),
    "Float": st.one_of(st.sampled_from(BROKEN), st.floats(allow_nan=False, allow_infinity=False)).map(nodes.Float),
    "Date": _mostly(DATES, ODD_DATES, nodes.String),
    "DateTime": _mostly(INSTANTS, ODD_INSTANTS, nodes.String),
    "Market": _mostly(MARKETS, ODD_MARKETS, nodes.String),
    "URL": _mostly(ADDRESSES, ODD_ADDRESSES, nodes.String),
}


def register_scalars() -> None:
    """Registers the values of all scalars with Schemathesis, and replaces its own for texts and numbers."""
    for name, strategy in SCALARS.items():
        schemathesis.graphql.scalar(name, strategy)
