"""Honest requests with another body, signature or secret: no active secret proves what is sent."""

import base64
import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from loyalty.webhooks.producers import PRODUCERS
from tests.support.hostile.honest import Signed, signed
from tests.support.hostile.wire import Headers, Request
from tests.support.stage import WEBHOOK_SECRETS

_SIGNATURE = re.compile(r"[0-9a-f]{64}|[0-9A-Za-z+/]{43}=")


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
