-- name: orders_to_give_up
-- Orders with points that wait for a delivery and without news for longer than their terms wait (R31a): the longest silent
-- first, at most $1. Those of suspended members, and those with facts that still wait, come later.
select distinct w.waited_until, w.member_id, w.number
from promises p
join orders_waited_for w using (member_id, verdict_id)
join members m using (member_id)
where
    p.state = 'PROMISED' and p.awaiting = 'DELIVERY' and m.state = 'ACTIVE'
    and p.promised_at <= programme_now() - (
        select make_interval(days => min(coalesce((document ->> 'waiting_days')::int, 180))) from terms
    )
    and w.waited_until <= programme_now()
    and not exists (select from kept_facts k where k.member_id = w.member_id and k.number = w.number)
order by w.waited_until, w.member_id, w.number
limit $1;

-- name: order_waited_until
-- Until when a member's order is waited for, if that is over; no row otherwise.
select waited_until from orders_waited_for
where member_id = $1 and number = $2 and waited_until <= programme_now();
