"""How fast a connection may send: so much a second, and two seconds' worth at once."""

import time
from dataclasses import dataclass, field

_SECONDS_AT_ONCE = 2


@dataclass(slots=True)
class Flow:
    """What a connection may still send of one thing, such as messages or bytes; `a_second` more comes each second."""

    a_second: float
    _left: float = field(init=False)
    _seen_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._left = _SECONDS_AT_ONCE * self.a_second

    def is_exceeded_by(self, amount: int) -> bool:
        """Counts what was sent. Returns whether it was more than the connection may send by now."""
        now = time.monotonic()
        self._left = min(_SECONDS_AT_ONCE * self.a_second, self._left + (now - self._seen_at) * self.a_second) - amount
        self._seen_at = now
        return self._left < 0
