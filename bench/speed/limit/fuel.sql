-- Three rows of a claim: the day, the promise, the balance that shows it as pending.
\set member random(1, :members)
with claimed as (insert into usual.fuel_days (member_id, day) values (:member, date '2000-01-01' + (random() * 1000000)::int) on conflict do nothing returning member_id), promised as (insert into usual.promises (member_id, points, due_at) select member_id, 2, now() + interval '5 minutes' from claimed returning member_id) update usual.members m set pending = pending + 2 from promised where m.id = promised.member_id returning m.pending;
