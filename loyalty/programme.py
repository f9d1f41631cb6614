"""The programme as it stands: terms, campaigns and rewards, read from the database and never out of date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import asyncpg

from db import programme as rows
from db.pool import Database, Queryable
from loyalty.rules.campaigns import Campaign
from loyalty.rules.terms import RewardTerm, Terms, catalogue_of, terms_at, terms_from
from loyalty.terms.files import shipped_terms


@dataclass(frozen=True, slots=True)
class Reward:
    """What points can be turned into, in one market. Values in minor units, cost in points, validity in days."""

    reward_id: str
    market: str
    name: str
    value_minor: int
    currency: str
    cost: int
    valid_days: int
    minimum_minor: int | None
    available_from: datetime | None
    available_until: datetime | None
    stock_left: int | None
    per_member: int | None
    conditions: str

    def is_offered(self, moment: datetime) -> bool:
        """Whether its window is open (R41)."""
        return (self.available_from is None or self.available_from <= moment) and (
            self.available_until is None or moment < self.available_until
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All terms by market (oldest first), all campaigns, all rewards, as of one version of the programme."""

    version: int
    terms: Mapping[str, tuple[Terms, ...]]
    campaigns: tuple[Campaign, ...]
    rewards: tuple[Reward, ...]

    def terms_for(self, market: str, moment: datetime) -> Terms | None:
        """The terms in force in a market at a moment; None where it was not open then (R2)."""
        return terms_at(self.terms.get(market, ()), moment)

    def terms_called(self, market: str, version: str) -> Terms:
        """One version by name. Raises KeyError for an unknown one."""
        for terms in self.terms[market]:
            if terms.version == version:
                return terms
        raise KeyError(version)

    @property
    def open_markets(self) -> tuple[str, ...]:
        """Every market with terms, by its two letters."""
        return tuple(sorted(self.terms))

    def reward(self, reward_id: str) -> Reward | None:
        """One reward by id."""
        return next((reward for reward in self.rewards if reward.reward_id == reward_id), None)

    def campaign(self, campaign_id: str) -> Campaign | None:
        """One campaign by id."""
        return next((campaign for campaign in self.campaigns if campaign.id == campaign_id), None)

    def campaigns_called(self, campaign_ids: tuple[str, ...]) -> tuple[Campaign, ...]:
        """The campaigns with these ids."""
        return tuple(campaign for campaign in self.campaigns if campaign.id in campaign_ids)


@dataclass(slots=True)
class Programme:
    """The database with the programme's data beside it. `hold_seconds` replaces every hold in the sandbox."""

    db: Database
    hold_seconds: int | None = None
    _read: Catalogue | None = field(default=None, repr=False)

    async def catalogue(self) -> Catalogue:
        """The programme now: one small question to the database, and a reading of it only when it changed."""
        return await self.catalogue_at(await rows.programme_version(self.db), self.db)

    async def catalogue_at(self, version: int, db: Queryable) -> Catalogue:
        """The programme as of a version that was just read together with other things."""
        if self._read is None or self._read.version != version:
            self._read = await _read_catalogue(db, version)
        return self._read


async def _read_catalogue(db: Queryable, version: int) -> Catalogue:
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
    )


async def load_shipped(connection: asyncpg.Connection) -> list[str]:
    """Adds the shipped terms and each market's catalogue (R2, R22, R40), keeping what is there; names what it added."""
    added: list[str] = []
    async with connection.transaction():
        for document in shipped_terms():
            terms = terms_from(document)
            if await rows.save_terms(connection, terms.market, terms.version, terms.effective_from, document):
                added.append(terms.version)
            added += [reward.id for reward in catalogue_of(terms) if await _load_reward(connection, reward)]
        if added:
            await rows.programme_changed(connection)
    return added


async def _load_reward(db: Queryable, reward: RewardTerm) -> bool:
    return await rows.save_catalogue_reward(
        db,
        reward.id,
        reward.market,
        reward.name,
        reward.value_minor,
        reward.currency,
        reward.cost,
        reward.valid_days,
        reward.conditions,
    )


async def create_campaign(db: Queryable, campaign_id: UUID, campaign: Campaign) -> bool:
    """Adds a campaign under an id; False when that id is there already. Its effect begins with its window (R21)."""
    factor = campaign.factor
    return await rows.save_campaign(
        db,
        campaign_id,
        campaign.name,
        sorted(campaign.markets),
        campaign.starts_at,
        campaign.ends_at,
        campaign.effect,
        sorted(campaign.kinds),
        Decimal(factor.numerator) / Decimal(factor.denominator) if factor is not None else None,
        campaign.bonus,
        sorted(campaign.product_ids),
    )
