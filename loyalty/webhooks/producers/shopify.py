"""Shopify's webhooks, signed by base64 HMAC-SHA256 over the body alone: no header and no time is signed.

So anybody may send a signed body again, at any time, under any id or topic. The business keys keep a repeated body from
counting twice; a body under another topic is rejected by its form (shopify.dev/docs/apps/build/webhooks).
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import Fact
from loyalty.webhooks.producers.events import (
    BadSignature,
    Identity,
    Ignored,
    MalformedDelivery,
    NumberFields,
    ProducerEvent,
    ReportedOrder,
    Sent,
)
from loyalty.webhooks.producers.reading import LONGEST_TEXT, Unreadable, is_text, json_object
from loyalty.webhooks.producers.shopify_bodies import (
    CANCELLED,
    FULFILLED,
    FULFILLMENT_CREATED,
    FULFILLMENT_EVENT,
    FULFILLMENT_UPDATED,
    PARTIALLY_FULFILLED,
    REFUND,
    has_form,
    is_word,
    order_number,
    topic_of,
)
from loyalty.webhooks.producers.shopify_marks import is_of_test_mode
from loyalty.webhooks.producers.shopify_refunds import of_refund
from loyalty.webhooks.producers.shopify_shipments import of_cancelled, of_event, of_fulfillment, of_order
from loyalty.webhooks.producers.signatures import check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = (
    "content-type",
    "x-shopify-topic",
    "x-shopify-event-id",
    "x-shopify-webhook-id",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "x-shopify-triggered-at",
    "x-shopify-test",
)
NUMBER_FIELDS = NumberFields(
    orders=("order_number", "order_id"),
    parcels=("tracking_number", "tracking_numbers"),
    with_order_id=("order_number",),
)
QUESTIONS = None

_READ: Mapping[str, Callable[[Mapping[str, Any], datetime], tuple[Fact, ...]]] = {
    FULFILLMENT_EVENT: of_event,
    REFUND: of_refund,
    FULFILLED: of_order,
    PARTIALLY_FULFILLED: of_order,
    FULFILLMENT_CREATED: of_fulfillment,
    FULFILLMENT_UPDATED: of_fulfillment,
    CANCELLED: of_cancelled,
}
_WITH_THE_EVENTS_OWN_ID = (FULFILLMENT_EVENT, REFUND, FULFILLED)
"""Deliveries of these topics are stored under Shopify's event id alone. One event comes under several topics, with
another body under each, so deliveries of the other topics are stored under the id and the topic."""


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there is a signature."""
    if not sent.headers.get("x-shopify-hmac-sha256"):
        raise BadSignature("The header X-Shopify-Hmac-SHA256 is needed.")


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed exactly these bytes, at any time."""
    check_headers(secrets, sent, now)
    signature = sent.headers["x-shopify-hmac-sha256"]
    expected = [_expected_signature(secret, sent.body) for secret in secrets if secret]
    check_signed(expected, signatures_in(signature), "No active secret signed this body.")


def _expected_signature(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over the body, keyed with the secret's text: an app's client secret, or the shop's."""
    return base64.b64encode(hmac_sha256(text_key(secret), body)).decode()


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """Shopify's headers, with the topic that matches the body's form. Raises ValueError for an empty secret."""
    if not secret:
        raise ValueError("it is empty")
    return {
        "content-type": "application/json",
        "x-shopify-topic": _topic_to_send(body),
        "x-shopify-event-id": event_id,
        "x-shopify-webhook-id": event_id,
        "x-shopify-triggered-at": at.isoformat(),
        "x-shopify-hmac-sha256": _expected_signature(secret, body),
    }


def _topic_to_send(body: bytes) -> str:
    try:
        return topic_of(json_object(body)) or "unknown"
    except MalformedDelivery:
        return "unknown"


def identify(sent: Sent) -> Identity:
    """Shopify's event id, and the topic. Raises MalformedDelivery if the topic is missing or the body is no object.

    One event may come under several topics with one id and one body. A delivery that we do not read, or read only as a
    test, is stored under an id of its own, so that it never takes the place of the one that we do read.
    """
    body = json_object(sent.body)
    topic = sent.headers.get("x-shopify-topic")
    if not is_text(topic):
        raise MalformedDelivery(f"X-Shopify-Topic is not of 1 to {LONGEST_TEXT} characters.")
    if topic not in _READ:
        return Identity(f"{_event_id(sent)}:{topic}", str(topic))
    if not has_form(str(topic), body):
        return Identity(f"{_event_id(sent)}:{topic}:form", f"{topic} of another form")
    of_topic = "" if topic in _WITH_THE_EVENTS_OWN_ID else f":{topic}"
    return Identity(_event_id(sent) + of_topic + (":test" if _is_test_header(sent) else ""), str(topic))


def _event_id(sent: Sent) -> str:
    ids = (sent.headers.get("x-shopify-event-id"), sent.headers.get("x-shopify-webhook-id"))
    return next((str(each) for each in ids if is_text(each)), hashlib.sha256(sent.body).hexdigest())


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The facts of a delivery, if we read its topic and its body has the form of that topic; else Ignored."""
    body = json_object(sent.body)
    topic = sent.headers.get("x-shopify-topic", "")
    if topic not in _READ:
        return Ignored(f"Topic {topic} is not read.")
    if not has_form(topic, body):
        return Ignored(f"The body has not the form of {topic}.")
    try:
        fact, *further = _READ[topic](body, received_at)
    except Unreadable as reason:
        return Ignored(str(reason))
    is_test = _is_test_header(sent) or is_of_test_mode(body)
    return ReportedOrder(fact, order_number(topic, body), None, is_test=is_test, further=tuple(further))


def _is_test_header(sent: Sent) -> bool:
    return is_word(sent.headers.get("x-shopify-test"), "true")
