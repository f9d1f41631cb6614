-- name: member_to_judge
-- Everything that decisions about members read, each as of one version of its member, with the caller's earlier answer to
-- the same key; for one decision, or for several that wait. `place` is the decision that a row belongs to, from 1. A
-- member is named by Mi account id ($1) or by member id ($2). $3: the calling service, null if the member itself calls;
-- $4: its key. $5: the kind of slots to read, the lasting and the recent ones; $6: a product whose slot is read too. How
-- far back fuel days and slots are read bounds `late_hours` (MOST_LATE_HOURS in loyalty/programme/rules/terms_document.py).
-- The limits have members and answers looked up by their keys, even by a plan that was made when there were few.
select
    wanted.place::int as place, m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state, m.state_since,
    m.earlier_zones,
    b.available, b.pending, b.debt, b.lifetime, b.version, b.seq, b.head,
    (select programme_now()) as now,
    p.version as programme_version,
    r.input_hash, r.answer,
    (
        select coalesce(jsonb_agg(jsonb_build_array(s.period, s.n)), '[]')
        from slots s
        where s.member_id = m.member_id and s.kind = wanted.slot_kind and (
            s.period in ('', wanted.product_id) or (
                s.period >= to_char((select programme_now()) - interval ':slots_days days', 'YYYY-MM')
                and s.period ~ '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$'
            )
        )
    ) as slots,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.day, f.streak, f.bonuses) order by f.day), '[]')
        from fuel_days f
        where wanted.slot_kind = 'FUEL' and f.member_id = m.member_id and f.day >= ((select programme_now()) - interval ':fuel_days days')::date
    ) as fuel_days,
    (
        select coalesce(jsonb_agg(jsonb_build_array(l.lapses_on, l.remaining) order by l.lapses_on), '[]')
        from lots l
        where l.member_id = m.member_id and l.remaining > 0
    ) as lots,
    exists (select from lots_behind(m.member_id, m.market)) as is_behind
from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
    with ordinality as wanted (mi_id, member_id, service_id, key, slot_kind, product_id, place)
cross join lateral (
    select *
    from members
    where member_id = coalesce(wanted.member_id, (select n.member_id from mi_accounts n where n.mi_id = wanted.mi_id))
    limit 1
) m
join balances b on b.member_id = m.member_id
left join mi_accounts a on a.member_id = m.member_id
cross join programme_state p
left join lateral (
    select q.input_hash, q.answer
    from requests q
    where q.caller_id = coalesce(wanted.service_id, m.member_id) and q.key = wanted.key
    limit 1
) r on true;

-- name: lock_member_to_judge
-- Locks one member, named either way, until the transaction ends.
select b.member_id
from balances b
where b.member_id = coalesce($2, (select member_id from mi_accounts where mi_id = $1))
for update;
