"""Honest requests spoilt, so that what is sent is not proven by any active secret: each must be refused."""

import base64
import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from bench.honest import PATHS, Signed, signed
from bench.wire import Headers, Request
from loyalty.producers import PRODUCERS
from tests.stage import WEBHOOK_SECRETS

_TIMED = ("native", "shippo")
_SIGNATURE = re.compile(r"[0-9a-f]{64}|[0-9A-Za-z+/]{43}=")
_METHODS = b"GET PUT PATCH DELETE HEAD OPTIONS TRACE PROPFIND REPORT MKCOL SEARCH M-SEARCH".split()
_STRANGERS = (
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


def request(told: Signed, *how: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Request:
    """What was signed as a request, but for what is named."""
    named = told.headers if headers is None else headers
    return Request(b"POST", told.path.encode(), as_bytes(named), told.body if body is None else body, how)


def as_bytes(headers: Mapping[str, str]) -> Headers:
    """Headers as they go over the wire."""
    return tuple((name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items())


# --- bodies that are not the ones that were signed


def another_body(random: Random, told: Signed) -> Request:
    """The old signature over other bytes."""
    body = told.body
    while body == told.body:
        body = _CHANGES[random.randrange(len(_CHANGES))](random, told.body)
    return request(told, "body changed", body=body)


def _flip(random: Random, body: bytes) -> bytes:
    changed = bytearray(body or b"?")
    for _ in range(random.choice((1, 1, 1, 2, 8, 64))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _insert(random: Random, body: bytes) -> bytes:
    at, what = (
        random.randint(0, len(body)),
        random.choice((b"\0", b" ", b"\xff", b"\xed\xa0\x80", b"\r\n", b"[" * 5000)),
    )
    return body[:at] + what + body[at:]


def _write_anew(random: Random, body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), indent=random.choice((None, 1, 4))).encode()
    except ValueError:
        return body + b" "


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip,
    _flip,
    _insert,
    _write_anew,
    lambda random, body: body[: random.randint(0, len(body))],
    lambda random, body: body[random.randint(0, len(body)) :],
    lambda random, body: body + random.choice((b"\n", b" ", b"\0", b"{}", b",", body)),
    lambda random, body: body.replace(b"in_transit", b"delivered").replace(b"TRANSIT", b"DELIVERED") + b" ",
    lambda random, body: random.randbytes(random.randint(0, 2000)),
    lambda random, body: body.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "utf-7"))),
    lambda random, body: b"\xef\xbb\xbf" + body,
)


# --- signatures that are not the ones of the body


def another_signature(random: Random, told: Signed) -> Request:
    """One character of the signature is another: of what stands for its first 31 bytes, so that it is another one."""
    name = next(name for name, value in told.headers.items() if _SIGNATURE.search(value))
    match = _SIGNATURE.search(told.headers[name])
    assert match is not None
    text = match[0]
    letters = "0123456789abcdef" if len(text) == 64 else string.ascii_letters + string.digits
    place = random.randrange(41)
    letter = random.choice([each for each in letters if each != text[place]])
    text = text[:place] + letter + text[place + 1 :]
    return _with_signature(told, name, text, "signature changed")


def no_signature(random: Random, told: Signed) -> Request:
    """Something else where the signature should stand."""
    name = next(name for name, value in told.headers.items() if _SIGNATURE.search(value))
    match = _SIGNATURE.search(told.headers[name])
    assert match is not None
    text, place = match[0], random.randrange(1, 43)
    anything = (
        "", " ", "null", "true", "*", "0" * 64, "=" * 44, text[:place], text[::-1], text + text,
        text[place:] + text[:place], "A" * 5000, "%00" * 20, "\u00e9" * 32, "," * 3000, "v1," * 50,
        base64.b64encode(random.randbytes(32)).decode(),
        random.randbytes(32).hex(), base64.b64encode(told.body)[:400].decode(),
    )  # fmt: skip
    other = random.choice([each for each in anything if each != text])
    return _with_signature(told, name, other, "signature replaced")


