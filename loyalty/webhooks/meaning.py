"""The meaning of a stored delivery: its producer's event, or why it has no effect."""

from db.webhooks.inbox import Delivery
from loyalty.programme.programme import Programme
from loyalty.webhooks.producers import PRODUCERS, Producer
from loyalty.webhooks.producers.events import Ignored, ProducerEvent, ReportedOrder, Sent
from loyalty.webhooks.store import UnknownProducer


def event_of_delivery(delivery: Delivery, programme: Programme) -> ProducerEvent:
    """What a delivery reports. Raises UnknownProducer, MalformedDelivery.

    One that was emptied by an erasure (R71) has no effect any more, nor outside of the sandbox has one that was sent in
    test mode.
    """
    adapter = _adapter_of(delivery)
    if delivery.is_emptied:
        return Ignored("It was about an order of an erased member.")
    event = adapter.read(Sent(delivery.headers, delivery.body), delivery.received_at)
    if isinstance(event, ReportedOrder) and event.is_test and not programme.takes_tests:
        return Ignored("It was sent in test mode, which moves no points here.")
    return event


def _adapter_of(delivery: Delivery) -> Producer:
    adapter = PRODUCERS.get(delivery.producer)
    if adapter is None:
        raise UnknownProducer(f"This worker does not know the producer {delivery.producer}.")
    return adapter
