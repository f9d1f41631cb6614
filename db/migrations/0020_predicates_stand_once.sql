-- Two questions that several statements ask, each written once. The planner unfolds both into the statement that asks, and
-- both act with the rights of whoever asks. Their numbers are those of db/limits.py (tests/test_limits.py).

-- A member's lots that must be booked by now, before anything that fell due later (R50): the member is to be notified of
-- them, or they are to lapse. The day in the member's market decides; the first bound is wide enough for every time zone
-- and spares most members the look at their market. A view with parameters: a plain view would look at the market first.
create function lots_behind(member uuid, member_market text) returns table (lapses_on date)
language sql stable parallel safe
begin atomic
    select l.lapses_on
    from lots l
    where
        l.member_id = member and l.remaining > 0
        and l.lapses_on <= (select programme_now())
            + case when l.is_noticed then interval '15 hours' else interval '32 days' end
        and exists (
            select from market_days d
            where
                d.market = member_market
                and l.lapses_on <= case when l.is_noticed then d.today else d.told_until end
        );
end;

-- Carriers give their tracking numbers again. News of a parcel means an order as long as the order was recorded, or news
-- of that parcel last came, less than 180 days before.
create view orders_of_parcels with (security_invoker) as
select
    t.tracking_number, t.number, t.member_id,
    greatest(o.recorded_at, (
        select max(f.told_at)
        from order_facts f
        where
            f.member_id = t.member_id and f.number = t.number
            and f.content ->> 'tracking_number' = t.tracking_number
    )) + interval '180 days' as meant_until
from tracking_numbers t
join orders o using (member_id, number);

grant select on orders_of_parcels to mipoints_app;
