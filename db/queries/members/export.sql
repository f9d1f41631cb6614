-- name: export_member
-- Everything that is stored about one member ($1: its Mi account id), as of one moment: its rows of every table,
-- complete, each list in the order it grew; and the deliveries of producers about its orders, bodies in base64; and, by
-- the hash of its person ($2), refusals before joining. No row for an unknown account.
select
    jsonb_build_object('mi_id', a.mi_id, 'exported_at', programme_now()) || to_jsonb(m) as member,
    to_jsonb(b) - 'member_id' as balance,
    (
        select coalesce(jsonb_agg(to_jsonb(l) - 'member_id' order by l.lapses_on), '[]')
        from lots l where l.member_id = m.member_id
    ) as lots,
    (
        select coalesce(jsonb_agg(to_jsonb(t) - 'member_id' order by t.seq), '[]')
        from transfers t where t.member_id = m.member_id
    ) as entries,
    (
        select coalesce(jsonb_agg(to_jsonb(v) - 'member_id' order by v.decided_at, v.verdict_id), '[]')
        from verdicts v where v.member_id = m.member_id
    ) as verdicts,
    (
        select coalesce(jsonb_agg(to_jsonb(d) - 'member_id' order by d.told_at, d.verdict_id), '[]')
        from moderations d where d.member_id = m.member_id
    ) as moderations,
    (
        select coalesce(jsonb_agg(to_jsonb(p) - 'member_id' order by p.promised_at, p.promise_id), '[]')
        from promises p where p.member_id = m.member_id
    ) as promises,
    (
        select coalesce(jsonb_agg(to_jsonb(s) - 'member_id' order by s.kind, s.period, s.n), '[]')
        from slots s where s.member_id = m.member_id
    ) as slots,
    (
        select coalesce(jsonb_agg(to_jsonb(f) - 'member_id' order by f.day), '[]')
        from fuel_days f where f.member_id = m.member_id
    ) as fuel_days,
    (
        select coalesce(jsonb_agg(to_jsonb(o) - 'member_id' order by o.placed_at, o.number), '[]')
        from orders o where o.member_id = m.member_id
    ) as orders,
    (
        select coalesce(jsonb_agg(to_jsonb(f) - 'member_id' order by f.told_at, f.number, f.fact_key), '[]')
        from order_facts f where f.member_id = m.member_id
    ) as order_facts,
    (
        select coalesce(jsonb_agg(to_jsonb(k) - 'member_id' order by k.kept_at, k.number, k.fact_key), '[]')
        from kept_facts k where k.member_id = m.member_id
    ) as kept_facts,
    (
        select coalesce(jsonb_agg(to_jsonb(q) - 'member_id' order by q.asked_at, q.number, q.producer), '[]')
        from parcel_questions q where q.member_id = m.member_id
    ) as parcel_questions,
    (
        select coalesce(jsonb_agg(
            to_jsonb(i) - 'body' - 'body_hash' || jsonb_build_object('body', encode(i.body, 'base64'))
            order by i.received_at, i.producer, i.event_id
        ), '[]')
        from inbox i
        where i.order_number in (select o.number from orders o where o.member_id = m.member_id)
    ) as deliveries,
    (
        select coalesce(jsonb_agg(to_jsonb(c) - 'member_id' order by c.issued_at, c.coupon_id), '[]')
        from coupons c where c.member_id = m.member_id
    ) as coupons,
    (
        select coalesce(jsonb_agg(to_jsonb(r) - 'member_id' order by r.reserved_at, r.coupon_id), '[]')
        from coupon_reservations r where r.member_id = m.member_id
    ) as coupon_reservations,
    (
        select coalesce(jsonb_agg(to_jsonb(n) - 'member_id' order by n.created_at, n.notice_id), '[]')
        from notices n where n.member_id = m.member_id
    ) as notices,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'sequence', o.sequence, 'type', o.type, 'recipient', split_part(split_part(e.url, '/', 3), ':', 1),
                'event_id', o.event_id, 'entry_seq', o.entry_seq, 'coupon_id', o.coupon_id, 'notice_id', o.notice_id,
                'state', o.state, 'attempts', o.attempts, 'created_at', o.created_at, 'delivered_at', o.delivered_at
            ) order by o.sequence, o.endpoint_id
        ), '[]')
        from outgoing o join endpoints e using (endpoint_id)
        where o.member_id = m.member_id
    ) as told_to_others,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'key', r.key, 'caller', case when r.caller_id = m.member_id then 'member' else 'service' end,
                'answer', r.answer ->> 'type', 'code', r.answer ->> 'code', 'answered_at', r.answered_at
            ) order by r.answered_at, r.key
        ), '[]')
        from (
            select * from requests where caller_id = m.member_id
            union all
            select * from requests where member_id = m.member_id and caller_id <> member_id
            union all
            select * from requests where answer ? 'person_hash' and answer ->> 'person_hash' = $2
        ) r
    ) as requests,
    (
        select coalesce(jsonb_agg(to_jsonb(g) - 'member_id' order by g.done_at, g.entry_id), '[]')
        from operator_log g where g.member_id = m.member_id
    ) as operator_log
from mi_accounts a
join members m using (member_id)
join balances b using (member_id)
where a.mi_id = $1;
