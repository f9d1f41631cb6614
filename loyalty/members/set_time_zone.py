"""A member chooses another time zone of its market (R20)."""

from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedMember, Changes
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.members.set_state import MembershipChanged, member_answer
from loyalty.programme.calendars import calendar_of
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import Calendar
from loyalty.refusals import InvalidInput, NotAllowed


async def set_time_zone(
    programme: Programme, caller: Caller, mi_id: str, time_zone: str, key: str
) -> MembershipChanged:
    """Changes the zone of a member's days and months, from the end of its current day on; gives the member.

    Of several changes in a day the last counts. Refusals: NotAMember, InvalidInput for a zone that is not the
    market's, NotAllowed for a closed membership, IdempotencyMismatch.
    """
    request = request_of(caller, "setTimeZone", key, [mi_id, time_zone])

    choosing = _Choosing(programme, time_zone)
    result = await decide(programme.db, Decision(MemberRef(mi_id=mi_id), request, choosing.judge))
    return MembershipChanged(UUID(result.answer["member_id"]), result.written)


@dataclass(frozen=True, slots=True)
class _Choosing:
    """A zone that a member chose, while that is judged."""

    programme: Programme
    time_zone: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The member in its zone from the end of its day on. Raises NotAllowed, InvalidInput."""
        if member.state == "CLOSED":
            raise NotAllowed("This membership is closed.")
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        zones = catalogue.terms_in_force(member.market, member.now).time_zones
        if self.time_zone not in zones:
            raise InvalidInput(f"{member.market} has the time zones {', '.join(zones)}.", "timeZone")
        chosen = calendar_of(member).changed_to(self.time_zone, member.now)
        return Ruling(member_answer(member.member_id), Changes(members=[_in_zones_of(chosen, member)]))


def _in_zones_of(chosen: Calendar, member: MemberToJudge) -> ChangedMember:
    return ChangedMember(
        state=member.state,
        state_since=member.state_since,
        time_zone=chosen.zone,
        zone_before=chosen.zone_before,
        zone_since=chosen.zone_since,
        earlier_zones=chosen.earlier,
    )
