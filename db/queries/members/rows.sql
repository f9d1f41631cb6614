-- name: members_by_mi_id
-- Members with their balances, by Mi account id, as of the programme's moment and version.
select
    m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now, p.version as programme_version
from mi_accounts a
join members m using (member_id)
join balances b using (member_id)
cross join programme_state p
where a.mi_id = any($1::text[]);

-- name: members_by_id
-- The same by member id; an erased person has no Mi account any more and is left out.
select
    m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now, p.version as programme_version
from members m
join mi_accounts a using (member_id)
join balances b using (member_id)
cross join programme_state p
where m.member_id = any($1::uuid[]);

-- name: erased_member
-- A member whose person was erased, under its pseudonym: for repeated requests whose answers are older (R61, R71).
select
    m.member_id, m.member_id::text as mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now, p.version as programme_version
from members m
join balances b using (member_id)
cross join programme_state p
where m.member_id = $1;
