"""Connections go to the checked address, even if the name changes, and verify the name's certificate."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response

from db.pool import Database
from loyalty.outgoing.addresses import ForbiddenAddress, Reach
from loyalty.outgoing.courier import Courier
from loyalty.outgoing.endpoints import add_endpoint
from loyalty.outgoing.events import TYPES
from loyalty.outgoing.sender import NotReached, Sender, look_up
from tests.support.drain import send_all
from tests.support.receiver import AT_HOME, Receiver, receiving, rows, trusting
from tests.support.stage import Stage

SANDBOX = Reach(allows_http=True)
PUBLIC = "93.184.215.14"


def certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


class Names:
    """A name server that gives each answer once, and the last one again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.lookups = list(answers), 0

    def look_up(self, _host: str, _port: int) -> list[str]:
        self.lookups += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_forbidden_in_every_spelling_when_adding_and_when_sending(host: str):
    sender = Sender(SANDBOX)
    with pytest.raises(ForbiddenAddress, match=r"not public|has no address|no web address"):
        await sender.check(f"http://{host}:8080/")
    with pytest.raises(ForbiddenAddress, match=r"not public|has no address|no web address"):
        await sender.post(f"http://{host}:8080/", {}, b"")
    await sender.close()


def test_names_are_looked_up_by_the_system():
    assert all(ip_address(address).is_loopback for address in look_up("localhost", 80))
    assert look_up("no-such-name.invalid", 80) == look_up("a" * 70 + ".example", 80) == []


async def test_a_name_with_a_private_address_is_forbidden_even_if_it_has_a_public_one_too(receiver: Receiver):
    for addresses in (["127.0.0.1"], [PUBLIC, "127.0.0.1"], [PUBLIC, "10.1.2.3"], ["::ffff:127.0.0.1"]):
        sender = Sender(Reach(allows_http=True), Names(addresses).look_up)
        with pytest.raises(ForbiddenAddress):
            await sender.check("http://receiver.example:8080/")
        with pytest.raises(ForbiddenAddress):
            await sender.post("http://receiver.example:8080/hooks", {}, b"")
        await sender.close()
    assert receiver.got == []


async def test_a_name_is_looked_up_once_a_connection_even_if_it_changes(receiver: Receiver):
    """DNS rebinding: public when added, then private. Each connection looks up once and goes to a checked address."""
    names = Names([PUBLIC], ["127.0.0.1"])
    sender = Sender(SANDBOX, names.look_up)
    await sender.check("http://receiver.example:8080/hooks")
    with pytest.raises(ForbiddenAddress):
        await sender.post("http://receiver.example:8080/hooks", {}, b"")
    assert names.lookups == 2
    await sender.close()

    names = Names(["127.0.0.1"], ["192.0.2.1"])
    sender = Sender(AT_HOME, names.look_up)
    url = receiver.url.replace("127.0.0.1", "receiver.example")
    assert await sender.post(url, {"webhook-id": "1"}, b"{}") == 204
    assert await sender.post(url, {"webhook-id": "2"}, b"{}") == 204, "the connection stays open, with its address"
    assert names.lookups == 1
    assert receiver.got[0].headers["host"] == url.split("/")[2]
    await sender.close()


async def test_an_address_that_does_not_answer_is_followed_by_the_next(receiver: Receiver):
    sender = Sender(AT_HOME, Names(["127.0.0.9", "127.0.0.1"]).look_up)
    assert await sender.post(receiver.url.replace("127.0.0.1", "receiver.example"), {}, b"{}") == 204
    await sender.close()


async def test_a_redirect_to_a_private_address_is_not_followed(receiver: Receiver):
    async def inside(_: Request) -> Response:
        return Response(status_code=307, headers={"location": "http://169.254.169.254/latest/meta-data/"})

    receiver.reply = inside
    sender = Sender(AT_HOME)
    assert await sender.post(receiver.url, {}, b"{}") == 307
    assert len(receiver.got) == 1
    await sender.close()


async def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    sender = Sender(AT_HOME)
    assert await sender.post(receiver.url, {}, b"{}") == 204
    await sender.close()


async def test_tls_verifies_the_names_certificate_though_the_connection_goes_to_an_address(tmp_path: Path):
    certificate, key = certificate_for("receiver.example", tmp_path)
    async with receiving(certificate, key) as receiver:
        port = receiver.url.split(":")[2]
        trusted = Sender(AT_HOME, Names(["127.0.0.1"]).look_up, trusting(certificate))
        assert await trusted.post(f"https://receiver.example:{port}", {}, b"{}") == 204
        with pytest.raises(NotReached, match="certificate"):
            await trusted.post(f"https://other.example:{port}", {}, b"{}")
        await trusted.close()
        suspicious = Sender(AT_HOME, Names(["127.0.0.1"]).look_up, ssl.create_default_context())
        with pytest.raises(NotReached, match="certificate"):
            await suspicious.post(f"https://receiver.example:{port}", {}, b"{}")
        await suspicious.close()
        assert len(receiver.got) == 1


async def test_an_endpoint_that_is_forbidden_by_now_fails_and_nothing_is_sent(
    stage: Stage, receiver: Receiver, db: Database
):
    """It was added while private addresses were allowed; the setting is checked at each attempt."""
    await receiver.joins(db)
    await stage.register()
    await stage.advance(minutes=5)
    strict = Courier(db, Sender(SANDBOX))
    await send_all(strict)
    await strict.close()
    assert await rows(stage.owner) == [("WAITING", 1)]
    assert "Port" in await stage.owner.fetchval("select error from outgoing")
    assert receiver.got == []


async def test_an_endpoint_at_a_private_address_is_not_added(stage: Stage, db: Database):
    sender = Sender(SANDBOX)
    with pytest.raises(ForbiddenAddress):
        await add_endpoint(db, sender, "http://localhost:8080/", TYPES, "olga")
    assert await stage.owner.fetchval("select count(*) from endpoints") == 0
    await sender.close()
