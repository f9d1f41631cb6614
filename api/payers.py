"""Who pays for an operation: a member, a service, or, of strangers, the address they call from."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

from loyalty.callers import Caller

MEMBER = "member"
SERVICE = "service"
STRANGER = "stranger"
_ONE_SUBSCRIBER = 64
"""Bits of an IPv6 address that one household or machine shares: it has all addresses below them."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose budget an operation is taken from."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        """One payer's, and no other's."""
        return f"{self.kind}:{self.name}"


def payer_of(caller: Caller, address: str) -> Payer:
    """Whoever is known pays as that; a token that is not believed makes nobody known."""
    if caller.name is None:
        return Payer(STRANGER, address)
    return Payer(MEMBER if caller.is_member else SERVICE, caller.name)


def address_of(connection: HTTPConnection, proxies: int) -> str:
    """Where a request comes from. Of X-Forwarded-For only what our own `proxies` wrote is believed: the rest of it is
    the caller's to invent."""
    peer = connection.client.host if connection.client else ""
    hops = [each.strip() for line in connection.headers.getlist("x-forwarded-for") for each in line.split(",")]
    return subscriber(_forwarded(hops, proxies) or peer)


def _forwarded(hops: Sequence[str], proxies: int) -> str | None:
    """The address that the outermost of our proxies saw; None where not all of them wrote one."""
    return hops[-proxies] if 0 < proxies <= len(hops) else None


def _without_port(address: str) -> str:
    """Some proxies write `203.0.113.7:40000` and `[2001:db8::1]:40000`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def subscriber(address: str) -> str:
    """An address as one budget has it: IPv6 without what its subscriber chooses freely."""
    try:
        found = ip_address(_without_port(address))
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> _ONE_SUBSCRIBER << _ONE_SUBSCRIBER))
