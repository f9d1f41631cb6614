"""An operator suspends, reinstates or closes a membership (R5)."""

from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedMember, Changes, NewLogEntry
from db.members.membership import belongings
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.decide import decide
from loyalty.members.forfeit import forfeit_by, write_forfeit
from loyalty.members.rules.membership import Forfeit, may_become
from loyalty.orders.settle import settle_kept
from loyalty.orders.settle_kept import KEPT_AT_ONCE
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput


@dataclass(frozen=True, slots=True)
class StateChange:
    """What an operator asks for: the state, why, and whether a closing's losses are agreed to."""

    mi_id: str
    state: str
    reason: str
    is_confirmed: bool = False


async def set_member_state(programme: Programme, caller: Caller, change: StateChange, key: str) -> UUID:
    """Changes a membership's state and logs who did it and why; gives the member.

    Reinstating credits the holds that fell due meanwhile and applies what was kept of orders: some at once, what is
    more than that by workers right after. Closing forfeits points,
    promises and coupons, and wants to be confirmed: InvalidInput CONFIRM_FORFEIT says what would be lost. Other
    refusals: NotAMember, InvalidInput for a closed membership (closed is final), IdempotencyMismatch.
    """
    request = request_of(
        caller, "setMemberState", key, [change.mi_id, change.state, change.reason, change.is_confirmed]
    )

    async def judge(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        answer = member_answer(member.member_id)
        if not may_become(member.state, change.state):
            raise InvalidInput("A closed membership stays closed.", "state")
        if member.state == change.state:
            return Changes(), answer
        changes = Changes(members=[in_state(member, change.state)])
        forfeit = await _close(programme, db, member, change, changes, key) if change.state == "CLOSED" else None
        changes.operator_log.append(
            NewLogEntry(
                actor=caller.name or "",
                action="setMemberState",
                reason=change.reason,
                before=state_for_log(member, forfeit),
                after={"state": change.state},
            )
        )
        return changes, answer

    async def apply_what_was_kept(db: Queryable, member: MemberToJudge) -> None:
        if (member.state, change.state) == ("SUSPENDED", "ACTIVE"):
            await catch_up(db, member.member_id)
            await settle_kept(programme, db, member.member_id, KEPT_AT_ONCE)

    answer = await decide(programme.db, MemberRef(mi_id=change.mi_id), request, judge, afterwards=apply_what_was_kept)
    return UUID(answer["member_id"])


async def _close(
    programme: Programme, db: Queryable, member: MemberToJudge, change: StateChange, changes: Changes, key: str
) -> Forfeit:
    """Adds what closing forfeits. Raises InvalidInput where that was not confirmed."""
    left = await belongings(db, member.member_id)
    forfeit = forfeit_by(member, left)
    if not change.is_confirmed:
        raise InvalidInput(
            f"Closing this membership forfeits {forfeit.sentence}, for good. Ask again with `confirm: true`.",
            "confirm",
            code="CONFIRM_FORFEIT",
        )
    catalogue = await programme.catalogue_at(member.programme_version, db)
    terms = catalogue.terms_in_force(member.market, member.now)
    write_forfeit(changes, member, left, terms, key=key, business_key="closed")
    return forfeit


def in_state(member: MemberToJudge, state: str) -> ChangedMember:
    """The membership in another state from now on."""
    return ChangedMember(state, member.now, member.time_zone, member.zone_before, member.zone_since)


def state_for_log(member: MemberToJudge, forfeit: Forfeit | None) -> dict[str, str | int]:
    """What the operators' log says of a membership before it was changed; nothing that names the person."""
    told: dict[str, str | int] = {"state": member.state, "available": member.available, "debt": member.debt}
    return told if forfeit is None else told | {"pending": forfeit.pending, "coupons": forfeit.coupons}


def member_answer(member_id: UUID) -> Answer:
    """A changed member as the idempotency key keeps it."""
    return {"type": "MemberChanged", "member_id": str(member_id)}
