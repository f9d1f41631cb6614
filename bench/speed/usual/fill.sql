-- The same members, points and coupons as in this project's database, as plain rows, with points enough for any number
-- of redemptions. Indexes of the lists come with the last statements.
insert into usual.members (id, mi_id, market, state, available, pending, debt, lifetime)
select row_number() over (order by m.joined_at, a.mi_id), a.mi_id, m.market, m.state,
       b.available + 1000000, b.pending, b.debt, b.lifetime
from public.mi_accounts a
join public.members m using (member_id)
join public.balances b using (member_id);

insert into usual.entries (member_id, kind, points, balance_after, occurred_at, reference)
select u.id, t.kind, t.points, t.balance_after, t.occurred_at, t.reference
from usual.members u
join public.mi_accounts a using (mi_id)
join public.transfers t using (member_id)
where t.points is not null
order by u.id, t.seq;

insert into usual.rewards (id, market, cost, value_minor, currency, valid_days)
select reward_id, market, cost, value_minor, currency, valid_days
from public.rewards;

insert into usual.coupons
    (member_id, reward_id, code, state, cost, value_minor, currency, issued_at, expires_at)
select u.id, c.reward_id, c.code, c.state, c.cost, c.value_minor, c.currency, c.issued_at, c.expires_at
from usual.members u
join public.mi_accounts a using (mi_id)
join public.coupons c using (member_id)
order by u.id, c.issued_at;

create index entries_of_member on usual.entries (member_id, id desc);
create index coupons_of_member on usual.coupons (member_id, id desc);
create index promises_to_post on usual.promises (due_at) where posted_at is null;
