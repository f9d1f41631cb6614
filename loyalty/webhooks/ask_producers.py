"""Producers are asked about parcels without recent news; their answers are stored like webhooks (design §5)."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from db.limits import QUESTION_HOURS, QUESTION_SECONDS
from db.pool import Database
from db.webhooks.inbox import NewDelivery, keep_delivery
from db.webhooks.reconcile import claim_question
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import MalformedDelivery
from loyalty.webhooks.producers.questions import ProducerQuestions
from loyalty.webhooks.producers.reading import json_object
from loyalty.webhooks.reconcile import SilentParcel, parcels_to_ask

log = logging.getLogger(__name__)

ORDERS_AT_ONCE = 20
LONGEST_ANSWER = 1024 * 1024


class NoAnswer(Exception):
    """A producer's answer is not the requested document."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one producer's API. `url` replaces its host in a sandbox."""

    key: str
    url: str | None = None


async def ask_about_silent_parcels(db: Database, keys: Mapping[str, Key], after: timedelta) -> int:
    """Asks every producer in `keys` about parcels without news for `after`; returns the number of answers.

    Every silent parcel has its turn: the orders that were asked about come after the others. Only one worker asks about
    a parcel, once in QUESTION_HOURS. If a producer does not answer, or with something else
    than the requested document, nothing changes and it is asked again after that time.
    """
    answers = 0
    async with httpx.AsyncClient(timeout=QUESTION_SECONDS, follow_redirects=False, trust_env=False) as http:
        for parcels in await parcels_to_ask(db, after, ORDERS_AT_ONCE):
            for parcel in parcels:
                for producer, key in keys.items():
                    answers += await _ask(db, http, producer, key, parcel)
    return answers


async def _ask(db: Database, http: httpx.AsyncClient, producer: str, key: Key, parcel: SilentParcel) -> bool:
    """Asks, and gives whether there was an answer. A parcel without a number cannot be asked about, but its turn is
    over all the same, or it would stay before all others."""
    number, pause = parcel.tracking_number or "", timedelta(hours=QUESTION_HOURS)
    is_claimed = await claim_question(db, parcel.member_id, parcel.order_number, number, producer, pause)
    if not is_claimed or parcel.tracking_number is None:
        return False
    questions = _questions_of(producer)
    question = questions.question(parcel.tracking_number, parcel.carrier, key.key)
    try:
        answer = await _answer(http, (key.url or questions.host) + question.path, question.headers)
        events = questions.events(json_object(answer))
    except (httpx.HTTPError, httpx.InvalidURL, NoAnswer, MalformedDelivery) as error:
        log.warning("%s did not answer about a parcel of order %s: %s", producer, parcel.order_number, error)
        return False
    for event in events:
        await _keep(db, producer, event)
    return True


def _questions_of(producer: str) -> ProducerQuestions:
    """How this producer is asked. Raises LookupError for one that cannot be asked: the settings reject its key."""
    questions = PRODUCERS[producer].QUESTIONS
    if questions is None:
        raise LookupError(f"{producer} cannot be asked about a parcel.")
    return questions


async def _answer(http: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> bytes:
    """The body of an answer with status 200. Raises httpx's errors, and NoAnswer for another status or a body over
    1 MiB."""
    async with http.stream("GET", url, headers=dict(headers)) as response:
        if response.status_code != httpx.codes.OK:
            raise NoAnswer(f"its answer was {response.status_code}")
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LONGEST_ANSWER:
                raise NoAnswer(f"its answer is over {LONGEST_ANSWER} bytes")
        return body


async def _keep(db: Database, producer: str, event: Mapping[str, Any]) -> None:
    """Stores the event like a webhook of this producer. Its id is a hash, so the same answer is stored once."""
    body = json.dumps(event, default=float, sort_keys=True).encode()
    event_id = "asked-" + hashlib.sha256(body).hexdigest()[:40]
    await keep_delivery(db, NewDelivery(producer, event_id, "asked", body, {}))
