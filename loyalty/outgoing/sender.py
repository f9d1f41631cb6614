"""Sends a body to an endpoint. Its name is looked up once a connection, and the connection goes to a checked address.

httpcore, on which httpx is built, lets us make the connections ourselves, and does nothing else: it follows no
redirect, reads no proxy from the environment and stores no cookie.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpcore

from db.limits import EVENT_ATTEMPT_SECONDS
from loyalty.outgoing.addresses import Reach, check_addresses, endpoint_url

Lookup = Callable[[str, int], list[str]]

MOST_BYTES = 64 * 1024
_THREADS = 32
_NEXT_ADDRESS_AFTER = 3.0
_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)


class NotReached(Exception):
    """No answer came; the sentence gives the reason."""


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name, in the order in which the system would try them; empty if it has none."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (socket.gaierror, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in entries))


@dataclass(slots=True)
class Resolver:
    """Looks up names in threads, each name once at a time: a name server that hangs blocks one thread, not all."""

    lookup: Lookup = look_up
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "outgoing-names"))
    _lookups: "dict[tuple[str, int], asyncio.Future[list[str]]]" = field(default_factory=dict)

    async def addresses(self, host: str, port: int) -> list[str]:
        """A name's addresses as of now."""
        lookup = self._lookups.get((host, port))
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._threads, self.lookup, host, port)
            self._lookups[host, port] = lookup
            lookup.add_done_callback(lambda _: self._lookups.pop((host, port), None))
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Ends its threads without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only. TLS still verifies the certificate of the name.

    The name is looked up once and never passed on, so a second lookup cannot give another address (DNS rebinding).
    """

    def __init__(self, resolver: Resolver, reach: Reach) -> None:
        self._resolver, self._reach = resolver, reach
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore names its arguments
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first address that accepts within three seconds, else to the last.

        Raises ForbiddenAddress before anything is sent, and httpcore's errors of the last address.
        """
        addresses = await self._resolver.addresses(host, port)
        check_addresses(host, addresses, self._reach)
        for address in addresses[:-1]:
            try:
                return await self._plain.connect_tcp(address, port, _NEXT_ADDRESS_AFTER, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


class Sender:
    """Posts bodies to endpoints. By default `lookup` and the `trusted` certificates are the system's; `seconds` is the
    limit of a whole attempt."""

    def __init__(
        self,
        reach: Reach,
        lookup: Lookup = look_up,
        trusted: ssl.SSLContext | None = None,
        seconds: float = EVENT_ATTEMPT_SECONDS,
    ) -> None:
        self.reach, self._seconds = reach, seconds
        self._resolver = Resolver(lookup)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted,
            max_connections=None,
            keepalive_expiry=5.0,
            network_backend=CheckedBackend(self._resolver, reach),
        )

    async def check(self, url: str) -> str:
        """The address in its normal form; its name is looked up. Raises ForbiddenAddress if nothing may be sent."""
        read = endpoint_url(url, self.reach)
        host = read.raw_host.decode("ascii")
        check_addresses(host, await self._resolver.addresses(host, 443), self.reach)
        return str(read)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Sends a body and returns the status of the answer. The answer's content is read up to 64 KiB and ignored.

        Raises ForbiddenAddress, and NotReached if no answer came in time.
        """
        endpoint_url(url, self.reach)
        statuses: list[int] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._exchange(url, headers, body, statuses)
        except (TimeoutError, *_FAILURES) as error:
            if not statuses:
                raise NotReached(self._why(error)) from error
        return statuses[0]

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes, statuses: list[int]) -> None:
        """Adds the status as soon as it has arrived, because a failure in the answer's body must not lose it."""
        named = list(headers.items())
        async with self._pool.stream("POST", url, headers=named, content=body) as response:
            statuses.append(response.status)
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > MOST_BYTES:
                    return

    async def close(self) -> None:
        """Closes all connections and the resolver."""
        await self._pool.aclose()
        self._resolver.close()

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            return f"No answer came within {self._seconds:g} s."
        return f"The connection failed: {str(error) or type(error).__name__}."
