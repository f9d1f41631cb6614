"""Oddities of a request besides its signature: framing, headers, addresses, and bytes that are not HTTP."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.support.hostile.wire import Request

Oddity = Callable[[Random, Request], Request]

_HEADERS = (
    (b"Content-Encoding", b"gzip"),
    (b"Content-Type", b"application/json; charset=utf-16"),
    (b"Content-Type", b"multipart/form-data"),
    (b"Content-Type", b""),
    (b"content-type", b"\xff\xfe\x80"),
    (b"webhook-id", b"evt-other"),
    (b"webhook-signature", b"v1,AAAA"),
    (b"Webhook-Timestamp", b"0"),
    (b"X-Hmac-Signature-V2", b"hmac-sha256-hex=00"),
    (b"X-Timestamp", b"Tue, 19 Aug 2025 20:37:09 -0000"),
    (b"aftership-hmac-sha256", b"AAAA"),
    (b"Sendcloud-Signature", b"\xe9" * 64),
    (b"Shippo-Auth-Signature", b"t=,v1="),
    (b"X-Shopify-Topic", b"refunds/create"),
    (b"X-Shopify-Topic", b"\xff" * 300),
    (b"X-Shopify-Hmac-SHA256", b""),
    (b"X-Shopify-Test", b"true"),
    (b"Authorization", b"Bearer a.b.c"),
    (b"Cookie", b"a=" + b"b" * 5000),
    (b"X-Forwarded-For", b"127.0.0.1"),
    (b"X-HTTP-Method-Override", b"POST"),
    (b"X-Original-URL", b"/reconciliation"),
    (b"Upgrade", b"websocket"),
    (b"Accept", b"*/*;q=" + b"9" * 400),
    (b"If-None-Match", b"*"),
    (b"Range", b"bytes=0-0,-1"),
    (b"Date", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    (b"X" * 500, b"y"),
)
_BROKEN_HEADERS = (
    (b"Bad Name", b"x"),
    (b"", b"no name"),
    (b"NUL", b"a\0b"),
    (b"Folded", b"a\r\n b"),
    (b"Line\nFeed", b"x"),
    (b"Control", b"\x01\x02\x7f"),
    (b"Transfer-Encoding", b"gzip, chunked"),
    (b"Transfer-Encoding", b"\x0bchunked"),
    (b"Transfer-Encoding", b"identity"),
    (b"Content-Length", b"0"),
    (b"Content-Length", b"-1"),
    (b"Content-Length", b"+5"),
    (b"Content-Length", b"0x10"),
    (b"Content-Length", b"1e3"),
    (b"Content-Length", b"5, 5"),
    (b"Content-Length", b"9" * 30),
    (b"Content-Length", b"3"),
    (b"Content-Length", b"1000000"),
    (b"Content-Length", b"\xb2"),
    (b"Expect", b"100-continue"),
    (b"Expect", b"200-ok"),
    (b"Connection", b"upgrade"),
    (b"Host", b"["),
    (b"Host", b"a b"),
    (b"Host", b"\xff"),
    (b"Host", b""),
)
_QUERIES = (
    b"?",
    b"?token=",
    b"?a=%ff%zz",
    b"?" + b"&" * 900,
    b"?x=" + b"y" * 6000,
    b"?token=1&token=2",
    b"#part",
    b"??=%00",
)
_TARGETS = (
    b"%s/",
    b"/%s",
    b"%s//",
    b"http://elsewhere.test%s",
    b"%s%%00",
    b"%s/../x",
    b"%s;a=b",
    b"%s/ping/ping",
    b"*",
    b"x",
)
_NO_HTTP = (
    b"",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /webhooks/native\r\n\r\n",
    b"POST /webhooks/native HTTP/9.9\r\n\r\n",
    b"post /webhooks/native HTTP/1.1\r\n\r\n",
    b"GET\r\n\r\n",
    b"POST /webhooks/native HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /webhooks/\xff\xfe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
)


def a_header(random: Random, request: Request) -> Request:
    """Adds a header, before or after the others."""
    return _with(random, request, random.choice(_HEADERS), "odd header")


def a_broken_header(random: Random, request: Request) -> Request:
    """Adds a header that the server may reject, or that gives another length."""
    return replace(_with(random, request, random.choice(_BROKEN_HEADERS), "broken header"), is_broken=True)


def many_headers(random: Random, request: Request) -> Request:
    """Adds very many headers, or a very long one."""
    many = tuple((b"X-%d" % n, b"v" * random.choice((1, 50))) for n in range(random.choice((100, 400))))
    more = random.choice((many, ((b"X-Long", b"v" * 60_000),)))
    return replace(request, headers=(*request.headers, *more), how=(*request.how, "many headers"))


def headers_twice(random: Random, request: Request) -> Request:
    """Sends every header twice, with other capital letters."""
    again = tuple((name.swapcase(), value) for name, value in request.headers)
    return replace(request, headers=(*request.headers, *again), how=(*request.how, "headers twice"))


def in_chunks(random: Random, request: Request) -> Request:
    """Sends the body in chunks, with extensions; sometimes with a length too, or without the last chunk."""
    odd = replace(request, is_chunked=True, how=(*request.how, "chunked"))
    if random.random() < 0.7:
        return odd
    return replace(odd, headers=(*odd.headers, (b"Content-Length", b"5")), is_broken=True)


def another_target(random: Random, request: Request) -> Request:
    """Sends the request to another form of its address, or to a similar address."""
    form = random.choice(_TARGETS)
    return replace(
        request, target=form.replace(b"%s", request.target).replace(b"%%", b"%"), how=(*request.how, "target")
    )


def a_query(random: Random, request: Request) -> Request:
    """Adds a query to the address."""
    return replace(request, target=request.target + random.choice(_QUERIES), how=(*request.how, "query"))


def an_old_version(random: Random, request: Request) -> Request:
    """Uses another version of HTTP."""
    version = random.choice((b"HTTP/1.0", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 x"))
    return replace(request, version=version, is_broken=True, how=(*request.how, "version"))


def cut_short(random: Random, request: Request) -> Request:
    """Closes the connection in the middle of the request."""
    raw = request.written()
    return replace(request, raw=raw[: random.randrange(len(raw))], is_broken=True, how=(*request.how, "cut short"))


def no_http(random: Random, request: Request) -> Request:
    """Sends bytes that are not a request."""
    raw = random.choice((*_NO_HTTP, random.randbytes(random.randint(1, 600))))
    return replace(request, raw=raw, is_broken=True, how=("no HTTP",))


def bytes_flipped(random: Random, request: Request) -> Request:
    """Flips some bits of the head."""
    raw = bytearray(request.written())
    for _ in range(random.randint(1, 4)):
        raw[random.randrange(min(len(raw), 400))] ^= 1 << random.randrange(8)
    return replace(request, raw=bytes(raw), is_broken=True, how=(*request.how, "bits of the head flipped"))


ODDITIES: tuple[Oddity, ...] = (
    a_header,
    a_header,
    a_header,
    a_broken_header,
    many_headers,
    headers_twice,
    in_chunks,
    another_target,
    a_query,
    an_old_version,
)
ENDINGS: tuple[Oddity, ...] = (cut_short, no_http, bytes_flipped)


def made_odd(random: Random, request: Request) -> Request:
    """Adds up to three oddities, and one time in twenty something worse."""
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        request = random.choice(ODDITIES)(random, request)
    return random.choice(ENDINGS)(random, request) if random.random() < 0.05 else request


def _with(random: Random, request: Request, header: tuple[bytes, bytes], how: str) -> Request:
    place = random.randint(0, len(request.headers))
    headers = (*request.headers[:place], header, *request.headers[place:])
    return replace(request, headers=headers, how=(*request.how, how))
