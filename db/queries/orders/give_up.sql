-- name: orders_to_give_up
-- Orders with points that wait for a delivery and without news for longer than their terms wait (R31a): the longest silent
-- first, at most $1. Those of suspended members, and those with facts that still wait, come later. The limit within has
-- each order looked up, so that orders without such points are not read.
select w.waited_until, w.member_id, w.number
from (
    select distinct p.member_id, p.verdict_id
    from promises p
    where
        p.state = 'PROMISED' and p.awaiting = 'DELIVERY'
        and p.promised_at <= programme_now() - (
            select make_interval(days => min(coalesce((document ->> 'waiting_days')::int, 180))) from terms
        )
) waiting
cross join lateral (
    select w.waited_until, w.member_id, w.number
    from orders_waited_for w
    where w.member_id = waiting.member_id and w.verdict_id = waiting.verdict_id
    limit 1
) w
where
    w.waited_until <= programme_now()
    and (select m.state from members m where m.member_id = w.member_id) = 'ACTIVE'
    and (select k.number from kept_facts k where k.member_id = w.member_id and k.number = w.number limit 1) is null
order by w.waited_until, w.member_id, w.number
limit $1;

-- name: order_waited_until
-- Until when a member's order is waited for, if that is over; no row otherwise.
select waited_until from orders_waited_for
where member_id = $1 and number = $2 and waited_until <= programme_now();
