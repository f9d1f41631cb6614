"""A producer tests its signature and gets its mistakes, without learning anything secret (issue 4)."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from loyalty.webhooks.producers import PRODUCERS
from mipoints.signing import signed_headers
from tests.support.fresh import Shared
from tests.support.stage import NATIVE_KEY, NATIVE_SECRET, WEBHOOK_SECRETS, Stage, open_stage, signed

BODY = '{"type": "ping", "data": {"name": "Größe", "weight": 1.5}}'.encode()
OVER_THE_BODY = {"easypost", "aftership", "sendcloud", "shopify"}


def headers_of(producer: str, body: bytes = BODY, secret: str | None = None) -> dict[str, str]:
    return signed_headers(producer, secret or WEBHOOK_SECRETS[producer][0], body, "msg-1")


def signature_header(producer: str) -> str:
    """The header that changes with the body."""
    one, other = headers_of(producer), headers_of(producer, BODY + b" ")
    return next(name for name in one if one[name] != other[name] and len(one[name]) > 40)


async def ping(stage: Stage, producer: str, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    """Sends a ping, again while more diagnoses are requested than a second allows."""
    while True:
        answer = await stage.http.post(f"/webhooks/{producer}/ping", content=body, headers=headers)
        if answer.status_code != 429:
            return answer
        await asyncio.sleep(0.2)


async def codes(stage: Stage, producer: str, headers: dict[str, str], body: bytes = BODY) -> list[str]:
    """The codes of the findings."""
    answer = await ping(stage, producer, headers, body)
    assert answer.status_code == 401, answer.text
    assert_reveals_nothing(answer.text, producer, body, headers)
    return [each["code"] for each in answer.json()["findings"]]


def assert_reveals_nothing(text: str, producer: str, body: bytes, headers: dict[str, str]) -> None:
    """No secret, no key, no part of either, and no signature that would be right."""
    for secret in WEBHOOK_SECRETS[producer]:
        for part in (secret, secret.removeprefix("whsec_"), secret.removeprefix("token=")):
            assert part not in text
    for name, value in headers_of(producer, body).items():
        if len(value) > 40 and name not in headers:
            assert value not in text
    right = hmac.new(NATIVE_KEY, body, hashlib.sha256)
    assert right.hexdigest() not in text


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
async def test_a_right_signature_is_verified_and_nothing_is_stored(stage: Stage, producer: str):
    answer = await ping(stage, producer, headers_of(producer))
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["status"], result["secret_number"]) == ("verified", 1)
    assert result["active_secrets"] == len(WEBHOOK_SECRETS[producer])
    if producer in OVER_THE_BODY:
        assert result["seconds_behind_our_clock"] is None
    await stage.rejections.flush()
    for table in ("inbox", "webhook_rejections"):
        assert await stage.owner.fetchval(f"select count(*) from {table}") == 0


async def test_the_time_that_was_signed_is_compared_with_our_clock(stage: Stage):
    answer = await ping(stage, "native", signed(BODY, "msg-1", at=int(time.time()) - 100))
    assert 100 <= answer.json()["seconds_behind_our_clock"] < 110
    assert (await ping(stage, "shippo", headers_of("shippo"))).json()["seconds_behind_our_clock"] < 10


async def test_the_number_of_the_matching_secret_is_reported(shared: Shared, database_url: str):
    other = "whsec_" + base64.b64encode(b"an older key, still active......").decode()
    secrets = {"native": (other, NATIVE_SECRET), "shippo": ("s", "token=abc")}
    async with open_stage(shared, webhook_secrets=secrets) as stage:
        assert (await ping(stage, "native", headers_of("native"))).json()["secret_number"] == 2
        assert (await ping(stage, "native", headers_of("native", secret=other))).json()["secret_number"] == 1
        token = await stage.http.post("/webhooks/shippo/ping?token=abc", content=BODY)
        assert (token.status_code, token.json()["secret_number"]) == (200, 2)
        assert [each["code"] for each in (await ping(stage, "easypost", {})).json()["findings"]] == ["NO_SECRET"]


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
async def test_missing_headers_are_named(stage: Stage, producer: str):
    answer = await ping(stage, producer, {})
    assert answer.status_code == 401
    [finding] = answer.json()["findings"]
    assert finding["code"] == "HEADERS_MISSING"
    assert signature_header(producer) in finding["message"]
    assert answer.json()["expected"].startswith(signature_header(producer) + ": ")


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
async def test_a_signature_with_another_secret_or_of_another_body_is_wrong(stage: Stage, producer: str):
    secret = "whsec_" + base64.b64encode(b"another producer's").decode()
    assert await codes(stage, producer, headers_of(producer, secret=secret)) == ["SIGNATURE_WRONG"]
    assert await codes(stage, producer, headers_of(producer, b"another body")) == ["SIGNATURE_WRONG"]


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("without the line break", BODY),
        ("without spaces", json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode()),
        ("in ASCII", json.dumps(json.loads(BODY), separators=(",", ":")).encode()),
        ("with spaces", json.dumps(json.loads(BODY)).encode()),
        ("on many lines", json.dumps(json.loads(BODY), indent=2).encode()),
    ],
)
async def test_a_body_that_was_changed_after_or_before_signing_is_found(
    stage: Stage, producer: str, words: str, other: bytes
):
    body = BODY + b"\n"
    answer = await ping(stage, producer, headers_of(producer, other), body)
    [finding] = answer.json()["findings"]
    assert finding["code"] == "BODY_CHANGED"
    assert words in finding["message"]


@pytest.mark.parametrize("producer", sorted(PRODUCERS))
async def test_another_encoding_of_the_right_bytes_is_found(stage: Stage, producer: str):
    headers, name = headers_of(producer), signature_header(producer)
    value = headers[name]
    text = value.rpartition("=" if value.endswith(tuple("0123456789abcdef")) and "=" in value else ",")[2]
    digest = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text)
    other = base64.b64encode(digest).decode() if len(text) == 64 else digest.hex()
    answer = await ping(stage, producer, headers | {name: value.replace(text, other)})
    [finding] = answer.json()["findings"]
    assert finding["code"] == "SIGNATURE_ENCODING"
    of_hex = base64.b64encode(digest.hex().encode()).decode()
    assert await codes(stage, producer, headers | {name: value.replace(text, of_hex)}) == ["SIGNATURE_ENCODING"]


@pytest.mark.parametrize(
    ("producer", "spoil", "code"),
    [
        ("easypost", lambda value: value.removeprefix("hmac-sha256-hex="), "SIGNATURE_FORM"),
        ("native", lambda value: value.removeprefix("v1,"), "SIGNATURE_FORM"),
        ("sendcloud", lambda value: "sha256=" + value, "SIGNATURE_FORM"),
        ("aftership", lambda _: "nonsense", "SIGNATURE_FORM"),
        ("shippo", lambda value: value.replace("v1=", "v2="), "SIGNATURE_FORM"),
    ],
)
async def test_a_header_of_another_form_is_found(stage: Stage, producer: str, spoil: Any, code: str):
    headers, name = headers_of(producer), signature_header(producer)
    answer = await ping(stage, producer, headers | {name: spoil(headers[name])})
    assert [each["code"] for each in answer.json()["findings"]] == [code]
    assert "<" in answer.json()["expected"]


async def test_a_right_signature_in_a_wrong_header_is_found(stage: Stage):
    headers = headers_of("sendcloud")
    headers["x-signature"] = headers.pop("sendcloud-signature")
    assert await codes(stage, "sendcloud", headers) == ["HEADERS_MISSING", "WRONG_HEADER"]


def native_signed_with(key: bytes, content: bytes | None = None) -> dict[str, str]:
    headers = signed(BODY, "msg-1", key=key)
    if content is not None:
        headers["webhook-signature"] = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return headers


async def test_a_secret_that_was_not_decoded_is_found(stage: Stage):
    for key in (NATIVE_SECRET, NATIVE_SECRET.removeprefix("whsec_")):
        assert await codes(stage, "native", native_signed_with(key.encode())) == ["SECRET_FORM"]
    key = NATIVE_SECRET.encode() + b"\n"
    assert await codes(stage, "native", native_signed_with(key)) == ["SECRET_FORM"]


async def test_a_secret_that_was_not_normalised_is_found(stage: Stage):
    digest = hmac.digest("sécret".encode(), BODY, "sha256").hex()
    answer = await ping(stage, "easypost", {"x-hmac-signature": f"hmac-sha256-hex={digest}"})
    [finding] = answer.json()["findings"]
    assert finding["code"] == "SECRET_FORM"
    assert "NFKD" in finding["message"]
    assert "cret" not in finding["message"].replace("secret", "")


async def test_a_signature_over_the_body_alone_is_found(stage: Stage):
    answer = await ping(stage, "native", native_signed_with(NATIVE_KEY, BODY))
    assert [each["code"] for each in answer.json()["findings"]] == ["SIGNED_CONTENT"]
    assert "the body alone; sign `id.timestamp.body`" in answer.json()["findings"][0]["message"]
    digest = hmac.digest(b"shippo_test_secret", BODY, "sha256").hex()
    shippo = {"shippo-auth-signature": f"t={int(time.time())},v1={digest}"}
    assert await codes(stage, "shippo", shippo) == ["SIGNED_CONTENT"]


async def test_a_stale_time_is_reported_with_the_seconds_and_our_clock(stage: Stage):
    answer = await ping(stage, "native", signed(BODY, "msg-1", at=int(time.time()) - 3600))
    result = answer.json()
    assert [each["code"] for each in result["findings"]] == ["TIMESTAMP_STALE"]
    assert "seconds behind our clock" in result["findings"][0]["message"]
    assert 3600 <= result["seconds_behind_our_clock"] < 3700
    ahead = await ping(stage, "native", signed(BODY, "msg-1", at=int(time.time()) + 4000))
    assert "seconds ahead of our clock" in ahead.json()["findings"][0]["message"]
    both = native_signed_with(NATIVE_KEY, BODY) | {"webhook-timestamp": str(int(time.time()) - 3600)}
    assert await codes(stage, "native", both) == ["TIMESTAMP_STALE", "SIGNED_CONTENT"]


@pytest.mark.parametrize(
    "timestamp",
    [str(time.time_ns() // 1_000_000), "yesterday", "-1", "9" * 400, "1e9", "²"],
    ids=["milliseconds", "word", "negative", "long", "float", "superscript"],
)
async def test_an_invalid_time_is_reported(stage: Stage, timestamp: str):
    headers = signed(BODY, "msg-1") | {"webhook-timestamp": timestamp.encode("latin-1").decode("latin-1")}
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    assert await codes(stage, "native", raw) == ["TIMESTAMP_FORM"]  # type: ignore[arg-type]


async def test_the_error_is_the_same_as_for_a_webhook(stage: Stage):
    pinged = (await ping(stage, "native", {})).json()
    webhook = (await stage.http.post("/webhooks/native", content=BODY)).json()
    assert pinged["error"] == webhook["error"]


async def test_pings_have_the_limits_of_webhooks_and_a_smaller_body(stage: Stage):
    assert (await ping(stage, "nobody", {})).status_code == 404
    assert (await stage.http.get("/webhooks/native/ping")).status_code == 405
    assert (await ping(stage, "native", {}, b"x" * (64 * 1024 + 1))).status_code == 413
    largest = b"x" * 64 * 1024
    assert (await ping(stage, "native", signed(largest, "msg-1"), largest)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[" * 60_000, b"\xff\xfe", b'{"n": ' + b"9" * 60_000 + b"}", b'"\\ud800"'])
@pytest.mark.parametrize("producer", sorted(PRODUCERS))
async def test_strange_bodies_are_diagnosed_like_any_other(stage: Stage, producer: str, body: bytes):
    assert (await ping(stage, producer, headers_of(producer, body), body)).status_code == 200
    assert await codes(stage, producer, headers_of(producer, b"other"), body) == ["SIGNATURE_WRONG"]


async def test_few_pings_are_diagnosed_at_a_time_and_the_others_are_429_at_once(stage: Stage):
    body = json.dumps({"fill": "x" * 60_000}).encode()
    wrong = headers_of("native", b"other")
    began = int(time.time())
    answers = await asyncio.gather(
        *(stage.http.post("/webhooks/native/ping", content=body, headers=wrong) for _ in range(60))
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {401, 429}
    assert statuses[401] <= 5 * (int(time.time()) - began + 1)
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 429)
    assert (await ping(stage, "native", headers_of("native"))).status_code == 200
