"""Who may ask a field: declared beside it as data, checked from there, and told in its description from there."""

from dataclasses import dataclass

from api.access import READERS, known_caller
from api.problems import Forbidden, WhoseNotSaid
from loyalty.callers import Caller


@dataclass(frozen=True, slots=True)
class Permission:
    """The whole list of who may ask; all others are refused.

    `strangers` may ask without a token, and with any. Where members ask besides services, it is for their own:
    `named` says that `miId` tells whose, which a member may leave out and a service may not; otherwise the field looks
    itself at what it finds (api/schema/lookup.py).
    """

    strangers: bool = False
    members: bool = False
    scopes: tuple[str, ...] = ()
    named: bool = False

    @property
    def words(self) -> str:
        """As it stands before a description's colon."""
        if self.strangers:
            return "everyone"
        services = ", ".join(self.scopes) + (" with miId" if self.named else "")
        if not self.members:
            return services
        return f"{services}, and a member its own" if self.scopes else "member (app)"

    def check(self, caller: Caller) -> None:
        """Raises Unauthenticated, saying what is wrong with the token, and Forbidden."""
        if self.strangers:
            return
        known_caller(caller)
        if not (self.members and caller.is_member) and not caller.has(*self.scopes):
            raise Forbidden(self._sentence())

    def check_named(self, caller: Caller, mi_id: str | None) -> None:
        """A member's own, or whom a service names. Raises Forbidden and, for a service that names nobody,
        WhoseNotSaid."""
        if caller.is_member and mi_id not in {None, caller.name}:
            raise Forbidden("A member asks for its own only: leave `miId` out.")
        if not caller.is_member and mi_id is None:
            raise WhoseNotSaid("Say whose: a service gives `miId`.")

    def _sentence(self) -> str:
        services = f"tokens with the scope {' or '.join(self.scopes)}"
        if not self.members:
            return f"This is for {services}."
        if self.scopes:
            return f"This is for members, and for {services}."
        return "This is for members: a token without scope, whose subject is a Mi account."


EVERYONE = Permission(strangers=True)
MEMBERS = Permission(members=True)
STOREFRONT = Permission(scopes=("storefront",))
OPERATOR = Permission(scopes=("operator",))
AUDITORS = Permission(scopes=("operator", "auditor"))
SERVICES = Permission(scopes=READERS)
SERVICES_AND_OWN = Permission(members=True, scopes=READERS)
SERVICES_NAMED_AND_OWN = Permission(members=True, scopes=READERS, named=True)
STOREFRONT_NAMED_AND_OWN = Permission(members=True, scopes=("storefront",), named=True)
