"""The public keys of an identity provider, by which tokens are verified."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

BY_KEY_TYPE = {"RSA": ["RS256", "PS256"], "EC": ["ES256"], "OKP": ["EdDSA"]}
"""The algorithms that may be used with each type of key."""

_LONG_AGO = float("-inf")
_FAILURES = (jwt.PyJWTError, OSError, ValueError)


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
    """An identity provider's public keys, cached for `lifespan` seconds. They are fetched off the event loop, and all
    who need a fetch share one.

    A token of a known key waits for no fetch: the known key is used until the fetch has ended, unless no request has
    tried for two lifespans. A token of an unknown key waits; such tokens cause one fetch in `cooldown` seconds at most.
    After a failed fetch the cached keys are still used, and the next fetch waits `pause` seconds. When the provider's
    keys have changed, `on_change` is called.
    """

    client: KeyClient
    on_change: Callable[[], None]
    lifespan: float = 300.0
    cooldown: float = 10.0
    pause: float = 3.0
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _known: object = None
    _fetched_at: float = _LONG_AGO
    _tried_at: float = _LONG_AGO
    _has_failed: bool = False
    _fetch: "asyncio.Task[None] | None" = None

    @property
    def is_due(self) -> bool:
        """Whether the keys have to be fetched again, because the last fetch is too long ago."""
        return _age(self._fetched_at) >= self.lifespan and not self._is_pausing()

    async def key(self, key_id: str) -> jwt.PyJWK:
        """The public key of this id. Raises TokenProblem when there is none or the keys cannot be read."""
        is_unknown = key_id not in self._keys
        if self.is_due or (is_unknown and self._may_look_again()):
            fetch = self._shared_fetch()
            if is_unknown or _age(self._tried_at) >= 2 * self.lifespan:
                await asyncio.shield(fetch)
        return self._key(key_id)

    def _key(self, key_id: str) -> jwt.PyJWK:
        key = self._keys.get(key_id)
        if key is None and self._has_failed:
            raise TokenProblem("The identity provider's keys cannot be read right now: try again shortly.")
        if key is None:
            raise TokenProblem("This token's key is not listed by the identity provider.")
        if key.key_type not in BY_KEY_TYPE:
            raise TokenProblem("This token is signed with a key that is not a public key.")
        return key

    def _may_look_again(self) -> bool:
        return _age(self._fetched_at) >= self.cooldown and not self._is_pausing()

    def _is_pausing(self) -> bool:
        return self._has_failed and _age(self._tried_at) < self.pause

    def _shared_fetch(self) -> "asyncio.Task[None]":
        if self._fetch is None or self._fetch.done():
            self._fetch = asyncio.ensure_future(self._fetch_keys())
        return self._fetch

    async def _fetch_keys(self) -> None:
        try:
            keys = await asyncio.to_thread(self.client.get_signing_keys, refresh=True)
            self._fetched_at, self._has_failed = time.monotonic(), False
            self._keys = {str(key.key_id): key for key in keys}
            self._notice_change()
        except _FAILURES:
            self._has_failed = True
        self._tried_at = time.monotonic()

    def _notice_change(self) -> None:
        if self.client.sent != self._known:
            self._known = self.client.sent
            self.on_change()


def _age(moment: float) -> float:
    """Seconds since a moment of the monotonic clock."""
    return time.monotonic() - moment
