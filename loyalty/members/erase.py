"""An operator erases a person (R71): the Mi account goes, the ledger keeps its sums under a pseudonym."""

from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, ForgottenPerson, NewLogEntry
from db.members.membership import belongings
from db.pool import Queryable
from db.webhooks.inbox import empty_deliveries_of_member
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide import decide
from loyalty.members.forfeit import forfeit_by, write_forfeit
from loyalty.members.set_state import in_state, member_answer, state_for_log
from loyalty.programme.programme import Programme


async def erase_member(programme: Programme, caller: Caller, mi_id: str, reason: str, key: str) -> UUID:
    """Forfeits what closing does and removes the person; gives the member that is left, known by its id alone.

    What producers sent about its orders is emptied in the same transaction; what they send later, when it is applied.

    A salted hash remembers which points were given once, so that the person may join anew and is not given them
    again. Refusals: NotAMember, IdempotencyMismatch.
    """
    request = request_of(caller, "eraseMember", key, [mi_id, reason])

    async def judge(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        left = await belongings(db, member.member_id)
        catalogue = await programme.catalogue_at(member.programme_version, db)
        person_hash = await programme.person_hash(mi_id, db)
        changes = Changes(forgotten=[ForgottenPerson(person_hash.hex())])
        if member.state != "CLOSED":
            changes.members.append(in_state(member, "CLOSED"))
        terms = catalogue.terms_in_force(member.market, member.now)
        write_forfeit(changes, member, left, terms, key=key, business_key="erased")
        changes.operator_log.append(
            NewLogEntry(
                actor=caller.name or "",
                action="eraseMember",
                reason=reason,
                before=state_for_log(member, forfeit_by(member, left)),
                after={"state": "CLOSED", "is_erased": True},
            )
        )
        return changes, member_answer(member.member_id)

    async def empty_deliveries(db: Queryable, member: MemberToJudge) -> None:
        await empty_deliveries_of_member(db, member.member_id)

    answer = await decide(programme.db, MemberRef(mi_id=mi_id), request, judge, afterwards=empty_deliveries)
    return UUID(answer["member_id"])
