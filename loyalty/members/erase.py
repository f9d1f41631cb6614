"""An operator erases a person (R71): the Mi account is removed; the ledger keeps its sums under a pseudonym."""

from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, ForgottenPerson, NewLogEntry
from db.members.membership import belongings
from db.pool import Queryable
from db.webhooks.inbox import empty_deliveries_of_member
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.members.forfeit import forfeit_by, write_forfeit
from loyalty.members.rules.membership import Forfeit
from loyalty.members.set_state import in_state, member_answer, state_for_log
from loyalty.programme.programme import Programme


async def erase_member(programme: Programme, caller: Caller, mi_id: str, reason: str, key: str) -> UUID:
    """Forfeits as much as closing does and removes the person; gives the id of the member that remains.

    Stored deliveries about its orders are emptied in the same transaction; later ones when they are applied.

    A salted hash records which points were given once, so that a person who joins again does not get
    them again. Refusals: NotAMember, IdempotencyMismatch.
    """
    request = request_of(caller, "eraseMember", key, [mi_id, reason])

    erasure = _Erasure(programme, caller, mi_id, reason, key)
    decision = Decision(MemberRef(mi_id=mi_id), request, erasure.judge, afterwards=_empty_deliveries)
    answer = (await decide(programme.db, decision)).answer
    return UUID(answer["member_id"])


async def _empty_deliveries(db: Queryable, member: MemberToJudge) -> None:
    await empty_deliveries_of_member(db, member.member_id)


@dataclass(frozen=True, slots=True)
class _Erasure:
    """A person to erase, while that is judged."""

    programme: Programme
    caller: Caller
    mi_id: str
    reason: str
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The member closed, without what it had and without its person."""
        left = await belongings(db, member.member_id)
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        person_hash = await self.programme.person_hash(self.mi_id, db)
        changes = Changes(forgotten=[ForgottenPerson(person_hash.hex())])
        if member.state != "CLOSED":
            changes.members.append(in_state(member, "CLOSED"))
        terms = catalogue.terms_in_force(member.market, member.now)
        write_forfeit(changes, member, left, terms, key=self.key, business_key="erased")
        changes.operator_log.append(self._log(member, forfeit_by(member, left)))
        return Ruling(member_answer(member.member_id), changes)

    def _log(self, member: MemberToJudge, forfeit: Forfeit) -> NewLogEntry:
        return NewLogEntry(
            actor=self.caller.name or "",
            action="eraseMember",
            reason=self.reason,
            before=state_for_log(member, forfeit),
            after={"state": "CLOSED", "is_erased": True},
        )
