"""Who is calling: a member's app, a service, or nobody known."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

_SERVICES = UUID("2f8b3f0e-7c52-4a55-9a6e-9f3c1d6a4b10")


@dataclass(frozen=True, slots=True)
class Caller:
    """What a verified token says. `name` is a Mi account id or a service's name; None for nobody.

    `problem` says in a sentence why a token that was sent is not believed; `expires_at`, in seconds of the host's
    clock, until when one that is believed may be gone by.
    """

    name: str | None = None
    scopes: frozenset[str] = frozenset()
    is_service: bool = False
    problem: str | None = None
    expires_at: float | None = field(default=None, compare=False)

    @property
    def is_member(self) -> bool:
        """A person's app: a token without scope."""
        return self.name is not None and not self.is_service

    def has(self, *scopes: str) -> bool:
        """Whether a service holds one of these scopes."""
        return self.is_service and not self.scopes.isdisjoint(scopes)

    @property
    def service_id(self) -> UUID | None:
        """The id under which a service's idempotency keys are kept; a member's are kept under its member id."""
        return uuid5(_SERVICES, self.name) if self.is_service and self.name is not None else None
