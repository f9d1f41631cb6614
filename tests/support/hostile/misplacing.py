"""Valid signatures in the wrong place, at the wrong time or of the wrong kind: none may be accepted."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from loyalty.webhooks.producers import PRODUCERS
from tests.support.hostile.honest import PATHS, Signed, signed
from tests.support.hostile.spoiling import (
    another_body,
    another_producer,
    another_secret,
    another_signature,
    no_signature,
    request,
    signature_elsewhere,
)
from tests.support.hostile.wire import Request

_TIMED = ("native", "shippo")
_METHODS = b"GET PUT PATCH DELETE HEAD OPTIONS TRACE PROPFIND REPORT MKCOL SEARCH M-SEARCH".split()
_UNKNOWN_PRODUCERS = (
    "dhl",
    "Native",
    "easypost ",
    "native%00",
    "..",
    "%2e%2e",
    "shippo%2f",
    "x" * 3000,
    "\u00e9",
    "native.json",
)

Spoiler = Callable[[Random, Signed], Request]


def another_address(random: Random, honest: Signed) -> Request:
    """Sends a signed request to the address of another producer, or of an unknown one."""
    others = [each for each in PRODUCERS if each != honest.producer]
    name = random.choice([*others, *_UNKNOWN_PRODUCERS])
    target = PATHS[honest.kind].format(name).replace(" ", "%20").encode("utf-8")
    return replace(request(honest, "another address"), target=target)


def another_time(random: Random, honest: Signed) -> Request:
    """Returns a request that was signed long ago or for a later time, or whose time is not the signed one."""
    if honest.producer not in _TIMED:
        return another_secret(random, honest)
    now = datetime.now(UTC)
    away = timedelta(seconds=random.choice((-1, 1)) * random.choice((310, 400, 3600, 86_400, 10**7, 10**8)))
    if random.random() < 0.6:
        return request(
            signed(honest.producer, honest.body, honest.event_id, honest.kind, at=now + away), "signed long ago"
        )
    stamp = str(int(now.timestamp()) - random.randint(2, 200))
    other_time = random.choice(
        (stamp, "+" + stamp, stamp + ".0", "0x1", "1e9", "-1", "NaN", "9" * 12, "9" * 400, "\u0661")
    )
    headers = {name: re.sub(r"\b\d{10}\b", other_time, value) for name, value in honest.headers.items()}
    return request(honest, "another time", headers=headers)


def another_id(random: Random, honest: Signed) -> Request:
    """Changes the id, which Standard Webhooks sign too."""
    if honest.producer != "native":
        return another_signature(random, honest)
    return request(
        honest, "another id", headers={**honest.headers, "webhook-id": random.choice(("", "x", "evt-2", "." * 90))}
    )


def another_method(random: Random, honest: Signed) -> Request:
    """Sends a signed request with an HTTP method that the address does not support."""
    return replace(request(honest, "another method"), method=random.choice(_METHODS))


def too_large(random: Random, honest: Signed) -> Request:
    """Returns a signed request over the limit of a mebibyte."""
    if random.random() > 0.05:
        return another_body(random, honest)
    body = honest.body + b" " * 1024 * 1024
    return request(signed(honest.producer, body, honest.event_id, honest.kind), "too large")


def report_without_right(random: Random, honest: Signed) -> Request:
    """Sends a report of deliveries with an invalid token."""
    token = random.choice(_tokens(random))
    headers = (b"Content-Type", b"application/json"), (b"Authorization", token)
    body = b'{"delivered": [{"order_number": "4500000000000000000"}]}'
    return Request(b"POST", b"/reconciliation", headers, body, ("no right to report",))


def _tokens(random: Random) -> list[bytes]:
    claims = {"sub": "storefront", "scope": "storefront", "iss": "mipoints", "aud": "mipoints", "exp": 4102444800}
    body, junk = _part(claims), _part({"x": random.random()})
    none = b"%s.%s." % (_part({"alg": "none", "typ": "JWT"}), body)
    forged = b"%s.%s.%s" % (_part({"alg": "HS256", "typ": "JWT"}), body, junk)
    key = b"%s.%s.%s" % (_part({"alg": "RS256", "kid": "../../etc/passwd", "jku": "http://127.0.0.1/"}), body, junk)
    tokens = [none, forged, key, b"", b"null", b"a.b.c", b"\xff\xfe", b"." * 4000, body, junk * 50]
    return [*(b"Bearer " + token for token in tokens), b"Basic c3RvcmVmcm9udDo=", b"bearer", b"Bearer\t" + forged, b""]


def _part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def a_token_of_its_own(random: Random, honest: Signed) -> Request:
    """Sends an invalid token in the query, which is Shippo's weaker proof."""
    token = random.choice(("", "123ab", "123abcd", "token=123abc", "123ABC", "%00", "123abc%00", "*", "x" * 4000, "[]"))
    path = PATHS[honest.kind].format("shippo") + f"?token={token}"
    return Request(b"POST", path.encode(), ((b"Content-Type", b"application/json"),), honest.body, ("another token",))


SPOILERS: tuple[Spoiler, ...] = (
    another_body,
    another_body,
    another_signature,
    another_signature,
    no_signature,
    signature_elsewhere,
    another_secret,
    another_producer,
    another_address,
    another_time,
    another_time,
    another_id,
    another_method,
    too_large,
    report_without_right,
    a_token_of_its_own,
)
