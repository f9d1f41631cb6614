"""The member's next steps: ways to earn, the fuel streak, the next reward, and points about to lapse."""

from datetime import date, datetime
from typing import NamedTuple

import strawberry

from api.schema.earning.caps import Cap as CapType
from api.schema.enums import WAY, EntryKind, kind_of, way_of
from api.schema.programme.rewards import Reward as RewardType
from api.schema.refusals import Refusal, answer_of
from api.schema.rows import made_of
from loyalty import refusals
from loyalty.earning.rules.activity import WayView
from loyalty.earning.rules.fuel import FuelView
from loyalty.messages.sentences import way_sentence
from loyalty.programme.rules.rewards import Reward
from loyalty.programme.rules.terms import Terms, Way


@strawberry.type(description="A way to earn in the member's market, as it stands now.")
class WayToEarn:
    kind: EntryKind = strawberry.field(description="What earns.")
    way: str | None = strawberry.field(description=WAY)
    points: int = strawberry.field(description="Points for one, campaigns running now included.")
    cap: CapType | None = strawberry.field(description="Null where uncapped.")
    unavailable: Refusal | None = strawberry.field(description="Null when it can be earned now.")
    description: str = strawberry.field(description="For the member, in the language of Accept-Language.")

    @classmethod
    def of(cls, way: WayView, terms: Terms, state: str, language: str) -> "WayToEarn":
        """A way to earn for a member in this state."""
        return _way(_Shown(way, terms.ways[way.kind], terms.currency, state, language))


class _Shown(NamedTuple):
    """A way to earn, its term and currency, and the state and the language of the member."""

    view: WayView
    term: Way
    currency: str
    state: str
    language: str


def _description(shown: _Shown) -> str:
    view, term, currency, _, language = shown
    return way_sentence(view.kind, view.points, language, term.cap_limit, term.cap_period, term.actions, currency)


def _unavailable(shown: _Shown) -> Refusal | None:
    way, _, _, state, language = shown
    if state != "ACTIVE":
        return answer_of(refusals.MemberNotActive(state), language)
    if way.unavailable_code is None:
        return None
    available_at = way.cap.resets_at if way.cap else None
    sentence = "This cannot be earned again right now."
    return answer_of(refusals.Unavailable(way.unavailable_code, sentence, available_at), language)


_way = made_of(
    WayToEarn,
    kind=lambda row: kind_of(row.view.kind),
    way=lambda row: way_of(row.view.kind),
    points="view.points",
    cap=lambda row: CapType.of(row.view.cap),
    unavailable=_unavailable,
    description=_description,
)


@strawberry.type(description="Fuel: collected once a day; seven days in a row bring a bonus.")
class FuelStreak:
    day_in_cycle: int = strawberry.field(description="1 to 7; 0 before the first.")
    streak_days: int = strawberry.field(description="Consecutive days up to now.")
    collected_today: bool = strawberry.field(description="Whether today's was collected.")
    next_claim_at: datetime = strawberry.field(description="When fuel can be collected next; now, if it can be.")
    next_points: int = strawberry.field(description="Points for the next claim, the 7th day's bonus included.")

    @classmethod
    def of(cls, view: FuelView) -> "FuelStreak":
        """The streak that the rules computed."""
        return cls(
            day_in_cycle=view.day_in_cycle,
            streak_days=view.streak_days,
            collected_today=view.collected_today,
            next_claim_at=view.next_claim_at,
            next_points=view.next_points,
        )


@strawberry.type(description="Points that lapse on a day.")
class LapsingPoints:
    points: int = strawberry.field(description="How many.")
    lapses_on: date = strawberry.field(description="The day on which they are gone.")


@strawberry.type(description="How far a reward is.")
class RewardProgress:
    reward: RewardType = strawberry.field(description="The cheapest reward that is not affordable yet.")
    missing: int = strawberry.field(description="Points that are missing.")

    @classmethod
    def of(cls, found: tuple[Reward, int] | None) -> "RewardProgress | None":
        """A reward of the catalogue and the points missing; None for none."""
        if found is None:
            return None
        reward, missing = found
        return cls(reward=RewardType.of(reward), missing=missing)
