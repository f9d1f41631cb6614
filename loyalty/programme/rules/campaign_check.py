"""Checks each field of a campaign that an operator sent (R21; the list of InvalidInput)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from loyalty.programme.rules.campaigns import HIGHEST_BONUS, HIGHEST_FACTOR, Campaign, Effect, is_factor
from loyalty.programme.rules.input_problems import InputProblem
from loyalty.programme.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class CampaignToCheck:
    """A campaign as an operator sent it: the lists unchanged, the factor exact."""

    name: str
    markets: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    effect: Effect
    kinds: tuple[str, ...]
    factor: Fraction | None = None
    bonus: int | None = None
    product_ids: tuple[str, ...] = ()

    def under(self, campaign_id: str) -> Campaign:
        """The campaign it describes, with an id. Repeated names count once."""
        return Campaign(
            id=campaign_id,
            name=self.name,
            markets=frozenset(self.markets),
            kinds=frozenset(self.kinds),
            effect=self.effect,
            factor=self.factor,
            bonus=self.bonus,
            product_ids=frozenset(self.product_ids),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


def check_campaign(campaign: CampaignToCheck, terms: Mapping[str, tuple[Terms, ...]]) -> list[InputProblem]:
    """Every problem of a campaign as (path from its input, sentence); empty when it can be made.

    `terms` are all versions of each open market.
    """
    return [
        *_name(campaign),
        *_markets(campaign, terms),
        *_window(campaign),
        *_kinds(campaign, terms),
        *_effect(campaign),
    ]


def is_way(kind: str, markets: Iterable[str], terms: Mapping[str, tuple[Terms, ...]]) -> bool:
    """Whether any version of one of these markets' terms has a kind as a way to earn (R22)."""
    return any(version.way(kind) for market in markets for version in terms.get(market, ()))


def _name(campaign: CampaignToCheck) -> Iterator[InputProblem]:
    if not campaign.name.strip():
        yield ("name",), "A campaign needs a name."


def _markets(campaign: CampaignToCheck, terms: Mapping[str, tuple[Terms, ...]]) -> Iterator[InputProblem]:
    if not campaign.markets:
        yield ("markets",), "A campaign runs in at least one market."
    for place, market in enumerate(campaign.markets):
        if market not in terms:
            yield ("markets", str(place)), f"Mi Points is not offered in {market}."


def _window(campaign: CampaignToCheck) -> Iterator[InputProblem]:
    if campaign.ends_at <= campaign.starts_at:
        yield ("endsAt",), "A campaign ends after its start."


def _kinds(campaign: CampaignToCheck, terms: Mapping[str, tuple[Terms, ...]]) -> Iterator[InputProblem]:
    if not campaign.kinds:
        yield ("kinds",), "A campaign is for at least one way to earn."
    for place, kind in enumerate(campaign.kinds):
        if not is_way(kind, campaign.markets, terms):
            yield ("kinds", str(place)), f"{kind} is no way to earn there."


def _effect(campaign: CampaignToCheck) -> Iterator[InputProblem]:
    """MULTIPLY needs a factor and no bonus; BONUS needs points and no factor."""
    if campaign.effect == "MULTIPLY":
        if campaign.factor is None or not is_factor(campaign.factor):
            yield ("factor",), f"MULTIPLY needs a factor above 1, of at most two decimals and at most {HIGHEST_FACTOR}."
        if campaign.bonus is not None:
            yield ("bonus",), "A bonus goes with BONUS, not with MULTIPLY."
        return
    if campaign.bonus is None or not 1 <= campaign.bonus <= HIGHEST_BONUS:
        yield ("bonus",), f"BONUS needs a bonus of 1 to {HIGHEST_BONUS} points."
    if campaign.factor is not None:
        yield ("factor",), "A factor goes with MULTIPLY, not with BONUS."
