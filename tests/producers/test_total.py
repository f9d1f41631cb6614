"""Adapters handle any input: it is not proven, malformed, or read. They raise nothing else."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.settings import SettingsError, read_settings
from loyalty.webhooks.producers import ASKABLE, PRODUCERS
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.samples import Sample, samples
from tests.support.stage import WEBHOOK_SECRETS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVENTS = [each for each in samples() if each.producer in PRODUCERS and each.kind != "vector_only"]
NAMES = sorted(
    {name for each in EVENTS for name in each.sent.headers} | {"x-hmac-signature-v2", "x-timestamp", "x-path"}
)
STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["\0", "x" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60), max_size=5)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value in a JSON document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, inner in pairs for place in places(inner, (*here, key)))]


def spoilt(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """The document with another value at one path."""
    if not place:
        return other
    copy = value.copy()
    copy[place[0]] = spoilt(value[place[0]], place[1:], other)
    return copy


def assert_storable(text: str) -> None:
    """Postgres can store the text."""
    assert "\0" not in text
    text.encode()


@pytest.mark.parametrize("sample", EVENTS, ids=lambda each: each.name)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_real_event_with_something_strange_in_it(sample: Sample, data: st.DataObject):
    adapter = PRODUCERS[sample.producer]
    document = json.loads(sample.sent.body)
    place = data.draw(st.sampled_from(places(document)))
    body = json.dumps(spoilt(document, place, data.draw(STRANGE))).encode()
    sent = Sent(sample.sent.headers, body, sample.sent.query)
    with suppress(MalformedDelivery):
        identity = adapter.identify(sent)
        assert_storable(identity.event_id + identity.type)
        happening = adapter.read(sent, NOW)
        assert isinstance(happening, ReportedOrder | Ignored)
        if isinstance(happening, Ignored):
            assert_storable(happening.reason)


@pytest.mark.parametrize("producer", PRODUCERS)
@given(HEADERS, st.binary(max_size=60) | STRANGE.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=200, deadline=None)
def test_no_invented_delivery_verifies(producer: str, headers: dict[str, str], body: bytes):
    adapter = PRODUCERS[producer]
    with pytest.raises(BadSignature):
        adapter.verify(WEBHOOK_SECRETS[producer], Sent(headers, body, {"token": "x"}), NOW)
    with suppress(MalformedDelivery):
        adapter.identify(Sent(headers, body))


@pytest.mark.parametrize("secrets", ['{"easypost": ""}', '{"easypost": [""]}', '{"easypost": ["a", ""]}'])
def test_an_empty_secret_stops_the_start_because_anybody_could_sign_with_it(secrets: str):
    with pytest.raises(SettingsError, match="MIPOINTS_WEBHOOK_SECRETS is JSON"):
        read_settings({"MIPOINTS_WEBHOOK_SECRETS": secrets}, askable=ASKABLE)
