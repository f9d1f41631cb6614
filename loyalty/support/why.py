"""Tells support in sentences what was decided for a member and why (R62)."""

from dataclasses import dataclass
from datetime import datetime

from db.members.rows import members_by_mi_id
from db.support.why import WhyRow, why_rows
from loyalty.coupons.codes import code_as_stored
from loyalty.programme.programme import Programme
from loyalty.support.why_sentences import SENTENCES

MOST_OF_A_SOURCE = 200


@dataclass(frozen=True, slots=True)
class SupportQuestion:
    """Whose decisions are asked for, and of which order or coupon (its code as a person types it); None: of all."""

    mi_id: str
    order_number: str | None = None
    coupon_code: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence, its moment and its source: VERDICT, REFUSAL, WAIT, FACT, KEPT_FACT, DELIVERY, COUPON, OPERATOR,
    ORDER or MEMBER."""

    at: datetime
    source: str
    sentence: str


async def why(programme: Programme, question: SupportQuestion, language: str) -> list[Explanation] | None:
    """What was decided and why, newest first; None if nothing is known under this Mi account.

    At most MOST_OF_A_SOURCE sentences of each source. A person who was refused and has not joined is known by its
    refusals alone. What members read is in `language`; the rest is in English, for support.
    """
    db, code = programme.db, question.coupon_code
    members = await members_by_mi_id(db, [question.mi_id])
    person_hash = (await programme.person_hash(question.mi_id, db)).hex()
    code = code_as_stored(code) if code is not None else None
    member_id = members[0].member_id if members else None
    rows = await why_rows(db, member_id, person_hash, question.order_number, code, MOST_OF_A_SOURCE)
    known = [_explained(row, language) for row in rows if members or row.source == "REFUSAL"]
    return known or None


def _explained(row: WhyRow, language: str) -> Explanation:
    return Explanation(row.at, row.source, SENTENCES[row.source](row.facts, language))
