"""The open connections of this process: how many there may be, in all and of one address."""

from collections import Counter
from dataclasses import dataclass, field

from api.payers import subscriber


@dataclass(slots=True)
class Guests:
    """Counts open connections. `most_of_one` is the most of one address; 0 is no limit."""

    most: int
    most_of_one: int
    count: int = 0
    _of_addresses: Counter[str] = field(default_factory=Counter)

    def let_in(self, address: str) -> str | None:
        """Counts a new connection. Returns the name under which `gone` forgets it; None if there are too many."""
        name = subscriber(address)
        if self.count >= self.most or 0 < self.most_of_one <= self._of_addresses[name]:
            return None
        self.count += 1
        self._of_addresses[name] += 1
        return name

    def gone(self, name: str) -> None:
        """Forgets a connection that has ended."""
        self.count -= 1
        self._of_addresses[name] -= 1
        if not self._of_addresses[name]:
            del self._of_addresses[name]
