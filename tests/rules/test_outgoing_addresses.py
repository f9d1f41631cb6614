"""Where events may go: an SSRF table of addresses in every disguise."""

import pytest

from loyalty.outgoing.addresses import ForbiddenAddress, Reach, check_addresses, endpoint_url, is_public

SANDBOX = Reach(allows_http=True)
AT_HOME = Reach(allows_http=True, allows_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:c0a8:101::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_no_event_goes_to_an_address_that_is_not_public(address: str):
    assert not is_public(address)
    with pytest.raises(ForbiddenAddress, match="MIPOINTS_OUTGOING_ALLOW_PRIVATE"):
        check_addresses("receiver.example", ["93.184.215.14", address], SANDBOX)
    check_addresses("receiver.example", [address], AT_HOME)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "1.1.1.1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::",
        "172.32.0.1",
    ],
)
def test_events_go_to_public_addresses(address: str):
    assert is_public(address)
    check_addresses("receiver.example", [address], Reach())


def test_a_name_without_an_address_is_refused_wherever():
    with pytest.raises(ForbiddenAddress, match=r"receiver\.example has no address"):
        check_addresses("receiver.example", [], AT_HOME)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://receiver.example/", "begins with https"),
        ("ftp://receiver.example/", "begins with https"),
        ("file:///etc/passwd", "whole web address"),
        ("gopher://receiver.example/", "begins with https"),
        ("//receiver.example/", "begins with https"),
        ("receiver.example", "whole web address"),
        ("", "whole web address"),
        ("https://", "whole web address"),
        ("https://user@receiver.example/", "user or password"),
        ("https://user:secret@receiver.example/", "user or password"),
        ("https://receiver.example/#part", "with a #"),
        ("https://receiver.example:22/", "Port 22"),
        ("https://receiver.example:6379/", "Port 6379"),
        ("https://receiver.example:99999/", "no web address|Port"),
        ("https://receiver.example/" + "a" * 2000, "at most 2000"),
        ("https://receiver.example/\r\nHost: other", "no web address"),
        ("https://[::1/", "no web address"),
    ],
)
def test_an_endpoint_is_a_plain_https_address(url: str, sentence: str):
    with pytest.raises(ForbiddenAddress, match=sentence):
        endpoint_url(url, Reach())


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("https://receiver.example/hooks?token=1", Reach()),
        ("https://receiver.example:8443/", Reach()),
        ("http://receiver.example:8080/", SANDBOX),
        ("http://127.0.0.1:39999/", AT_HOME),
    ],
)
def test_a_valid_endpoint_is_stored_unchanged(url: str, reach: Reach):
    assert str(endpoint_url(url, reach)) == url


def test_a_name_in_another_script_is_stored_in_its_ascii_form():
    assert str(endpoint_url("https://bücher.example/ü", Reach())) == "https://xn--bcher-kva.example/%C3%BC"
