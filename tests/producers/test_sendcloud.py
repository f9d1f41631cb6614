"""Sendcloud: its signatures, and the facts that its statuses stand for."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.orders.rules.facts import Delivered, InTransit, ReturnedToSender
from loyalty.webhooks.producers import sendcloud
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.samples import sample, samples

SAMPLES = sorted(each.name for each in samples("sendcloud"))
RECEIVED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = "secretkey"
PARCEL = "3SYZXG132912330"
READY = "sendcloud_parcel_status_changed_ready"
DELIVERED = "sendcloud_parcel_status_changed_delivered"
RETURN_LABEL = "A return's label: what arrives with it arrives at the shop."


def event(
    status: object = None, *, changed: object = 1549454000000, action: str = "parcel_status_changed", **parcel: Any
) -> dict[str, Any]:
    """A delivered parcel's event, with the given values in place of its own."""
    body = sample(DELIVERED).event | {"action": action, "carrier_status_change_timestamp": changed}
    body["parcel"] |= ({} if status is None else {"status": status}) | parcel
    return body


def read(body: dict[str, Any]) -> ReportedOrder | Ignored:
    return sendcloud.read(Sent({}, json.dumps(body).encode()), RECEIVED_AT)


def fact_of(body: dict[str, Any]) -> Any:
    reported = read(body)
    assert isinstance(reported, ReportedOrder), reported
    return reported.fact


def identity_of(body: dict[str, Any]) -> str:
    return sendcloud.identify(Sent({}, json.dumps(body).encode())).event_id


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


# --- signatures


@pytest.mark.parametrize("name", SAMPLES)
def test_published_signatures_prove_their_bodies(name: str):
    sent = sample(name).sent
    sendcloud.verify([SECRET], sent, RECEIVED_AT)
    sendcloud.verify(["the next", SECRET], sent, RECEIVED_AT)
    with pytest.raises(BadSignature):
        sendcloud.verify([SECRET], Sent(sent.headers, sent.body + b" "), RECEIVED_AT)


@pytest.mark.parametrize("secrets", [[], ["another"], [""], ["Secretkey"], ["\ud800"]], ids=repr)
def test_only_an_active_secret_proves_a_body(secrets: list[str]):
    with pytest.raises(BadSignature):
        sendcloud.verify(secrets, sample(DELIVERED).sent, RECEIVED_AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "00",
        "é\ud800",
        "x" * 100_000,
        "sha256=" + signature(sample(DELIVERED).sent.body),
        signature(sample(DELIVERED).sent.body)[:-1],
        signature(sample(READY).sent.body),
        signature(sample(DELIVERED).sent.body, ""),
    ],
    ids=lambda header: repr(header[:12]),
)
def test_a_forged_signature_is_rejected(header: str):
    sent = Sent({"sendcloud-signature": header}, sample(DELIVERED).sent.body)
    with pytest.raises(BadSignature):
        sendcloud.verify([SECRET, ""], sent, RECEIVED_AT)


def test_our_own_signatures_verify_in_upper_and_lower_case():
    body = sample(DELIVERED).sent.body
    headers = sendcloud.sign("é", body, "any", RECEIVED_AT)
    sendcloud.verify(["é"], Sent(headers, body), RECEIVED_AT)
    sendcloud.verify(["é"], Sent({name: value.upper() for name, value in headers.items()}, body), RECEIVED_AT)
    with pytest.raises(ValueError, match="it is empty"):
        sendcloud.sign("", body, "any", RECEIVED_AT)


# --- identity


def test_the_same_status_has_one_event_id_and_another_status_another():
    assert sendcloud.identify(sample(DELIVERED).sent).event_id == "1:11:1549454000000"
    assert identity_of(event() | {"timestamp": 1549459999999}) == "1:11:1549454000000"
    assert identity_of(event({"code": "DELIVERED"})) == "1:DELIVERED:1549454000000"
    others = [event({"id": 12}), event(changed=1549454000001), event(id=2), event(changed=None), event(id="x" * 200)]
    assert len({identity_of(body) for body in others} | {"1:11:1549454000000"}) == 6


