-- name: kept_facts
-- The stored facts of a member's orders that moved no points yet, in the order they came.
select number, fact_key from kept_facts where member_id = $1 order by kept_at, number, fact_key;

-- name: drop_kept_facts
-- Deletes stored facts, in the transaction that locks the member and applies them.
delete from kept_facts k
using unnest($2::text[], $3::text[]) as taken (number, fact_key)
where k.member_id = $1 and k.number = taken.number and k.fact_key = taken.fact_key;

-- name: members_with_kept_facts
-- Members that can be credited again and have facts that still wait. Each member is looked up once.
select k.member_id
from (select distinct member_id from kept_facts) k
where (select m.state from members m where m.member_id = k.member_id) = 'ACTIVE'
limit $1;