def signature_elsewhere(random: Random, told: Signed) -> Request:
    """The right signature in a header nobody reads, or in none."""
    name = next(name for name, value in told.headers.items() if _SIGNATURE.search(value))
    headers = {each: value for each, value in told.headers.items() if each != name}
    other = random.choice(
        (None, name + "-v1", "x-" + name, name.replace("-", "_"), "authorization", "signature", "cookie")
    )
    return request(told, "signature elsewhere", headers=headers | ({other: told.headers[name]} if other else {}))


def _with_signature(told: Signed, name: str, text: str, how: str) -> Request:
    return request(told, how, headers={**told.headers, name: _SIGNATURE.sub(lambda _: text, told.headers[name])})


def another_secret(random: Random, told: Signed) -> Request:
    """Signed well, with a secret that is none of this producer's."""
    strangers = [key for name, keys in WEBHOOK_SECRETS.items() if name != told.producer for key in keys]
    made_up = ["whsec_" + base64.b64encode(random.randbytes(24)).decode(), random.randbytes(9).hex(), "secret", "null"]
    secret = random.choice(made_up if told.producer == "native" else [*strangers, *made_up]).removeprefix("token=")
    return request(signed(told.producer, told.body, told.event_id, told.kind, secret), "another secret")


def another_producer(random: Random, told: Signed) -> Request:
    """Proven as another producer's, with its secret or with this one's."""
    other = random.choice([each for each in PRODUCERS if each != told.producer])
    secret = random.choice((WEBHOOK_SECRETS[other][0], WEBHOOK_SECRETS[told.producer][0]))
    if other == "native":
        secret = WEBHOOK_SECRETS[other][0]
    proven = signed(other, told.body, told.event_id, told.kind, secret)
    return request(replace(proven, producer=told.producer), "another producer's proof")


def another_address(random: Random, told: Signed) -> Request:
    """Proven, and sent where somebody else's requests belong, or nobody's."""
    others = [each for each in PRODUCERS if each != told.producer]
    name = random.choice([*others, *_STRANGERS])
    target = PATHS[told.kind].format(name).replace(" ", "%20").encode("utf-8")
    return replace(request(told, "another address"), target=target)


# --- moments, methods, tokens


def another_time(random: Random, told: Signed) -> Request:
    """Signed long ago, or long before its time; or with a time that was not the one that was signed."""
    if told.producer not in _TIMED:
        return another_secret(random, told)
    now = datetime.now(UTC)
    away = timedelta(seconds=random.choice((-1, 1)) * random.choice((310, 400, 3600, 86_400, 10**7, 10**8)))
    if random.random() < 0.6:
        return request(signed(told.producer, told.body, told.event_id, told.kind, at=now + away), "signed long ago")
    stamp = str(int(now.timestamp()) - random.randint(2, 200))
    told_time = random.choice(
        (stamp, "+" + stamp, stamp + ".0", "0x1", "1e9", "-1", "NaN", "9" * 12, "9" * 400, "\u0661")
    )
    headers = {name: re.sub(r"\b\d{10}\b", told_time, value) for name, value in told.headers.items()}
    return request(told, "another time", headers=headers)


def another_id(random: Random, told: Signed) -> Request:
    """Standard Webhooks sign the id, too."""
    if told.producer != "native":
        return another_signature(random, told)
    return request(
        told, "another id", headers={**told.headers, "webhook-id": random.choice(("", "x", "evt-2", "." * 90))}
    )


def another_method(random: Random, told: Signed) -> Request:
    """Proven, but nothing is sent that way."""
    return replace(request(told, "another method"), method=random.choice(_METHODS))


def too_large(random: Random, told: Signed) -> Request:
    """Proven, and over the limit of a mebibyte."""
    if random.random() > 0.05:
        return another_body(random, told)
    body = told.body + b" " * 1024 * 1024
    return request(signed(told.producer, body, told.event_id, told.kind), "too large")


def report_without_right(random: Random, told: Signed) -> Request:
    """The shop's own address, with tokens that are none."""
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


def a_token_of_its_own(random: Random, told: Signed) -> Request:
    """Shippo's weaker proof, with a token that is none."""
    token = random.choice(("", "123ab", "123abcd", "token=123abc", "123ABC", "%00", "123abc%00", "*", "x" * 4000, "[]"))
    path = PATHS[told.kind].format("shippo") + f"?token={token}"
    return Request(b"POST", path.encode(), ((b"Content-Type", b"application/json"),), told.body, ("another token",))


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
