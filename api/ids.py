"""Global ids: opaque text for clients; for us a type, its member and its own id. They are made and read only here."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
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


@dataclass(frozen=True, slots=True)
class MembersIds:
    """The ids of a type whose objects belong to members. Base64 writes three bytes at a time, so the first part of an
    id depends on the member alone. With `is_numbered`, a ledger numbers the objects: most numbers are low."""

    type: str
    is_numbered: bool = False

    def __call__(self, member_id: UUID, local: UUID | int) -> ID:
        """The id of an object, by its own id within the member's."""
        start, rest = _start(self.type, member_id)
        return ID(start + self._end(rest, local))

    def many(self, member_ids: Sequence[UUID], locals_: Sequence[UUID | int]) -> Sequence[str]:
        """Several ids."""
        if len(set(member_ids)) > 1:
            return list(map(self, member_ids, locals_))
        start, rest = _start(self.type, member_ids[0])
        return list(map(start.__add__, map(partial(self._end, rest), locals_)))

    @property
    def _end(self) -> Callable[[str, UUID | int], str]:
        return _numbered_end if self.is_numbered else _end


@lru_cache(maxsize=_KEPT)
def _start(type_: str, member_id: UUID) -> tuple[str, str]:
    """The first part of an id, and the text that is left for the second part."""
    text = f"{type_}:{member_id}:"
    end = len(text) // 3 * 3
    return opaque(text[:end]), text[end:]


def _end(rest: str, local: UUID | int) -> str:
    return opaque(f"{rest}{local}")


_numbered_end = lru_cache(maxsize=_KEPT)(_end)


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
