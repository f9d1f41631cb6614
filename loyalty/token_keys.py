"""The public keys of an identity provider, by which tokens are verified."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

BY_KEY_TYPE = {"RSA": ["RS256", "PS256"], "EC": ["ES256"], "OKP": ["EdDSA"]}
"""The algorithms that may be used with each type of key."""


class TokenProblem(Exception):
    """A token is rejected, or cannot be issued. The message is a sentence for the sender."""


class KeyClient(jwt.PyJWKClient):
    """Fetches a key set, and remembers the last one as it was sent."""

    sent: object = None

    def fetch_data(self) -> Any:
        """The key set. Raises PyJWKClientError and PyJWKSetError, and then remembers the one before."""
        self.sent = sent = super().fetch_data()
        return sent


@dataclass(slots=True)
class KeySet:
    """An identity provider's public keys. They are fetched off the event loop, one fetch at a time, and cached.

    After a failed fetch the cached keys are still used, and the next fetch waits `pause` seconds. When the provider's
    keys have changed, those seen before are dropped, and `on_change` is called.
    """

    client: KeyClient
    on_change: Callable[[], None]
    pause: float = 3.0
    _seen: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failed_at: float | None = None
    _known: object = None

    @property
    def is_due(self) -> bool:
        """Whether the keys have to be fetched again, because the last fetch is too long ago."""
        cache = self.client.jwk_set_cache
        return (cache is None or cache.get() is None) and not self._is_pausing()

    async def key(self, key_id: str) -> jwt.PyJWK:
        """The public key of this id. Raises TokenProblem when there is none or the keys cannot be read."""
        async with self._lock:
            if self._is_pausing():
                return self._key_seen(key_id)
            try:
                key = await asyncio.to_thread(self.client.get_signing_key, key_id)
            except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, OSError, ValueError):
                self._failed_at = time.monotonic()
                return self._key_seen(key_id)
            except jwt.PyJWKClientError:
                raise TokenProblem("This token's key is not listed by the identity provider.") from None
            finally:
                self._notice_change()
        if key.key_type not in BY_KEY_TYPE:
            raise TokenProblem("This token is signed with a key that is not a public key.")
        self._seen[key_id] = key
        return key

    def _notice_change(self) -> None:
        if self.client.sent != self._known:
            self._known = self.client.sent
            self._seen.clear()
            self.on_change()

    def _is_pausing(self) -> bool:
        return self._failed_at is not None and time.monotonic() - self._failed_at < self.pause

    def _key_seen(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self._seen:
            raise TokenProblem("The identity provider's keys cannot be read right now: try again shortly.")
        return self._seen[key_id]
