"""How a producer proves its bodies. We find it out by letting its file sign, so no adapter has to declare it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty.webhooks.producers import Producer
from loyalty.webhooks.producers.events import BadSignature, Sent
from loyalty.webhooks.producers.forms import (
    HEX,
    UPPER_HEX,
    WrittenSignature,
    contents_of,
    keys_of,
    signatures_written_in,
)
from loyalty.webhooks.producers.signatures import hmac_sha256

_TIMESTAMP = re.compile(r"(?<![0-9A-Za-z])\d{9,17}(?![0-9A-Za-z])")
_A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """The header that holds the signature, all headers that are needed, and those with the event's id and the time, if
    any."""

    adapter: Producer
    secret: str
    signature: str
    needed: tuple[str, ...]
    id_header: str | None
    time_header: str | None
    encoding: str
    example: str
    """The header's value, with words in the places of the signature and the time."""

    def event_id(self, sent: Sent) -> str:
        """The id that was sent; empty if none is needed."""
        return sent.headers.get(self.id_header, "") if self.id_header else ""

    def timestamp(self, sent: Sent) -> str:
        """The time that was sent, as text; empty if there is none."""
        header = sent.headers.get(self.time_header, "") if self.time_header else ""
        if self.time_header != self.signature:
            return header
        match = _TIMESTAMP.search(header)
        return match[0] if match else ""

    def sign(self, body: bytes, event_id: str, at: datetime) -> WrittenSignature | None:
        """The right signature. It is for comparing only and never leaves the process."""
        signed = self.adapter.sign(self.secret, body, event_id, at)
        return next(iter(signatures_written_in(signed.get(self.signature, ""))), None)

    def verifies(self, headers: Mapping[str, str], sent: Sent, at: datetime) -> bool:
        """Whether the producer's file would accept the body with these headers."""
        return is_verified(self.adapter, self.secret, Sent(headers, sent.body, sent.query), at)

    def key_and_content(self, event_id: str, at: datetime) -> tuple[str, str] | None:
        """The key and the content that the signature is made of, in words; None if it is made in another way."""
        right = self.sign(b"{}", event_id, at)
        contents = contents_of(b"{}", event_id, str(int(at.timestamp())) if self.time_header else "")
        for key_words, key in keys_of(self.secret).items():
            for content_words, content in contents.items():
                if right is not None and hmac_sha256(key, content) == right.digest:
                    return key_words, content_words
        return None


def is_verified(adapter: Producer, secret: str, sent: Sent, at: datetime) -> bool:
    """Whether this one secret proves the body."""
    try:
        adapter.verify([secret], sent, at)
    except BadSignature:
        return False
    return True


def proof_of(adapter: Producer, secret: str, body: bytes) -> Proof | None:
    """How this secret proves this body; None for a secret that signs nothing, such as a token in an address."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        headers = dict(adapter.sign(secret, body, "id-1", at))
        later = adapter.sign(secret, body, "id-1", at + _A_SECOND)
        under_another_id = adapter.sign(secret, body, "id-2", at)
    except ValueError:
        return None
    signature = next((name for name, value in headers.items() if signatures_written_in(value)), None)
    if signature is None:
        return None
    written = signatures_written_in(headers[signature])[0]
    timestamp = str(int(at.timestamp()))
    changing = [name for name in headers if headers[name] != later.get(name) and name != signature]
    naming = [name for name in headers if headers[name] != under_another_id.get(name) and name != signature]
    needed = tuple(name for name in headers if not is_verified(adapter, secret, _without(name, headers, body), at))
    words = "hexadecimal digits" if written.encoding in (HEX, UPPER_HEX) else "characters of base64"
    return Proof(
        adapter=adapter,
        secret=secret,
        signature=signature,
        needed=needed,
        id_header=next((name for name in naming if name in needed), None),
        time_header=next(
            (name for name in changing if name in needed), signature if timestamp in headers[signature] else None
        ),
        encoding=written.encoding,
        example=headers[signature]
        .replace(written.text, f"<{len(written.text)} {words}>")
        .replace(timestamp, "<seconds since 1970>"),
    )


def _without(name: str, headers: Mapping[str, str], body: bytes) -> Sent:
    return Sent({each: value for each, value in headers.items() if each != name}, body)
