"""An operator suspends, reinstates or closes a membership (R5)."""

from dataclasses import dataclass, field
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedMember, ChangedPromise, Changes, NewLogEntry
from db.members.membership import belongings, ended_holds
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.resolve import credit_first
from loyalty.ledger.written import Written
from loyalty.members.forfeit import forfeit_by, write_forfeit
from loyalty.members.rules.membership import Forfeit, may_become
from loyalty.orders.settle_kept import KEPT_AT_ONCE, settle_kept
from loyalty.programme.calendars import lot_of
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput


@dataclass(frozen=True, slots=True)
class StateChange:
    """An operator's request: the state, the reason, and whether the losses of closing are confirmed."""

    mi_id: str
    state: str
    reason: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """The member whose membership was changed."""

    member_id: UUID
    written: Written | None = field(default=None, compare=False, repr=False)


async def set_member_state(programme: Programme, caller: Caller, change: StateChange, key: str) -> UUID:
    """Changes a membership's state and logs who did it and why; gives the member.

    Reinstating credits the holds that ended meanwhile, as of this moment, and applies the kept facts of orders: up to
    KEPT_AT_ONCE now, the rest by workers right after. Closing forfeits points, promises and coupons and needs a
    confirmation: InvalidInput CONFIRM_FORFEIT names what would be lost. Other refusals: NotAMember, InvalidInput for a
    closed membership (closed is final), IdempotencyMismatch.
    """
    request = request_of(
        caller, "setMemberState", key, [change.mi_id, change.state, change.reason, change.is_confirmed]
    )

    who, changing = MemberRef(mi_id=change.mi_id), _Changing(programme, caller, change, key)
    await credit_first(programme, who)
    decision = Decision(who, request, changing.judge, afterwards=changing.apply_kept_facts)
    answer = (await decide(programme.db, decision)).answer
    return UUID(answer["member_id"])


@dataclass(frozen=True, slots=True)
class _Changing:
    """A change of a membership's state, while it is judged."""

    programme: Programme
    caller: Caller
    change: StateChange
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The membership in its new state; nothing where it is in it. Raises InvalidInput."""
        if not may_become(member.state, self.change.state):
            raise InvalidInput("A closed membership stays closed.", "state")
        changes = Changes()
        if member.state != self.change.state:
            await self._write(changes, db, member)
        return Ruling(member_answer(member.member_id), changes)

    async def apply_kept_facts(self, db: Queryable, member: MemberToJudge) -> None:
        """Applies the kept facts of a suspended member's orders when it is reinstated (R5)."""
        if (member.state, self.change.state) == ("SUSPENDED", "ACTIVE"):
            await catch_up(db, member.member_id)
            await settle_kept(self.programme, db, member.member_id, KEPT_AT_ONCE)

    async def _write(self, changes: Changes, db: Queryable, member: MemberToJudge) -> None:
        change = self.change
        changes.members.append(in_state(member, change.state))
        if member.state == "SUSPENDED" and change.state == "ACTIVE":
            changes.changed_promises.extend(await self._ended_holds(db, member))
        forfeit = await self._close(changes, db, member) if change.state == "CLOSED" else None
        changes.operator_log.append(
            NewLogEntry(
                actor=self.caller.name or "",
                action="setMemberState",
                reason=change.reason,
                before=state_for_log(member, forfeit),
                after={"state": change.state},
            )
        )

    async def _ended_holds(self, db: Queryable, member: MemberToJudge) -> list[ChangedPromise]:
        """The holds that ended while the member was suspended, due now: they lapse as if credited now (R5, R50)."""
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        now = member.now
        return [
            ChangedPromise(
                hold.promise_id,
                "PROMISED",
                hold.points,
                due_at=now,
                lapses_on=lot_of(now, catalogue.terms_called(member.market, hold.terms_version)),
            )
            for hold in await ended_holds(db, member.member_id)
        ]

    async def _close(self, changes: Changes, db: Queryable, member: MemberToJudge) -> Forfeit:
        """Adds what closing forfeits. Raises InvalidInput where that was not confirmed."""
        left = await belongings(db, member.member_id)
        forfeit = forfeit_by(member, left)
        if not self.change.is_confirmed:
            raise InvalidInput(
                f"Closing this membership forfeits {forfeit.sentence}, for good. Ask again with `confirm: true`.",
                "confirm",
                code="CONFIRM_FORFEIT",
            )
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        terms = catalogue.terms_in_force(member.market, member.now)
        write_forfeit(changes, member, left, terms, key=self.key, business_key="closed")
        return forfeit


def in_state(member: MemberToJudge, state: str) -> ChangedMember:
    """The membership in another state from now on."""
    return ChangedMember(state, member.now, member.time_zone, member.zone_before, member.zone_since)


def state_for_log(member: MemberToJudge, forfeit: Forfeit | None) -> dict[str, str | int]:
    """A membership before its change, for the operators' log; nothing in it names the person."""
    state_before: dict[str, str | int] = {"state": member.state, "available": member.available, "debt": member.debt}
    return state_before if forfeit is None else state_before | {"pending": forfeit.pending, "coupons": forfeit.coupons}


def member_answer(member_id: UUID) -> Answer:
    """A changed member as it is stored under the idempotency key."""
    return {"type": "MemberChanged", "member_id": str(member_id)}
