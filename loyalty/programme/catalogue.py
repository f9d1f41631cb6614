"""Terms, campaigns and rewards as of one version of the programme."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property

import asyncpg

from db import programme as rows
from db.pool import Queryable
from loyalty.programme.rules.campaigns import Campaign
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.rewards import Reward, offered
from loyalty.programme.rules.terms import Terms, terms_at
from loyalty.programme.rules.terms_document import terms_from


@dataclass(frozen=True)
class Catalogue:
    """All terms by market (oldest first), all campaigns, all rewards, as of one version of the programme.

    It has no slots, so that what is derived of it can be kept with it.
    """

    version: int
    terms: Mapping[str, tuple[Terms, ...]]
    campaigns: tuple[Campaign, ...]
    rewards: tuple[Reward, ...]

    def terms_for(self, market: str, moment: datetime) -> Terms | None:
        """The terms in force in a market at a moment; None where it was not open then (R2)."""
        return terms_at(self.terms.get(market, ()), moment)

    def terms_in_force(self, market: str, moment: datetime) -> Terms:
        """The terms in force in a market that has members. Raises LookupError if it was not open."""
        terms = self.terms_for(market, moment)
        if terms is None:
            raise LookupError(f"No terms are in force in {market} at {moment}.")
        return terms

    def terms_called(self, market: str, version: str) -> Terms:
        """One version by name. Raises KeyError for an unknown one."""
        for terms in self.terms[market]:
            if terms.version == version:
                return terms
        raise KeyError(version)

    def began_on(self, market: str) -> date:
        """The day the programme began in a market that is open."""
        return self.terms[market][0].effective_from

    @cached_property
    def new_ways(self) -> tuple[str, ...]:
        """The ways to earn that some terms have and the contract does not define (R22), by their own names."""
        versions = (terms for of_market in self.terms.values() for terms in of_market)
        return tuple(sorted({kind for terms in versions for kind in terms.ways if kind not in EntryKind.__members__}))

    @cached_property
    def open_markets(self) -> tuple[str, ...]:
        """Every market with terms, by its two letters."""
        return tuple(sorted(self.terms))

    def offered(self, market: str, moment: datetime) -> list[Reward]:
        """The rewards of a market whose window is open, cheapest first (R40, R41)."""
        return offered(self._rewards_by_market.get(market, ()), market, moment)

    def reward(self, reward_id: str) -> Reward | None:
        """One reward by id."""
        return self._rewards_by_id.get(reward_id)

    @cached_property
    def _rewards_by_id(self) -> Mapping[str, Reward]:
        return {reward.reward_id: reward for reward in self.rewards}

    @cached_property
    def _rewards_by_market(self) -> Mapping[str, list[Reward]]:
        return {market: [each for each in self.rewards if each.market == market] for market in self.terms}

    def campaign(self, campaign_id: str) -> Campaign | None:
        """One campaign by id."""
        return next((campaign for campaign in self.campaigns if campaign.id == campaign_id), None)

    def campaigns_called(self, campaign_ids: tuple[str, ...]) -> tuple[Campaign, ...]:
        """The campaigns with these ids."""
        return tuple(campaign for campaign in self.campaigns if campaign.id in campaign_ids)

    def campaigns_as_judged(self, campaign_ids: tuple[str, ...]) -> tuple[Campaign, ...]:
        """The campaigns of an order's judgement, in their planned windows: one ended since still counts (R21)."""
        return tuple(replace(campaign, ended_at=None) for campaign in self.campaigns_called(campaign_ids))


async def catalogue_now(db: Queryable) -> Catalogue:
    """The programme as it is now, read without a cache; a `Programme` caches it."""
    return await read_catalogue(db, await rows.programme_version(db))


async def read_catalogue(db: Queryable, version: int) -> Catalogue:
    """The programme as of a version that was just read."""
    terms: dict[str, tuple[Terms, ...]] = {}
    for row in await rows.all_terms(db):
        terms[row["market"]] = (*terms.get(row["market"], ()), terms_from(row["document"]))
    return Catalogue(
        version=version,
        terms=terms,
        campaigns=tuple(_campaign(row) for row in await rows.all_campaigns(db)),
        rewards=tuple(Reward(**dict(row.items())) for row in await rows.all_rewards(db)),
    )


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(
        id=str(row["campaign_id"]),
        name=row["name"],
        markets=frozenset(row["markets"]),
        kinds=frozenset(row["kinds"]),
        effect=row["effect"],
        factor=Fraction(row["factor"]) if row["factor"] is not None else None,
        bonus=row["bonus"],
        product_ids=frozenset(row["product_ids"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        ended_at=row["ended_at"],
        names=tuple(sorted(row["names"].items())),
    )
