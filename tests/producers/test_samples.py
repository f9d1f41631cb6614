"""Every published webhook verifies as it was sent, with no other secret, and has the meaning in its index."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Returned, ReturnedToSender
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import BadSignature, Ignored, ReportedOrder
from tests.support.samples import FOLDER, Sample, samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KNOWN = [each for each in samples() if each.producer in PRODUCERS]
MEANINGS: dict[str, tuple[type, ...]] = {
    "pre_transit": (Ignored,),
    "in_transit": (InTransit,),
    "delivered": (Delivered,),
    "return_in_transit": (ReturnedToSender,),
    "returned": (ReturnedToSender,),
    "return_announced": (Ignored,),
    "unknown_ignored": (Ignored,),
    "refund": (Returned,),
    "refund_partial": (Returned,),
    "refund_shipping_only": (Returned,),
    "shipped_NOT_delivered": (Ignored, InTransit),
    "shipment.delivered": (Delivered,),
    "shipment.lost": (Lost,),
    "return.received": (Returned,),
}


def named(sample: Sample) -> str:
    return sample.name


def test_every_file_is_in_the_index():
    files = {path.name for path in FOLDER.glob("*.json")} - {"INDEX.json"}
    assert {f"{each.name}.json" for each in samples()} == files


@pytest.mark.parametrize("sample", KNOWN, ids=named)
def test_its_published_signature_verifies_and_no_other_secret_or_body(sample: Sample):
    adapter = PRODUCERS[sample.producer]
    adapter.verify(["whsec_b3RoZXI", sample.secret], sample.sent, sample.signed_at)
    for secrets, sent in (
        (["whsec_b3RoZXI"], sample.sent),
        ([], sample.sent),
        ([sample.secret], replace(sample.sent, body=sample.sent.body + b" ")),
        ([sample.secret], replace(sample.sent, body=sample.sent.body[:-1])),
        ([sample.secret], replace(sample.sent, headers={})),
    ):
        with pytest.raises(BadSignature):
            adapter.verify(secrets, sent, sample.signed_at)


@pytest.mark.parametrize("sample", [each for each in KNOWN if each.kind != "vector_only"], ids=named)
def test_it_means_what_the_index_lists(sample: Sample):
    adapter = PRODUCERS[sample.producer]
    adapter.identify(sample.sent)
    happening = adapter.read(sample.sent, NOW)
    meant = happening.fact if isinstance(happening, ReportedOrder) else happening
    assert isinstance(meant, MEANINGS[sample.kind])
    if "occurred_at" in sample.entry and isinstance(happening, ReportedOrder):
        assert happening.fact.occurred_at == datetime.fromisoformat(sample.entry["occurred_at"])


@pytest.mark.parametrize("sample", [each for each in KNOWN if each.kind != "vector_only"], ids=named)
def test_our_own_signatures_verify_too(sample: Sample):
    adapter = PRODUCERS[sample.producer]
    headers = adapter.sign(sample.secret, sample.sent.body, "msg_1", NOW)
    adapter.verify([sample.secret], replace(sample.sent, headers=sample.sent.headers | dict(headers)), NOW)
