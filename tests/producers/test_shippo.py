"""Shippo: its signatures and tokens, and the facts that its statuses stand for."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, ReturnedToSender
from loyalty.webhooks.producers import shippo
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.samples import sample, samples

SAMPLES = sorted(each.name for each in samples("shippo"))
SIGNED_AT = datetime.fromtimestamp(1688493073, UTC)
RECEIVED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = "shippo_test_secret"
PARCEL = "9205590164917312751089"
DELIVERED = "shippo_track_updated_delivered"


def event(
    status: str = "DELIVERED", code: str | None = None, *, history: list[Any] | None = None, **data: Any
) -> dict[str, Any]:
    """A track as Shippo sends it, with another last status."""
    body = sample(DELIVERED).event
    body["data"]["tracking_status"] |= {"status": status, "object_id": f"id-{status}"}
    body["data"]["tracking_status"]["substatus"] = {"code": code} if code else None
    body["data"]["tracking_history"] = history or []
    body["data"] |= data
    return body


def read(body: dict[str, Any]) -> ReportedOrder | Ignored:
    return shippo.read(Sent({}, json.dumps(body).encode()), RECEIVED_AT)


def fact_of(body: dict[str, Any]) -> Any:
    reported = read(body)
    assert isinstance(reported, ReportedOrder), reported
    return reported.fact


def signature(body: bytes, at: int, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


# --- signatures


@pytest.mark.parametrize("name", SAMPLES)
def test_published_signatures_prove_their_bodies_for_five_minutes(name: str):
    sent = sample(name).sent
    shippo.verify([SECRET], sent, SIGNED_AT)
    shippo.verify(["the next", SECRET], sent, SIGNED_AT + timedelta(minutes=5))
    for now in (SIGNED_AT + timedelta(seconds=301), SIGNED_AT - timedelta(seconds=301)):
        with pytest.raises(BadSignature):
            shippo.verify([SECRET], sent, now)


@pytest.mark.parametrize("secrets", [[], ["another"], [""], ["token=123abc"], [f"token={SECRET}"]], ids=str)
def test_a_signature_is_proven_by_an_active_secret_only(secrets: list[str]):
    with pytest.raises(BadSignature):
        shippo.verify(secrets, sample(DELIVERED).sent, SIGNED_AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1=",
        "t=,v1=",
        "t=1688493073",
        "t=1688493073,v1=",
        "t=1688493073,v1=00",
        "t=1688493073,v0=" + signature(sample(DELIVERED).sent.body, 1688493073),
        "t=1688493074,v1=" + signature(sample(DELIVERED).sent.body, 1688493073),
        "t=1688493073,v1=" + signature(sample(DELIVERED).sent.body, 1688493073, ""),
        "t=1688493073,v1=" + signature(sample(DELIVERED).sent.body, 1688493073, "token=123abc"),
        "t=-1,v1=00",
        "t=nan,v1=00",
        "t=²,v1=00",
        "t=" + "9" * 400 + ",v1=00",
        ",=,=,," * 1000,
        "t=1688493073,v1=é\ud800",
    ],
)
def test_a_wrong_signature_is_rejected_even_with_a_valid_token(header: str):
    sent = Sent({"shippo-auth-signature": header}, sample(DELIVERED).sent.body, {"token": "123abc"})
    with pytest.raises(BadSignature):
        shippo.verify([SECRET, "token=123abc", "", "token="], sent, SIGNED_AT)


def test_upper_case_and_a_second_signature_are_verified():
    body = sample(DELIVERED).sent.body
    header = f"t=1688493073, v1=00, v1={signature(body, 1688493073).upper()}"
    shippo.verify([SECRET], Sent({"shippo-auth-signature": header}, body), SIGNED_AT)


@pytest.mark.parametrize(
    ("secrets", "query", "is_proven"),
    [
        ([SECRET, "token=123abc"], {"token": "123abc"}, True),
        (["token=the next", "token=123abc"], {"token": "123abc"}, True),
        (["token=123abc"], {"token": "123ABC"}, False),
        (["token=123abc"], {"token": ""}, False),
        (["token=123abc"], {}, False),
        (["123abc"], {"token": "123abc"}, False),
        (["token="], {"token": ""}, False),
        (["token="], {}, False),
        (["token=é"], {"token": "é"}, True),
        (["token=123abc"], {"token": "\ud800"}, False),
    ],
    ids=str,
)
def test_a_token_in_the_address_verifies_if_an_operator_has_set_it(
    secrets: list[str], query: dict[str, str], is_proven: bool
):
    sent = Sent({}, sample(DELIVERED).sent.body, query)
    if is_proven:
        shippo.verify(secrets, sent, RECEIVED_AT)
        return
    with pytest.raises(BadSignature) as refused:
        shippo.verify(secrets, sent, RECEIVED_AT)
    assert "123abc" not in str(refused.value)


def test_our_own_signatures_verify_and_a_token_signs_nothing():
    body = sample(DELIVERED).sent.body
    shippo.verify(["é"], Sent(shippo.sign("é", body, "any", RECEIVED_AT), body), RECEIVED_AT)
    for secret, sentence in (("token=123abc", "a token signs nothing"), ("", "it is empty")):
        with pytest.raises(ValueError, match=sentence):
            shippo.sign(secret, body, "any", RECEIVED_AT)


# --- identity


def test_the_same_status_has_one_event_id_and_another_status_another():
    deliveries = [sample(name).sent for name in SAMPLES]
    assert len({shippo.identify(sent).event_id for sent in deliveries}) == len(deliveries)
    again = sample(DELIVERED).event
    again["data"]["eta"] = None
    assert shippo.identify(Sent({}, json.dumps(again).encode())) == shippo.identify(sample(DELIVERED).sent)
    named = "|".join(["usps", PARCEL, "ce48ff3d52a34e91b77aa98370182624", "DELIVERED"])
    assert shippo.identify(sample(DELIVERED).sent).event_id == hashlib.sha256(named.encode()).hexdigest()


def test_a_body_from_before_2018_has_a_hash_as_its_id_and_is_ignored():
    sent = sample("shippo_legacy_body_null_status").sent
    identity = shippo.identify(sent)
    assert (identity.event_id, identity.type) == (hashlib.sha256(sent.body).hexdigest(), "track")
    assert isinstance(shippo.read(sent, RECEIVED_AT), Ignored)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event": 1}', b'{"event": null, "tracking_number": "1"}'])
def test_a_body_that_is_no_event_is_malformed(body: bytes):
    with pytest.raises(MalformedDelivery):
        shippo.identify(Sent({}, body))


# --- meaning


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        ("TRANSIT", None, InTransit),
        ("TRANSIT", "out_for_delivery", InTransit),
        ("TRANSIT", "delivery_attempted", InTransit),
        ("TRANSIT", "pickup_available", InTransit),
        ("TRANSIT", "something new", InTransit),
        ("DELIVERED", "delivered", Delivered),
        ("DELIVERED", None, Delivered),
        ("RETURNED", "return_to_sender", ReturnedToSender),
        ("RETURNED", None, ReturnedToSender),
        ("RETURNED", "package_unclaimed", InTransit),
        ("FAILURE", "package_lost", Lost),
    ],
)
def test_each_status_stands_for_a_fact_about_the_parcel(status: str, code: str | None, meaning: type):
    reported = read(event(status, code))
    assert isinstance(reported, ReportedOrder)
    assert type(reported.fact) is meaning
    assert (reported.order_number, reported.tracking_number, reported.carrier) == (None, PARCEL, "usps")
    assert (reported.fact.tracking_number, reported.fact.carrier, reported.fact.lines) == (PARCEL, "usps", ())
    assert reported.fact.occurred_at == datetime(2023, 7, 23, 13, 3, tzinfo=UTC)
    assert not reported.is_test


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event("UNKNOWN"), "Status UNKNOWN moves no points."),
        (event("PRE_TRANSIT", "information_received"), "Status PRE_TRANSIT moves no points."),
        (event("FAILURE", "package_undeliverable"), "Status FAILURE moves no points."),
        (event("FAILURE"), "Status FAILURE moves no points."),
        (event("TELEPORTED"), "Unknown status TELEPORTED."),
        (event("delivered"), "Unknown status delivered."),
        (event(tracking_status=None), "It has no tracking_status."),
        (event(tracking_status="DELIVERED"), "It has no tracking_status."),
        (event(tracking_status={"status": ["DELIVERED"]}), "status is not a text of 1 to 200 characters."),
        (event(tracking_status={"status": "a\0"}), "status is not a text of 1 to 200 characters."),
        (event(tracking_number=None), "It names no tracking_number."),
        (event(tracking_number={}), "tracking_number is not a text of 1 to 200 characters."),
        (event() | {"data": None}, "It has no tracking_status."),
        (event() | {"data": []}, "It has no tracking_status."),
        ({"event": "track_updated"}, "It has no tracking_status."),
        (event() | {"event": "transaction_updated"}, "Event transaction_updated moves no points."),
        (event() | {"event": "batch_purchased"}, "Event batch_purchased moves no points."),
        (event() | {"event": "moon_updated"}, "Unknown event moon_updated."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_without_an_arrival_is_ignored_with_a_reason(body: dict[str, Any], reason: str):
    assert read(body) == Ignored(reason)


@pytest.mark.parametrize("status", ["DELIVERED", "TRANSIT", "UNKNOWN"])
def test_a_status_after_a_return_is_about_the_way_back_to_the_sender(status: str):
    back = {"status": "RETURNED", "substatus": {"code": "return_to_sender"}}
    assert isinstance(fact_of(event(status, history=["?", {"status": "TRANSIT"}, back])), ReturnedToSender)
    unclaimed = {"status": "RETURNED", "substatus": {"code": "package_unclaimed"}}
    assert isinstance(fact_of(event(history=[unclaimed])), Delivered)


@pytest.mark.parametrize(
    ("metadata", "hints"),
    [
        ("Order 000123", ("000123", "Order 000123")),
        ("order: ORD-1001 ", ("ORD-1001", "order: ORD-1001")),
        ("Order #1001", ("#1001", "Order #1001")),
        ("ORD-1001", ("ORD-1001",)),
        ("Order", ("Order",)),
        ("Order 1 and 2", ("Order 1 and 2",)),
        ("Orders 12", ("Orders 12",)),
        ("", ()),
        (" ", ()),
        (None, ()),
        ({"order": 1}, ()),
        ("x" * 201, ()),
        ("a\0b", ()),
    ],
)
def test_metadata_is_at_most_a_hint_at_the_order(metadata: object, hints: tuple[str, ...]):
    reported = read(event(metadata=metadata))
    assert isinstance(reported, ReportedOrder)
    assert (reported.order_hints, reported.order_number) == (hints, None)


@pytest.mark.parametrize(
    ("moment", "at"),
    [
        ("2023-07-23T13:03:00Z", datetime(2023, 7, 23, 13, 3, tzinfo=UTC)),
        ("2023-07-23T13:03:00.250+02:00", datetime(2023, 7, 23, 11, 3, 0, 250000, tzinfo=UTC)),
        ("2099-01-01T00:00:00Z", RECEIVED_AT),
        (None, RECEIVED_AT),
    ],
)
def test_the_time_is_the_carriers_but_never_after_we_received_it(moment: str | None, at: datetime):
    body = event()
    body["data"]["tracking_status"]["status_date"] = moment
    assert fact_of(body).occurred_at == at


@pytest.mark.parametrize(("flag", "is_test"), [(True, True), ("true", True), (1, True), (False, False), (None, False)])
def test_the_test_flag_is_reported(flag: object, is_test: bool):
    reported = read(event() | {"test": flag})
    assert isinstance(reported, ReportedOrder)
    assert reported.is_test is is_test


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    status=JSON, history=JSON, data=st.dictionaries(st.sampled_from(["carrier", "tracking_number", "metadata"]), JSON)
)
def test_strange_forms_are_read_without_an_error(status: Any, history: Any, data: dict[str, Any]):
    body = event(tracking_status=status, tracking_history=history, **data)
    shippo.identify(Sent({}, json.dumps(body).encode()))
    happening = read(body)
    if isinstance(happening, Ignored):
        happening.reason.encode()
