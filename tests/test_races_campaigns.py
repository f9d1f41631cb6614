"""Campaigns sent many times at once: one key, one file and one end have one effect (R21, R61)."""

import asyncio
from datetime import timedelta
from fractions import Fraction

import asyncpg

from db import clock
from loyalty.callers import Caller
from loyalty.operators.campaigns import create_campaign, end_campaign
from loyalty.operators.load_campaigns import load_campaigns
from loyalty.programme.files import shipped_campaign
from loyalty.programme.programme import Programme
from loyalty.programme.rules.campaign_check import CampaignToCheck

OPERATOR = Caller("olga", frozenset({"operator"}), is_service=True)


async def double_points(programme: Programme) -> CampaignToCheck:
    now = await clock.now(programme.db)
    window = now - timedelta(days=1), now + timedelta(days=1)
    return CampaignToCheck("Double", ("ES",), *window, "MULTIPLY", ("PURCHASE",), Fraction(2))


async def logged(owner: asyncpg.Connection, action: str) -> int:
    count: int = await owner.fetchval("select count(*) from operator_log where action = $1", action)
    return count


async def test_one_key_many_times_at_once_makes_one_campaign(programme: Programme, owner: asyncpg.Connection):
    campaign = await double_points(programme)
    made = await asyncio.gather(*(create_campaign(programme, OPERATOR, campaign, f"key-{n % 3}") for n in range(60)))
    assert len(set(made)) == 3
    assert await owner.fetchval("select count(*) from campaigns") == 3
    assert await logged(owner, "createCampaign") == 3


async def test_a_campaign_ended_many_times_at_once_ends_once(programme: Programme, owner: asyncpg.Connection):
    campaign_id = await create_campaign(programme, OPERATOR, await double_points(programme), "make")
    await asyncio.gather(*(end_campaign(programme, OPERATOR, campaign_id, f"end-{n}") for n in range(30)))
    assert await logged(owner, "endCampaign") == 1


async def test_a_file_loaded_many_times_at_once_is_loaded_once(programme: Programme, owner: asyncpg.Connection):
    document = shipped_campaign("members_week_2022")
    loaded = await asyncio.gather(*(load_campaigns(programme.db, document, f"op-{n}") for n in range(12)))
    assert sum(is_new for each in loaded for _, is_new in each) == 6
    assert await logged(owner, "loadCampaign") == 6
    assert len((await programme.catalogue()).campaigns) == 6
