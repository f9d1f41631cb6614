-- name: keep_delivery
-- Keeps one delivery of a producer; the same event again is no new row, for ever.
insert into inbox (producer, event_id, type, body, headers, received_at)
values ($1, $2, $3, $4, $5, programme_now())
on conflict (producer, event_id) do nothing
returning event_id;

-- name: kept_body_hash
-- SHA-256 of the body as it came, of one that an erasure has emptied too (R71).
select coalesce(body_hash, sha256(body)) from inbox where producer = $1 and event_id = $2;

-- name: deliveries_to_apply
-- What a worker may try now, oldest first, without locking anything.
select producer, event_id
from inbox
where state = 'RECEIVED' and attempts < :most_attempts and (not_before is null or not_before <= clock_timestamp())
order by received_at
limit $1;

-- name: lock_delivery
-- Takes one delivery until the transaction ends; null when another worker has it or it is done.
select producer, event_id, type, body, headers, received_at, attempts, body_hash is not null as is_emptied
from inbox
where producer = $1 and event_id = $2 and state = 'RECEIVED'
for update skip locked;

-- name: finish_delivery
-- What became of a delivery: applied, parked until its order is known, or ignored with a reason. While it is parked,
-- not_before says when to look again whether it can be decided: the longer it waits, the more rarely, up to a day.
update inbox
set
    state = $3, error = $4, order_number = coalesce($5, order_number),
    tracking_number = coalesce($6, tracking_number), attempts = attempts + ($3 <> 'PARKED')::int,
    applied_at = case when $3 = 'APPLIED' then programme_now() end,
    not_before = case
        when $3 = 'PARKED' then
            clock_timestamp() + greatest(interval '30 s', least(interval '1 day', programme_now() - received_at))
    end
where producer = $1 and event_id = $2
returning exists (
    select from order_numbers n
    where
        n.number = inbox.order_number and inbox.body <> ''
        and not exists (select from mi_accounts a where a.member_id = n.member_id)
) as holds_an_erased_person;

-- name: postpone_delivery
-- A delivery that cannot be applied stops itself and nothing else: tried again with growing pauses, and dead after its last attempt. Its
-- order, where it was found ($4), is remembered: the delivery is held about a member (R71).
update inbox
set
    attempts = attempts + 1,
    not_before = clock_timestamp() + make_interval(secs => least(:longest_retry_seconds, 2 ^ attempts)),
    error = left($3, :longest_error_characters),
    order_number = coalesce($4, order_number),
    state = case when attempts + 1 >= :most_attempts then 'DEAD' else state end
where producer = $1 and event_id = $2 and state = 'RECEIVED'
returning exists (
    select from order_numbers n
    where
        n.number = inbox.order_number and inbox.body <> ''
        and not exists (select from mi_accounts a where a.member_id = n.member_id)
) as holds_an_erased_person;

-- name: empty_deliveries_of_order
-- An erased member's order: what was sent about it keeps its hash and nothing else (R71).
select empty_deliveries_of_erased($1);

-- name: empty_deliveries_of_member
select empty_deliveries_of_erased(number) from orders where member_id = $1;

-- name: pause_delivery
-- Its member is busy: looked at again in a second, and no attempt is counted.
update inbox
set not_before = clock_timestamp() + interval '1 second'
where producer = $1 and event_id = $2 and state = 'RECEIVED';

-- name: link_parcels_to_order
-- The shop said in which parcels an order travels ($3 tracking numbers, $4 carriers): carriers' news of them finds it
-- like a recorded one's. Said again, or recorded with the order, it stays as it was.
insert into tracking_numbers (tracking_number, number, carrier, member_id)
select distinct on (p.tracking_number) p.tracking_number, $1, p.carrier, $2
from unnest($3::text[], $4::text[]) as p (tracking_number, carrier)
order by p.tracking_number, p.carrier
on conflict (tracking_number, number) do nothing;

-- name: unpark_deliveries
-- What waited for this order, or for one of its parcels, may be applied now. Rows somebody else frees are left.
update inbox
set state = 'RECEIVED', not_before = null
where (producer, event_id) in (
    select producer, event_id from inbox
    where state = 'PARKED' and (order_number = $1 or tracking_number = any ($2::text[]))
    order by producer, event_id
    for update skip locked
)
returning event_id;

-- name: unpark_known
-- The same for every parked delivery whose order has become known, for the case that nobody was left to say so.
-- A tracking number of several orders does not say which one is meant, unless the carrier does: such a delivery is
-- looked at again when its not_before has come, and is parked anew where it stays undecided. An order without
-- recent news is not meant (`orders_of_parcels`).
update inbox
set state = 'RECEIVED', not_before = null
where (producer, event_id) in (
    select i.producer, i.event_id from inbox i
    where i.state = 'PARKED' and (
        exists (select from order_numbers n where n.number = i.order_number)
        or exists (
            select from orders_of_parcels t
            where t.tracking_number = i.tracking_number and t.meant_until > i.received_at
            having count(*) = 1 or (count(*) > 1 and coalesce(i.not_before, '-infinity') <= clock_timestamp())
        )
    )
    order by i.producer, i.event_id
    for update skip locked
)
returning event_id;

-- name: mark_parked_dead
-- A delivery whose order nobody recorded in all that time is given up on; it can be replayed.
update inbox
set state = 'DEAD', error = 'Its order was not told within :parked_days days.'
where (producer, event_id) in (
    select producer, event_id from inbox
    where state = 'PARKED' and received_at < programme_now() - interval ':parked_days days'
    order by producer, event_id
    for update skip locked
)
returning event_id;
