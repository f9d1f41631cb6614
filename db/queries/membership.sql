-- What becomes of a membership: facts kept while it is suspended, what it would leave behind, who was here before.

-- name: keep_fact
-- An order's fact that moved no points, because its member is suspended.
insert into kept_facts (member_id, number, fact_key, kept_at) values ($1, $2, $3, programme_now());

-- name: kept_facts
-- What was kept of a member's orders and moved no points yet, in the order it came.
select number, fact_key from kept_facts where member_id = $1 order by kept_at, number, fact_key;

-- name: drop_kept_facts
-- These are being applied, by the transaction that holds the member.
delete from kept_facts k
using unnest($2::text[], $3::text[]) as taken (number, fact_key)
where k.member_id = $1 and k.number = taken.number and k.fact_key = taken.fact_key;

-- name: members_with_kept_facts
-- Members that may be credited again and whose orders' facts still wait.
select distinct k.member_id
from kept_facts k
join members m using (member_id)
where m.state = 'ACTIVE'
limit $1;

-- name: belongings
-- What a member that leaves would forfeit: open promises, coupons not spent, and verdicts that wait with what was
-- already credited of each.
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

-- name: person_salt
select salt from person_salt;

-- name: given_once
-- What a person was given once before being erased.
select kind from once_given where person_hash = $1 order by kind;