def test_an_event_without_a_parcel_has_a_hash_as_its_id():
    body = {"action": "integration_updated"}
    identity = sendcloud.identify(Sent({}, json.dumps(body).encode()))
    assert identity.event_id == hashlib.sha256(json.dumps(body).encode()).hexdigest()
    assert identity.type == "integration_updated"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"action": 1}', sample("sendcloud_signature_vector").sent.body])
def test_a_body_that_is_no_event_is_malformed(body: bytes):
    with pytest.raises(MalformedDelivery):
        sendcloud.identify(Sent({}, body))


# --- meaning

MEANINGS = {
    Delivered: {11: "Delivered", 93: "Shipment collected by customer"},
    ReturnedToSender: {62992: "Returned to sender"},
    InTransit: {
        3: "En route to sorting center",
        4: "Delivery delayed",
        5: "Sorted",
        7: "Being sorted",
        8: "Delivery attempt failed",
        12: "Awaiting customer pickup",
        22: "Shipment picked up by driver",
        91: "Parcel en route",
        92: "Driver en route",
        62989: "At Customs",
        62990: "At sorting centre",
    },
    None: {
        1: "Announced",
        13: "Announced: not collected",
        80: "Unable to deliver",
        999: "No label",
        1000: "Ready to send",
        1337: "Unknown status - check carrier track & trace page for more insights",
        1999: "Cancellation requested",
        2000: "Cancelled",
        62991: "Refused by recipient",
        62996: "Exception",
        62997: "Address invalid",
    },
}
CASES = [(meaning, id_, message) for meaning, statuses in MEANINGS.items() for id_, message in statuses.items()]


