-- Whoever reports an order's number and a tracking number together leads later news of that parcel to the order (R34). The
-- carrier may be reported later than the number.
grant update (carrier) on tracking_numbers to mipoints_app;

-- Such reports from before lead to their orders from now on, and free the deliveries that wait for them.
insert into tracking_numbers (tracking_number, number, carrier, member_id)
select distinct on (f.content ->> 'tracking_number', f.number)
    f.content ->> 'tracking_number', f.number, f.content ->> 'carrier', f.member_id
from order_facts f
where f.kind <> 'Returned' and f.content ->> 'tracking_number' is not null
order by f.content ->> 'tracking_number', f.number, f.content ->> 'carrier'
on conflict (tracking_number, number) do nothing;

-- A carrier may report several numbers that may be the order's: a parked delivery waits for each of them.
alter table inbox add column other_order_numbers text[] not null default '{}';
create index inbox_parked_by_other_order on inbox using gin (other_order_numbers) where state = 'PARKED';
grant update (other_order_numbers) on inbox to mipoints_app;

-- Until when each order is waited for (R31a): so many days of its terms after its last news, 180 where they do not say.
create view orders_waited_for with (security_invoker) as
select
    o.member_id, o.number, o.verdict_id,
    heard.at + make_interval(days => coalesce((t.document ->> 'waiting_days')::int, 180)) as waited_until
from orders o
join members m using (member_id)
join terms t on t.market = m.market and t.version = o.terms_version
cross join lateral (
    select greatest(o.recorded_at, max(f.told_at)) as at
    from order_facts f
    where f.member_id = o.member_id and f.number = o.number
) heard;

grant select on orders_waited_for to mipoints_app;

-- The same view as before, with the carrier that was reported with the number. An order that was given up can be meant for
-- as long again: a late delivery still counts (R31a).
create or replace view orders_of_parcels with (security_invoker) as
select
    t.tracking_number, t.number, t.member_id,
    greatest(o.recorded_at, (
        select max(f.told_at)
        from order_facts f
        where
            f.member_id = t.member_id and f.number = t.number
            and (f.content ->> 'tracking_number' = t.tracking_number or f.kind = 'GivenUp')
    )) + interval '180 days' as meant_until,
    t.carrier
from tracking_numbers t
join orders o using (member_id, number);

-- The rows of a decision, as in migration 0021.
create type record_kept_facts as (
    member_id uuid, number text, fact_key text
);

create type record_linked_parcels as (
    member_id uuid, tracking_number text, number text, carrier text
);
