"""Who sends webhooks: one file per producer that verifies its bytes and says what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from loyalty.producers import native
from loyalty.producers.events import Happening, Identity


class Producer(Protocol):
    """What every producer's file offers. Headers are lower case; times are of this host, as transport goes."""

    def verify(
        self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, sent_around: datetime
    ) -> None: ...
    def identify(self, headers: Mapping[str, str], body: bytes) -> Identity: ...
    def read(self, body: bytes, received_at: datetime) -> Happening: ...


PRODUCERS: Mapping[str, Producer] = {"native": native}
