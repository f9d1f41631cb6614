-- The three reads of the home screen over the plain tables; the member by its key.
\set member random(1, :members)
select id, available, pending, debt, lifetime from usual.members where mi_id = 'seed-' || (:member)::text;
select id, kind, points, balance_after, occurred_at, reference from usual.entries where member_id = :member order by id desc limit 21;
select id, code, state, cost, value_minor, currency, issued_at, expires_at from usual.coupons where member_id = :member order by id desc limit 11;
