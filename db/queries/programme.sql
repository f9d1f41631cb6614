-- name: programme_version
select version from programme_state;

-- name: all_terms
select market, version, effective_from, document from terms order by market, effective_from;

-- name: all_campaigns
select campaign_id, name, markets, starts_at, ends_at, effect, kinds, factor, bonus, product_ids
from campaigns
order by starts_at, campaign_id;

-- name: all_rewards
select
    reward_id, market, name, value_minor, currency, cost, valid_days, minimum_minor, available_from,
    available_until, stock_left, per_member, conditions
from rewards
order by market, cost, reward_id;

-- name: save_terms
-- A version of terms is never rewritten: the first form of it stays.
insert into terms (market, version, effective_from, document)
values ($1, $2, $3, $4)
on conflict (market, version) do nothing
returning version;

-- name: save_catalogue_reward
insert into rewards (reward_id, market, name, value_minor, currency, cost, valid_days, conditions)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (reward_id) do nothing
returning reward_id;

-- name: save_campaign
-- Beside itself, a campaign that is sent twice under one id is one campaign.
with saved as (
    insert into campaigns (
        campaign_id, name, markets, starts_at, ends_at, effect, kinds, factor, bonus, product_ids
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (campaign_id) do nothing
    returning campaign_id
),
told as (
    update programme_state set version = version + 1 where exists (select from saved)
)
select campaign_id from saved;

-- name: programme_changed
update programme_state set version = version + 1;
