"""Where events may be sent: by https to public addresses, so that no endpoint can reach internal services (SSRF)."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from loyalty.settings import Settings

LONGEST_ADDRESS = 2000
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL = [
    ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "2001::/23", "3fff::/20", "5f00::/16")
]
"""Networks for protocols, relays, documentation and the like, which some versions of Python call global."""


class ForbiddenAddress(Exception):
    """An address that nothing is sent to. The sentence gives the reason, and the setting that allows it, if any."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be sent to. http is for sandboxes; private addresses, on any port, need a setting."""

    allows_http: bool = False
    allows_private: bool = False

    @property
    def ports(self) -> frozenset[int]:
        """The ports that may be used at public addresses."""
        return frozenset((443, 8443, 80, 8080) if self.allows_http else (443, 8443))


def reach_of(settings: Settings) -> Reach:
    """http in sandboxes only; private addresses only if the setting allows them, in a sandbox too."""
    return Reach(allows_http=settings.sandbox, allows_private=settings.outgoing_allow_private)


def endpoint_url(text: str, reach: Reach) -> httpx.URL:
    """An endpoint's address in its normal form. Raises ForbiddenAddress if nothing is ever sent there."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ForbiddenAddress("This is no web address.") from error
    if not url.host or len(text) > LONGEST_ADDRESS:
        raise ForbiddenAddress(f"An endpoint is a whole web address of at most {LONGEST_ADDRESS} characters.")
    if url.scheme != "https" and not (url.scheme == "http" and reach.allows_http):
        raise ForbiddenAddress("An endpoint's address begins with https://; http:// is for sandboxes.")
    if url.userinfo:
        raise ForbiddenAddress("An address with a user or password in it is not used: events are signed instead.")
    if url.fragment:
        raise ForbiddenAddress("An address with a # in it is not used: what follows it is never sent.")
    if port_of(url) not in reach.ports and not reach.allows_private:
        allowed = ", ".join(map(str, sorted(reach.ports)))
        raise ForbiddenAddress(f"Port {port_of(url)} is not used: an endpoint listens on one of {allowed}.")
    return url


def port_of(url: httpx.URL) -> int:
    """The port of the connection: the address's own, or the default of its scheme."""
    return url.port or (443 if url.scheme == "https" else 80)


def check_addresses(host: str, addresses: Sequence[str], reach: Reach) -> None:
    """Raises ForbiddenAddress unless we may connect to every address of the name: a single private one forbids it."""
    if not addresses:
        raise ForbiddenAddress(f"{host} has no address.")
    if not reach.allows_private and not all(is_public(address) for address in addresses):
        raise ForbiddenAddress(
            f"{host} is or leads to an address that is not public; MIPOINTS_OUTGOING_ALLOW_PRIVATE=on allows that."
        )


def is_public(address: str) -> bool:
    """Whether the address belongs to the public internet: neither private, local, shared, reserved nor multicast.

    An IPv4 address inside an IPv6 one is judged as the IPv4 address.
    """
    ip = ip_address(address)
    plain = ip if isinstance(ip, IPv4Address) else _inside(ip) or ip
    if any(plain in network for network in _SPECIAL):
        return False
    return plain.is_global and not (
        plain.is_multicast or plain.is_reserved or plain.is_loopback or plain.is_link_local or plain.is_unspecified
    )


def _inside(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, or behind NAT64."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
