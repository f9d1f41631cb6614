"""A real server accepts heads up to a limit, whatever else is sent."""

from itertools import chain, repeat

from tests.support.processes import answering, environment, serving
from tests.support.raw_http import sent_raw

START = b"POST /webhooks/native HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n"
ENDLESS = {
    "one long header": chain([START, b"X-Long: "], repeat(b"a" * 10_000, 5_000)),
    "many headers": chain([START], (b"X-%d: %s\r\n" % (n, b"a" * 900) for n in range(50_000))),
}
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


async def test_an_endless_head_closes_its_connection_and_a_large_one_is_read():
    with serving(environment(NOWHERE)) as server:
        await answering(server, "/healthz")
        for pieces in ENDLESS.values():
            ended = await sent_raw(server.url, pieces)
            assert ended.status in (431, 0)
            assert ended.sent < 20_000_000
        large = chain([START], (b"X-%d: %s\r\n" % (n, b"a" * 500) for n in range(100)), [b"\r\n{}"])
        assert (await sent_raw(server.url, large)).status == 401
        body = b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
        assert (await sent_raw(server.url, [START.replace(b"Content-Length: 2\r\n", b"") + body])).status == 401
