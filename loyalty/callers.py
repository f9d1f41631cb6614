"""The caller of a request: a member's app, a service, or an unauthenticated client."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

_SERVICES = UUID("2f8b3f0e-7c52-4a55-9a6e-9f3c1d6a4b10")


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller that a verified token names. `name` is a Mi account id or a service's name; None if unauthenticated.

    `problem` is the sentence that says why a token was rejected. `expires_at`, in seconds of the host's clock, is the
    time at which a verified token expires.
    """

    name: str | None = None
    scopes: frozenset[str] = frozenset()
    is_service: bool = False
    problem: str | None = None
    expires_at: float | None = field(default=None, compare=False)

    @property
    def is_member(self) -> bool:
        """A person's app: a token without a scope of ours."""
        return self.name is not None and not self.is_service

    def has(self, *scopes: str) -> bool:
        """Whether a service holds one of these scopes."""
        return self.is_service and not self.scopes.isdisjoint(scopes)

    @property
    def service_id(self) -> UUID | None:
        """The id under which a service's idempotency keys are stored; a member's are stored under its member id."""
        return uuid5(_SERVICES, self.name) if self.is_service and self.name is not None else None