@pytest.mark.parametrize(("meaning", "id_", "message"), CASES, ids=str)
def test_a_statuss_words_decide_its_meaning_and_unknown_words_leave_it_to_the_id(
    meaning: type | None, id_: int, message: str
):
    for status in ({"id": id_, "message": message}, {"id": 424242, "message": message}, {"id": id_, "message": "Neu"}):
        reported = read(event(status))
        if meaning is None:
            assert reported == Ignored(f"Status {message} moves no points.")
        else:
            assert isinstance(reported, ReportedOrder)
            assert type(reported.fact) is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ({"code": "DELIVERED"}, Delivered),
        ({"code": "delivered", "message": "Geliefert"}, Delivered),
        ({"code": "collected-by-customer"}, Delivered),
        ({"code": "RETURNED_TO_SENDER", "message": "Returned to sender"}, ReturnedToSender),
        ({"code": "returned-to-sender"}, ReturnedToSender),
        ({"code": "awaiting-customer-pickup"}, InTransit),
        ({"code": "PICKED_UP_BY_DRIVER"}, InTransit),
        ({"code": "a new one", "message": "Delivered"}, Delivered),
        ({"id": "11"}, Delivered),
        ({"id": 7777, "message": "Returned to sender"}, ReturnedToSender),
    ],
    ids=str,
)
def test_the_codes_of_the_third_version_mean_the_same(status: dict[str, Any], meaning: type):
    assert type(fact_of(event(status))) is meaning


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"id": 1, "message": "Ready to send"}, "Status Ready to send moves no points."),
        ({"id": 11, "message": "Unable to deliver"}, "Status Unable to deliver moves no points."),
        ({"id": 10, "message": "Delivery forced"}, "Unknown status Delivery forced."),
        ({"id": 424242}, "Unknown status 424242."),
        ({"id": 11.0}, "It has no status."),
        ({"id": True}, "It has no status."),
        ({"id": [11]}, "It has no status."),
        ({"message": {"en": "Delivered"}}, "It has no status."),
        ({"message": "Undelivered"}, "Unknown status Undelivered."),
        ([], "It has no status."),
        ("delivered", "It has no status."),
    ],
    ids=str,
)
def test_words_overrule_ids_and_unknown_statuses_are_ignored(status: object, reason: str):
    assert read(event(status)) == Ignored(reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event(is_return=True), RETURN_LABEL),
        (event({"message": "Returned to sender"}, is_return=True), RETURN_LABEL),
        (event(is_return="yes"), RETURN_LABEL),
        (event(tracking_number=""), "It names no tracking_number."),
        (event(tracking_number=[]), "tracking_number is not a text of 1 to 200 characters."),
        (event() | {"parcel": None}, "It has no status."),
        (event(action="return_created"), "Action return_created moves no points."),
        (event(action="integration_updated"), "Action integration_updated moves no points."),
        (event(action="test_webhook"), "Action test_webhook moves no points."),
        (event(action="parcel_teleported"), "Unknown action parcel_teleported."),
        (event(changed=123), "timestamp is of another century."),
        (event(changed="yesterday"), "timestamp is not in seconds since 1970."),
        (event(changed=10**15), "timestamp is not in seconds since 1970."),
        (event(changed=-1), "timestamp is not in seconds since 1970."),
        (event(changed=True), "timestamp is not in seconds since 1970."),
        (event(changed=float("nan")), "timestamp is not in seconds since 1970."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_without_an_arrival_is_ignored_with_a_reason(body: dict[str, Any], reason: str):
    assert read(body) == Ignored(reason)


@pytest.mark.parametrize("digits", ["1e400", "1e99999999999", "-1e99999999999", "1e-99999999999", "9" * 4000])
def test_a_huge_number_is_no_error(digits: str):
    body = json.dumps(event()).replace("1549454000000", digits).encode()
    sendcloud.identify(Sent({}, body))
    assert isinstance(sendcloud.read(Sent({}, body), RECEIVED_AT), Ignored)


@pytest.mark.parametrize(
    ("changed", "timestamp", "at"),
    [
        (1549454000000, 1549454400123, datetime(2019, 2, 6, 11, 53, 20, tzinfo=UTC)),
        (1549454000, 1549454400, datetime(2019, 2, 6, 11, 53, 20, tzinfo=UTC)),
        (1549454000.5, 0, datetime(2019, 2, 6, 11, 53, 20, 500000, tzinfo=UTC)),
        (None, 1549454400123, datetime(2019, 2, 6, 12, 0, 0, 123000, tzinfo=UTC)),
        (None, None, RECEIVED_AT),
        (4102444800000, 0, RECEIVED_AT),
    ],
)
def test_seconds_and_milliseconds_are_distinguished_by_their_size(changed: object, timestamp: object, at: datetime):
    assert fact_of(event(changed=changed) | {"timestamp": timestamp}).occurred_at == at


@pytest.mark.parametrize(
    ("number", "external", "hints"),
    [
        ("ORD12334", "AMZ23311", ("ORD12334", "AMZ23311")),
        ("", "AMZ23311", ("AMZ23311",)),
        (None, 4507894691234567890, ("4507894691234567890",)),
        ([], {}, ()),
        ("x" * 201, None, ()),
    ],
)
def test_order_numbers_are_hints_only(number: object, external: object, hints: tuple[str, ...]):
    reported = read(
        event(order_number=number, external_order_id=external, carrier={"code": "postnl", "name": "PostNL"})
    )
    assert isinstance(reported, ReportedOrder)
    assert (reported.order_number, reported.order_hints) == (None, hints)
    assert (reported.tracking_number, reported.carrier, reported.fact.tracking_number) == (PARCEL, "postnl", PARCEL)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    status=JSON | st.dictionaries(st.sampled_from(["id", "code", "message"]), JSON),
    changed=JSON,
    parcel=st.dictionaries(
        st.sampled_from(["id", "carrier", "tracking_number", "order_number", "external_order_id", "is_return"]), JSON
    ),
)
def test_strange_forms_are_read_without_an_error(status: Any, changed: Any, parcel: dict[str, Any]):
    body = event(status, changed=changed, **parcel)
    identity_of(body).encode()
    happening = read(body)
    if isinstance(happening, Ignored):
        happening.reason.encode()
