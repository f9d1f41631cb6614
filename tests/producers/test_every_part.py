"""A producer is one file: it has every part of the Protocol, and its parts agree with each other."""

import json
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules

import pytest

from loyalty.webhooks import producers
from loyalty.webhooks.producers import ASKABLE, PRODUCERS, Producer
from loyalty.webhooks.producers.events import Identity, NumberFields, ReportedOrder, Sent
from loyalty.webhooks.producers.numbers import numbers_in
from loyalty.webhooks.producers.questions import ProducerQuestions
from tests.support.samples import Sample, samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PARTS = {name for name in vars(Producer) if not name.startswith("_")}
EVENTS = [each for each in samples() if each.producer in PRODUCERS and each.kind != "vector_only"]
FUNCTIONS = {"check_headers", "verify", "identify", "read", "sign"}


def test_these_are_the_parts_of_a_producer():
    assert {"KEPT_HEADERS", "NUMBER_FIELDS", "QUESTIONS"} | FUNCTIONS == PARTS


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_producers_own_file_defines_every_part(producer: str):
    adapter = PRODUCERS[producer]
    assert PARTS - vars(adapter).keys() == set()
    assert {getattr(adapter, name).__module__ for name in FUNCTIONS} == {vars(adapter)["__name__"]}
    assert isinstance(adapter.NUMBER_FIELDS, NumberFields)
    assert isinstance(adapter.QUESTIONS, ProducerQuestions | None)


def test_every_file_that_verifies_deliveries_is_in_the_table_of_producers():
    names = {f"{producers.__name__}.{each.name}" for each in iter_modules(producers.__path__)}
    verifying = {name for name in names if hasattr(import_module(name), "verify")}
    assert {vars(adapter)["__name__"] for adapter in PRODUCERS.values()} == verifying


@pytest.mark.parametrize("producer", PRODUCERS)
def test_there_is_a_sample_of_every_producer(producer: str):
    assert [each for each in EVENTS if each.producer == producer]


@pytest.mark.parametrize("sample", EVENTS, ids=lambda each: each.name)
def test_the_numbers_that_decide_which_order_is_meant_are_among_those_that_a_body_names(sample: Sample):
    """R71: otherwise an erasure or an export would miss a delivery of this producer."""
    event = PRODUCERS[sample.producer].read(sample.sent, NOW)
    if isinstance(event, ReportedOrder):
        numbers = numbers_in(sample.sent.body)
        parcels = {event.tracking_number, *(number for number, _ in event.shipped_parcels)}
        assert {event.order_number} - {None} <= set(numbers.orders)
        assert parcels - {None} <= set(numbers.parcels)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_the_fields_of_a_producer_are_searched_in_every_body(producer: str):
    fields = PRODUCERS[producer].NUMBER_FIELDS
    assert fields.orders or fields.parcels
    body = {name: f"order in {name}" for name in fields.orders} | {name: f"parcel in {name}" for name in fields.parcels}
    numbers = numbers_in(json.dumps({"inside": [body]}).encode())
    assert {f"order in {name}" for name in fields.orders} == set(numbers.orders)
    assert {f"parcel in {name}" for name in fields.parcels} == set(numbers.parcels)


def test_a_producer_can_have_a_key_if_it_can_be_asked():
    assert ASKABLE == ("easypost", "aftership", "shippo", "sendcloud")


@pytest.mark.parametrize("producer", ASKABLE)
def test_a_question_goes_to_the_producers_own_host_and_its_key_is_in_no_path(producer: str):
    questions = PRODUCERS[producer].QUESTIONS
    assert questions is not None
    assert questions.host.startswith("https://")
    question = questions.question("T/1 &x", "Correos", "the-key")
    assert question.path.startswith("/")
    assert "the-key" not in question.path
    assert question.headers


@pytest.mark.parametrize("producer", ASKABLE)
def test_an_answer_without_parcels_becomes_no_event_that_moves_points(producer: str):
    questions = PRODUCERS[producer].QUESTIONS
    assert questions is not None
    for event in questions.events({}):
        sent = Sent({}, json.dumps(event).encode())
        assert isinstance(PRODUCERS[producer].identify(sent), Identity)
        assert not isinstance(PRODUCERS[producer].read(sent, NOW), ReportedOrder)
