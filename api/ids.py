"""Global ids: opaque text for clients; for us a type, its member and its own id. They are made and read only here."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from strawberry import ID

from api.bodies import has_unkeepable_text
from api.opaque import opaque

_LONGEST = 2000
_KEPT = 4096
OF_NOBODY = ("Reward", "Campaign", "WebhookDelivery")
"""Types that belong to no member."""


@dataclass(frozen=True, slots=True)
class GlobalId:
    """A global id's parts: a type, the member it belongs to (None for the types in OF_NOBODY), and its local id."""

    type: str
    member_id: UUID | None = None
    local: str = ""

    def __str__(self) -> str:
        owner = [str(self.member_id)] if self.member_id is not None else []
        own = [self.local] if self.local else []
        return opaque(":".join([self.type, *owner, *own]))

    @property
    def local_uuid(self) -> UUID | None:
        """The local id as a UUID; None if it is not one."""
        return _uuid(self.local)

    @property
    def local_number(self) -> int | None:
        """The local id as a position (seq) in a ledger; None if it is not one."""
        fits = self.local.isascii() and self.local.isdecimal() and len(self.local) < 19
        return int(self.local) if fits else None


def ids_of(type_: str) -> Callable[[UUID, object], ID]:
    """Makes the ids of a type whose objects belong to members: of the member's id, and the object's own id there, which
    is not empty. Base64 writes three bytes at a time, so the first groups depend on the member alone."""

    @lru_cache(maxsize=_KEPT)
    def start(member_id: UUID) -> tuple[str, str]:
        text = f"{type_}:{member_id}:"
        end = len(text) // 3 * 3
        return opaque(text[:end]), text[end:]

    def make(member_id: UUID, local: object) -> ID:
        written, rest = start(member_id)
        return ID(written + (_numbered(rest, local) if type(local) is int else opaque(f"{rest}{local}")))

    return make


@lru_cache(maxsize=_KEPT)
def _numbered(rest: str, number: int) -> str:
    """The end of the id of something that a member's ledger numbers; most numbers are low."""
    return opaque(f"{rest}{number}")


def read_id(text: str) -> GlobalId | None:
    """The parts of a client's id; None for a text that this file did not make."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        read = None if has_unkeepable_text(decoded) else _parse(decoded)
    except (binascii.Error, UnicodeError, ValueError):
        return None
    return read if len(text) <= _LONGEST and read is not None and str(read) == text else None


def verdict_named(text: str) -> tuple[UUID, UUID] | None:
    """The member and the verdict that a client's id names; None if it is not a verdict's id."""
    read = read_id(text)
    if read is None or read.type != "Verdict" or read.member_id is None or read.local_uuid is None:
        return None
    return read.member_id, read.local_uuid


def line_named(text: str) -> tuple[UUID, int] | None:
    """The member, and the position of the line of history, that a client's id names; None if it is not a line's id."""
    read = read_id(text)
    if read is None or read.type != "PointsEntry" or read.member_id is None or read.local_number is None:
        return None
    return read.member_id, read.local_number


def delivery_named(text: str) -> tuple[str, str] | None:
    """The producer and the event id of the delivery that a client's id names; None if it is not a delivery's id."""
    read = read_id(text)
    if read is None or read.type != "WebhookDelivery":
        return None
    producer, _, event_id = read.local.partition(":")
    return (producer, event_id) if producer and event_id else None


def _parse(decoded: str) -> GlobalId | None:
    type_, _, rest = decoded.partition(":")
    if type_ in OF_NOBODY:
        return GlobalId(type_, local=rest) if rest else None
    owner, _, local = rest.partition(":")
    member_id = _uuid(owner)
    return GlobalId(type_, member_id, local) if member_id is not None else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
