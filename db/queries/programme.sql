-- name: programme_version
select version from programme_state;

-- name: all_terms
-- Terms that an earlier release stored do not say how long an order's pieces are waited for (R31a): 180 days.
select market, version, effective_from, '{"waiting_days": 180}' || document as document
from terms
order by market, effective_from;

-- name: all_campaigns
select campaign_id, name, markets, starts_at, ends_at, ended_at, effect, kinds, factor, bonus, product_ids, names
from campaigns
order by starts_at, campaign_id;

-- name: all_rewards
select
    reward_id, market, name, value_minor, currency, cost, valid_days, minimum_minor, available_from,
    available_until, stock_left, per_member, conditions, ended_at, waits
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

-- name: save_reward
insert into rewards (
    reward_id, market, name, value_minor, currency, cost, valid_days, minimum_minor, available_from, available_until,
    stock_left, per_member, conditions, waits, asked_by
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: reward_to_decide
select waits, ended_at, asked_by from rewards where reward_id = $1;

-- name: change_reward
-- A reward waits no longer: it is offered, or it ends at $2.
update rewards set waits = false, ended_at = $2 where reward_id = $1;

-- name: save_exclusions
-- Products ($2) that coupons may not buy. Of two exclusions from the same moment the longer stays; null: no end.
insert into product_exclusions as e (market, product_id, excluded_from, excluded_until, reason)
select $1, product_id, $3, $4::timestamptz, $5
from unnest($2::text[]) as product_id
order by product_id
on conflict (market, product_id, excluded_from) do update
set excluded_until = case
    when e.excluded_until is null or excluded.excluded_until is null then null
    else greatest(e.excluded_until, excluded.excluded_until)
end;

-- name: end_exclusions
-- Ends the exclusions of products ($2) of a market ($1) that hold at $3 or later; those that have not begun never hold.
update product_exclusions
set excluded_until = greatest(excluded_from, $3)
where market = $1 and product_id = any($2::text[]) and (excluded_until is null or excluded_until > greatest(excluded_from, $3))
returning product_id;

-- name: save_campaign
-- A campaign that is sent twice under one id, even at once, is one campaign.
insert into campaigns (campaign_id, name, markets, starts_at, ends_at, effect, kinds, factor, bonus, product_ids, names)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (campaign_id) do nothing
returning campaign_id;

-- name: set_campaign_end
-- The campaign stops at $2. If it is over by then, or was ended before, it is unchanged.
update campaigns
set ended_at = $2
where campaign_id = $1 and ended_at is null and ends_at > $2
returning campaign_id;

-- name: programme_changed
update programme_state set version = version + 1;

-- name: lock_programme
-- Locks the programme until the transaction ends, so that changes to it come one after another.
select version from programme_state for update;

-- name: log_action
-- Logs an operator's change of the programme itself; changes of a member are logged by `record`.
insert into operator_log (entry_id, actor, action, reason, before, after, done_at)
values (gen_random_uuid(), $1, $2, $3, $4, $5, programme_now());
