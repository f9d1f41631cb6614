"""Honest requests with another body, signature or secret, so that no active secret matches the signature."""

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


def request(honest: Signed, *how: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Request:
    """Returns the signed request, with other headers or another body if they are given. `how` names the changes."""
    sent_headers = honest.headers if headers is None else headers
    return Request(b"POST", honest.path.encode(), as_bytes(sent_headers), honest.body if body is None else body, how)


def as_bytes(headers: Mapping[str, str]) -> Headers:
    """Returns headers as bytes."""
    return tuple((name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items())


# --- bodies other than the signed ones


def another_body(random: Random, honest: Signed) -> Request:
    """Sends the old signature with another body."""
    body = honest.body
    while body == honest.body:
        body = _CHANGES[random.randrange(len(_CHANGES))](random, honest.body)
    return request(honest, "body changed", body=body)


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


# --- signatures that do not match the body


def another_signature(random: Random, honest: Signed) -> Request:
    """Changes one character of the signature, among those that encode its first 31 bytes: the last character of base64
    may encode the same bytes after a change."""
    name = next(name for name, value in honest.headers.items() if _SIGNATURE.search(value))
    match = _SIGNATURE.search(honest.headers[name])
    assert match is not None
    text = match[0]
    letters = "0123456789abcdef" if len(text) == 64 else string.ascii_letters + string.digits
    place = random.randrange(41)
    letter = random.choice([each for each in letters if each != text[place]])
    text = text[:place] + letter + text[place + 1 :]
    return _with_signature(honest, name, text, "signature changed")


def no_signature(random: Random, honest: Signed) -> Request:
    """Replaces the signature by something else."""
    name = next(name for name, value in honest.headers.items() if _SIGNATURE.search(value))
    match = _SIGNATURE.search(honest.headers[name])
    assert match is not None
    text, place = match[0], random.randrange(1, 43)
    anything = (
        "", " ", "null", "true", "*", "0" * 64, "=" * 44, text[:place], text[::-1], text + text,
        text[place:] + text[:place], "A" * 5000, "%00" * 20, "\u00e9" * 32, "," * 3000, "v1," * 50,
        base64.b64encode(random.randbytes(32)).decode(),
        random.randbytes(32).hex(), base64.b64encode(honest.body)[:400].decode(),
    )  # fmt: skip
    other = random.choice([each for each in anything if each != text])
    return _with_signature(honest, name, other, "signature replaced")


def signature_elsewhere(random: Random, honest: Signed) -> Request:
    """Moves the right signature to a header that is not read, or removes it."""
    name = next(name for name, value in honest.headers.items() if _SIGNATURE.search(value))
    headers = {each: value for each, value in honest.headers.items() if each != name}
    other = random.choice(
        (None, name + "-v1", "x-" + name, name.replace("-", "_"), "authorization", "signature", "cookie")
    )
    return request(honest, "signature elsewhere", headers=headers | ({other: honest.headers[name]} if other else {}))


def _with_signature(honest: Signed, name: str, text: str, how: str) -> Request:
    return request(honest, how, headers={**honest.headers, name: _SIGNATURE.sub(lambda _: text, honest.headers[name])})


def another_secret(random: Random, honest: Signed) -> Request:
    """Signs correctly, with a secret that this producer does not have."""
    others = [key for name, keys in WEBHOOK_SECRETS.items() if name != honest.producer for key in keys]
    made_up = ["whsec_" + base64.b64encode(random.randbytes(24)).decode(), random.randbytes(9).hex(), "secret", "null"]
    secret = random.choice(made_up if honest.producer == "native" else [*others, *made_up]).removeprefix("token=")
    return request(signed(honest.producer, honest.body, honest.event_id, honest.kind, secret), "another secret")


def another_producer(random: Random, honest: Signed) -> Request:
    """Signs in another producer's way, with its secret or with this producer's."""
    other = random.choice([each for each in PRODUCERS if each != honest.producer])
    secret = random.choice((WEBHOOK_SECRETS[other][0], WEBHOOK_SECRETS[honest.producer][0]))
    if other == "native":
        secret = WEBHOOK_SECRETS[other][0]
    proven = signed(other, honest.body, honest.event_id, honest.kind, secret)
    return request(replace(proven, producer=honest.producer), "another producer's proof")
