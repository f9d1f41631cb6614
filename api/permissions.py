"""Permissions of root fields: declared beside the field, checked before it runs, and part of its description."""

from dataclasses import dataclass

from api.access import READERS, known_caller
from api.problems import Forbidden, MemberNotNamed
from loyalty.callers import Caller


@dataclass(frozen=True, slots=True)
class Permission:
    """All callers that may use a field; others are refused.

    `everyone` allows every client, with or without a token. If members and services may both use a field, a member gets
    its own data only. If `named`, the argument `miId` names the member: a service must send it, a member may leave it
    out. Otherwise the field itself checks the owner of what it finds (api/schema/lookup.py).
    """

    everyone: bool = False
    members: bool = False
    scopes: tuple[str, ...] = ()
    named: bool = False

    @property
    def words(self) -> str:
        """The words before the colon of a field's description."""
        if self.everyone:
            return "everyone"
        services = ", ".join(self.scopes) + (" with miId" if self.named else "")
        if not self.members:
            return services
        return f"{services}, and a member its own" if self.scopes else "member (app)"

    def check(self, caller: Caller) -> None:
        """Raises Unauthenticated with the problem of the token, and Forbidden for other callers."""
        if self.everyone:
            return
        known_caller(caller)
        if not (self.members and caller.is_member) and not caller.has(*self.scopes):
            raise Forbidden(self._sentence())

    def check_named(self, caller: Caller, mi_id: str | None) -> None:
        """Checks the member that a field is about.

        Raises Forbidden if a member names another one, and MemberNotNamed if a service names none.
        """
        if caller.is_member and mi_id not in {None, caller.name}:
            raise Forbidden("A member asks for its own only: leave `miId` out.")
        if not caller.is_member and mi_id is None:
            raise MemberNotNamed("Say whose: a service gives `miId`.")

    def _sentence(self) -> str:
        services = f"tokens with the scope {' or '.join(self.scopes)}"
        if not self.members:
            return f"This is for {services}."
        if self.scopes:
            return f"This is for members, and for {services}."
        return "This is for members: a token without scope, whose subject is a Mi account."


EVERYONE = Permission(everyone=True)
MEMBERS = Permission(members=True)
STOREFRONT = Permission(scopes=("storefront",))
OPERATOR = Permission(scopes=("operator",))
AUDITORS = Permission(scopes=("operator", "auditor"))
SERVICES = Permission(scopes=READERS)
SERVICES_AND_OWN = Permission(members=True, scopes=READERS)
SERVICES_NAMED_AND_OWN = Permission(members=True, scopes=READERS, named=True)
STOREFRONT_NAMED_AND_OWN = Permission(members=True, scopes=("storefront",), named=True)
