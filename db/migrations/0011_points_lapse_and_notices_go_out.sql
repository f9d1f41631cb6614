-- Lapsing and notices (R50): what is due is found by index, once for each lot and coupon.
alter table lots add column is_noticed boolean not null default false;
alter table coupons add column is_noticed boolean not null default false;

-- A lot with points in it is in exactly one of these; an emptied one in neither.
create index lots_to_tell on lots (lapses_on, member_id) where remaining > 0 and not is_noticed;
create index lots_to_lapse on lots (lapses_on, member_id) where remaining > 0 and is_noticed;
create index coupons_to_tell on coupons (expires_at) where state in ('AVAILABLE', 'EXPIRED') and not is_noticed;

-- A notice is handed over at least once: it is leased for a while, and a failing one waits longer each time.
alter table notices add column attempts int not null default 0;
alter table notices add column not_before timestamptz;
alter table notices add column error text;
create index notices_to_send on notices (created_at) where sent_at is null;

-- What happened since a day is little beside all that ever happened: the ledger grows in the order of time.
create index transfers_by_moment on transfers using brin (occurred_at) with (pages_per_range = 16);

-- Terms say how long before its end a coupon is told of; those that were loaded before did not.
update terms
set document = document || '{"coupon_notice_days": 7}'
where not document ? 'coupon_notice_days';

-- Each market's zone (that of its latest terms), its day now, up to which lapse date points are told of by now, and
-- how many days before their end coupons are.
create view market_days as
select
    t.market, t.zone, t.coupon_notice_days, d.today,
    (date_trunc('month', d.today) + interval '1 month')::date as told_until
from (
    select distinct on (market)
        market, document -> 'time_zones' ->> 0 as zone,
        (document ->> 'coupon_notice_days')::int as coupon_notice_days
    from terms
    order by market, effective_from desc
) t
cross join lateral (select (programme_now() at time zone t.zone)::date as today) d;

grant select on market_days to mipoints_app;
grant update (is_noticed) on lots, coupons to mipoints_app;
grant update (attempts, not_before, error) on notices to mipoints_app;
