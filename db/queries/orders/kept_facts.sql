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
