"""The payer of an operation: a member, a service, or the address of an unauthenticated client."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

from loyalty.callers import Caller

MEMBER = "member"
SERVICE = "service"
STRANGER = "stranger"
"""An unauthenticated client; its budget is MIPOINTS_GRAPHQL_STRANGER_BUDGET."""
_ONE_SUBSCRIBER = 64
"""A household or machine has all IPv6 addresses that share this many leading bits."""


@dataclass(frozen=True, slots=True)
class Payer:
    """The owner of a budget."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        """A key that no other payer has."""
        return f"{self.kind}:{self.name}"


def payer_of(caller: Caller, address: str) -> Payer:
    """The payer for a caller. A caller whose token was rejected pays as an unauthenticated client."""
    if caller.name is None:
        return Payer(STRANGER, address)
    return Payer(MEMBER if caller.is_member else SERVICE, caller.name)


def address_of(connection: HTTPConnection, proxies: int) -> str:
    """The client's address, or "unknown". Of X-Forwarded-For we trust only the entries that our own `proxies` wrote;
    the client can invent all others.
    """
    peer = connection.client.host if connection.client else ""
    hops = [each.strip() for line in connection.headers.getlist("x-forwarded-for") for each in line.split(",")]
    return subscriber(_forwarded(hops, proxies) or peer)


def _forwarded(hops: Sequence[str], proxies: int) -> str | None:
    """The address that the outermost of our proxies saw; None if there are fewer entries than proxies."""
    return hops[-proxies] if 0 < proxies <= len(hops) else None


def _without_port(address: str) -> str:
    """The address alone: some proxies write `203.0.113.7:40000` and `[2001:db8::1]:40000`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def subscriber(address: str) -> str:
    """The part of an address that identifies a subscriber: an IPv6 address without the bits it can choose freely."""
    try:
        ip = ip_address(_without_port(address))
    except ValueError:
        return "unknown"
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(IPv6Address(int(ip) >> _ONE_SUBSCRIBER << _ONE_SUBSCRIBER))
