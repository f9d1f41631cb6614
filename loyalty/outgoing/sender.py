"""Reaching an endpoint: its name is looked up once for a connection, and the connection goes to what was checked.

httpcore is what httpx is made of. It lets us make the connections ourselves, and does nothing else: it follows no
redirect, reads no proxy from the environment and keeps no cookie.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpcore

from db.limits import EVENT_ATTEMPT_SECONDS
from loyalty.outgoing.addresses import Reach, check_addresses, read_url

Lookup = Callable[[str, int], list[str]]

MOST_BYTES = 64 * 1024
_THREADS = 32
_OTHERS_AFTER = 3.0
_TROUBLE = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)


class NotReached(Exception):
    """No answer came; the sentence says why."""


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name, in the order in which the system would try them; none where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (socket.gaierror, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class Resolver:
    """Looks names up, each once at a time in a thread: a name server that hangs keeps one thread, not all."""

    lookup: Lookup = look_up
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "outgoing-names"))
    _asking: "dict[tuple[str, int], asyncio.Future[list[str]]]" = field(default_factory=dict)

    async def addresses(self, host: str, port: int) -> list[str]:
        """A name's addresses as of now."""
        asking = self._asking.get((host, port))
        if asking is None:
            asking = asyncio.get_running_loop().run_in_executor(self._threads, self.lookup, host, port)
            self._asking[host, port] = asking
            asking.add_done_callback(lambda _: self._asking.pop((host, port), None))
        return await asyncio.shield(asking)

    def close(self) -> None:
        """Lets its threads end, waiting for none."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that were checked; the name itself is never handed on, so nothing that answers
    differently the second time (DNS rebinding) is asked a second time. TLS still asks for the name's certificate."""

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
        """Connects to the first address that takes it within three seconds, or to the last.

        Raises ForbiddenAddress before anything is sent.
        """
        addresses = await self._resolver.addresses(host, port)
        check_addresses(host, addresses, self._reach)
        for address in addresses[:-1]:
            try:
                return await self._plain.connect_tcp(address, port, _OTHERS_AFTER, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


class Sender:
    """Posts bodies to endpoints. `lookup` and `trusted` are the system's unless somebody has others; `seconds` is how
    long an attempt may take in all."""

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
        """The address in its normal form. Raises ForbiddenAddress where nothing may be sent."""
        read = read_url(url, self.reach)
        host = read.raw_host.decode("ascii")
        check_addresses(host, await self._resolver.addresses(host, 443), self.reach)
        return str(read)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Sends a body and gives the status of the answer; its content does not matter, and is not kept.

        Raises ForbiddenAddress, and NotReached where no answer came in time.
        """
        read_url(url, self.reach)
        statuses: list[int] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._exchange(url, headers, body, statuses)
        except (TimeoutError, *_TROUBLE) as error:
            if not statuses:
                raise NotReached(self._why(error)) from error
        return statuses[0]

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes, statuses: list[int]) -> None:
        """Adds the status as soon as it is there: what becomes of the answer's body after that is all the same."""
        named = list(headers.items())
        async with self._pool.stream("POST", url, headers=named, content=body) as response:
            statuses.append(response.status)
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > MOST_BYTES:
                    return

    async def close(self) -> None:
        """Closes what is open."""
        await self._pool.aclose()
        self._resolver.close()

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            return f"No answer came within {self._seconds:g} s."
        return f"The connection failed: {str(error) or type(error).__name__}."
