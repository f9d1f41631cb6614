-- The end of a membership: the points and coupons that a member would forfeit, and the once-only points that an erased
-- person already had.

-- name: belongings
-- Everything a member would forfeit by leaving: open promises, unspent coupons, and waiting verdicts with the points
-- already credited under each.
select
    (
        select coalesce(jsonb_agg(jsonb_build_array(
            p.promise_id, p.verdict_id, p.points, p.source, p.reference
        ) order by p.promise_id), '[]')
        from promises p
        where p.member_id = $1 and p.state = 'PROMISED'
    ) as promises,
    (
        select coalesce(jsonb_agg(jsonb_build_array(
            c.coupon_id, c.order_number, c.discount_minor, c.value_minor, c.currency
        ) order by c.coupon_id), '[]')
        from coupons c
        where
            c.member_id = $1
            and (c.state = 'RESERVED' or (c.state = 'AVAILABLE' and c.expires_at > programme_now()))
    ) as coupons,
    (
        select coalesce(jsonb_agg(jsonb_build_array(
            v.verdict_id,
            (
                select coalesce(sum(p.points), 0)
                from promises p
                where p.member_id = v.member_id and p.verdict_id = v.verdict_id and p.state = 'POSTED'
            )
        ) order by v.verdict_id), '[]')
        from verdicts v
        where v.member_id = $1 and v.outcome = 'WAITING'
    ) as waiting;

-- name: ended_holds
-- A member's holds that have ended and are not credited, with the terms that each was judged by.
select p.promise_id, p.points, v.terms_version
from promises p join verdicts v using (member_id, verdict_id)
where p.member_id = $1 and p.state = 'PROMISED' and p.due_at <= programme_now()
order by p.due_at, p.promise_id;

-- name: person_salt
select salt from person_salt;

-- name: given_once
-- The once-only points that a person got before being erased (R71).
select kind from once_given where person_hash = $1 order by kind;
