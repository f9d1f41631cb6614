"""Payers: a client cannot pay as another one, or as many."""

import pytest
from starlette.requests import Request

from api.payers import address_of, payer_of
from loyalty.callers import Caller


def request_from(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    client = (peer, 40_000) if peer is not None else None
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "203.0.113.7", [], "203.0.113.7"),
        (0, "203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        (1, "10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        (1, "10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (1, "10.0.0.1", ["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        (2, "10.0.0.1", ["6.6.6.6, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (2, "10.0.0.1", ["6.6.6.6"], "10.0.0.1"),
        (1, "10.0.0.1", [], "10.0.0.1"),
        (1, "10.0.0.1", ["nonsense"], "unknown"),
        (1, "10.0.0.1", ["203.0.113.7:40000"], "203.0.113.7"),
        (1, "10.0.0.1", ["[2001:db8:1:2::1]:40000"], "2001:db8:1:2::"),
        (1, "10.0.0.1", ["[2001:db8:1:2::1]"], "2001:db8:1:2::"),
        (0, None, [], "unknown"),
        (0, "::ffff:203.0.113.7", [], "203.0.113.7"),
    ],
)
def test_only_entries_of_our_own_proxies_are_trusted(
    proxies: int, peer: str | None, forwarded: list[str], address: str
):
    assert address_of(request_from(peer, *forwarded), proxies) == address


def test_an_ipv6_subscriber_is_one_however_many_addresses_it_uses():
    first, second, neighbour = "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"
    assert address_of(request_from(first), 0) == address_of(request_from(second), 0)
    assert address_of(request_from(first), 0) != address_of(request_from(neighbour), 0)


def test_members_services_and_unauthenticated_clients_never_share_a_budget():
    callers = [Caller("mi-1"), Caller("mi-1", frozenset({"storefront"}), is_service=True), Caller(problem="expired")]
    assert len({payer_of(caller, "mi-1").key for caller in callers}) == 3
