"""Any rejected ping is answered with findings, and none of them reveals a right signature."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.diagnosis import diagnose, quick_look
from loyalty.webhooks.producers.events import Sent
from loyalty.webhooks.producers.forms import (
    BASE64,
    BASE64_OF_HEX,
    HEX,
    UPPER_HEX,
    URL_BASE64,
    encoded_digest,
    signatures_written_in,
)
from loyalty.webhooks.producers.proof import proof_of
from tests.support.samples import samples
from tests.support.stage import WEBHOOK_SECRETS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DIGEST = bytes(range(200, 232))
NAMES = sorted({name for each in samples() for name in each.sent.headers} | {"x-hmac-signature-v2", "x-timestamp"})
PIECES = st.sampled_from(["v1,", "t=1764072000", "1764072000", ",v1=", "hmac-sha256-hex=", " ", "msg", DIGEST.hex()])
VALUES = st.lists(PIECES | st.text(max_size=20), max_size=4).map("".join)


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
@given(
    headers=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
    body=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
)
@settings(max_examples=150, deadline=None)
def test_any_rejected_ping_has_a_finding_and_no_right_signature(producer: str, headers: dict[str, str], body: bytes):
    adapter, secrets = PRODUCERS[producer], WEBHOOK_SECRETS[producer]
    sent = Sent(headers, body)
    refusal = quick_look(adapter, secrets, sent, NOW).refusal
    assert refusal is not None
    pinged = diagnose(adapter, secrets, sent, refusal, NOW)
    assert pinged.findings
    assert pinged.secret_number is None
    right = adapter.sign(secrets[0], body, headers.get("webhook-id", ""), NOW)
    assert not any(len(value) > 40 and value in repr(pinged) for value in right.values())


@pytest.mark.parametrize("encoding", [HEX, UPPER_HEX, BASE64, URL_BASE64, BASE64_OF_HEX])
@pytest.mark.parametrize("around", ["{}", "v1,{}", "t=1764072000,v1={}", "sha256={}", "v2,x v1,{} v1a,y"])
def test_a_signature_is_found_in_any_encoding_and_any_surrounding(encoding: str, around: str):
    [written] = signatures_written_in(around.format(encoded_digest(DIGEST, encoding)))
    assert (written.digest, written.encoding) == (DIGEST, encoding)


@pytest.mark.parametrize(
    ("producer", "needed", "time_header", "key", "content"),
    [
        ("native", ("webhook-id", "webhook-timestamp", "webhook-signature"), "webhook-timestamp",
         "the bytes that base64 after whsec_ stands for", "`id.timestamp.body`"),
        ("easypost", ("x-hmac-signature",), None,
         "the secret's text in Unicode's form NFKD", "the body alone"),
        ("aftership", ("aftership-hmac-sha256",), None, "the secret's text", "the body alone"),
        ("shippo", ("shippo-auth-signature",), "shippo-auth-signature", "the secret's text", "`timestamp.body`"),
        ("sendcloud", ("sendcloud-signature",), None, "the secret's text", "the body alone"),
        ("shopify", ("x-shopify-hmac-sha256",), None, "the secret's text", "the body alone"),
    ],
)  # fmt: skip
def test_letting_a_producer_sign_shows_how_it_proves_its_bodies(
    producer: str, needed: tuple[str, ...], time_header: str | None, key: str, content: str
):
    proof = proof_of(PRODUCERS[producer], WEBHOOK_SECRETS[producer][0], b'{"event": 1}')
    assert proof is not None
    assert (proof.needed, proof.time_header) == (needed, time_header)
    assert proof.key_and_content("msg-1", NOW) == (key, content)
    assert proof.example.count("<") == (2 if time_header == proof.signature else 1)


def test_a_token_in_an_address_signs_nothing():
    assert proof_of(PRODUCERS["shippo"], "token=123abc", b"{}") is None


@pytest.mark.parametrize(
    ("signed", "received"),
    [
        (b'{"weight":136.0,"ids":[7,8]}', b'{"weight":136,"ids":[7,8]}'),
        (b'{"ids":[7,8],"weight":136.0}', b'{"ids":[7,8],"weight":136}'),
        (b'{"a":1.0,"b":2.0}', b'{"a":1,"b":2}'),
        (b'{"weight":136}', b'{"weight":136.0}'),
        (b'{"weight":1.5}', b'{"weight":1.50}'),
        (b'{"weight": 136.0, "name": "a 1"}', b'{"weight": 136, "name": "a 1"}'),
        (b'{"a":1,"b":{"c":2,"d":3}}', b'{"b":{"d":3,"c":2},"a":1}'),
        (b'{"url":"https:\\/\\/mi.com"}', b'{"url":"https://mi.com"}'),
        (b'{"name":"a\\u0026b"}', b'{"name":"a&b"}'),
        ('{"name":"Ñandú"}'.encode(), b'{"name":"\\u00d1and\\u00fa"}'),
        ('{"name":"Ñandú"}'.encode("latin-1"), '{"name":"Ñandú"}'.encode()),
        ('{"name":"N\u0303"}'.encode(), '{"name":"\u00d1"}'.encode()),
        (b'{"a": 1}\r\n', b'{"a": 1}\n'),
    ],
)
@pytest.mark.parametrize("producer", ["easypost", "shopify"])
def test_a_body_that_was_written_anew_is_recognised(producer: str, signed: bytes, received: bytes):
    adapter, secrets = PRODUCERS[producer], WEBHOOK_SECRETS[producer]
    sent = Sent({name.lower(): value for name, value in adapter.sign(secrets[0], signed, "e-1", NOW).items()}, received)
    refusal = quick_look(adapter, secrets, sent, NOW).refusal
    assert refusal is not None
    (found,) = diagnose(adapter, secrets, sent, refusal, NOW).findings
    assert (found.code, "sign the very bytes that are sent" in found.sentence) == ("BODY_CHANGED", True)
