"""What producers are asked about a parcel, and how their answers become the webhooks that did not come.

The addresses here are the whole list of what is ever fetched; none comes out of a payload.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from loyalty.webhooks.producers.reading import listed, named


@dataclass(frozen=True, slots=True)
class Question:
    """A GET: the path at the producer's own host, and the headers that let us ask."""

    path: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProducerQuestions:
    """How one producer is asked. `events` turns its answer into bodies of its own webhooks."""

    host: str
    question: Callable[[str, str | None, str], Question]
    events: Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def _easypost(tracking_number: str, _carrier: str | None, key: str) -> Question:
    return Question("/v2/trackers?" + urlencode({"tracking_code": tracking_number}), _basic(key + ":"))


def _easypost_events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"description": "tracker.updated", "mode": tracker.get("mode"), "result": tracker}
        for tracker in listed(answer, "trackers")
    ]


def _aftership(tracking_number: str, _carrier: str | None, key: str) -> Question:
    return Question(
        "/tracking/2026-07/trackings?" + urlencode({"tracking_numbers": tracking_number}), {"as-api-key": key}
    )


def _aftership_events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A tracking is a webhook's `msg`; the moment of its last change is the webhook's `ts`."""
    return [
        {"event": "tracking_update", "msg": tracking, "ts": _unix(tracking.get("updated_at"))}
        for tracking in listed(named(answer, "data"), "trackings")
    ]


def _shippo(tracking_number: str, carrier: str | None, key: str) -> Question:
    path = f"/tracks/{quote((carrier or '').casefold(), safe='')}/{quote(tracking_number, safe='')}"
    return Question(path, {"authorization": f"ShippoToken {key}"})


def _shippo_events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"event": "track_updated", "test": False, "data": dict(answer)}]


def _sendcloud(tracking_number: str, _carrier: str | None, key: str) -> Question:
    return Question("/api/v2/parcels?" + urlencode({"tracking_number": tracking_number}), _basic(key))


def _sendcloud_events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"action": "parcel_status_changed", "parcel": parcel} for parcel in listed(answer, "parcels")]


ASKED: Mapping[str, ProducerQuestions] = {
    "easypost": ProducerQuestions("https://api.easypost.com", _easypost, _easypost_events),
    "aftership": ProducerQuestions("https://api.aftership.com", _aftership, _aftership_events),
    "shippo": ProducerQuestions("https://api.goshippo.com", _shippo, _shippo_events),
    "sendcloud": ProducerQuestions("https://panel.sendcloud.sc", _sendcloud, _sendcloud_events),
}


def _basic(credentials: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def _unix(moment: object) -> int | None:
    try:
        parsed = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    return int(parsed.timestamp()) if parsed.tzinfo is not None else None
