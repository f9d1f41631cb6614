-- name: keep_delivery
-- Stores one delivery of a producer. The same event never becomes a second row.
insert into inbox (producer, event_id, type, body, headers, received_at)
values ($1, $2, $3, $4, $5, programme_now())
on conflict (producer, event_id) do nothing
returning event_id;

-- name: kept_body_hash
-- SHA-256 of the body as it was received, even if an erasure has emptied it since (R71).
select coalesce(body_hash, sha256(body)) from inbox where producer = $1 and event_id = $2;

-- name: deliveries_to_apply
-- Deliveries that a worker may try now, oldest first. Nothing is locked.
select producer, event_id
from inbox
where state = 'RECEIVED' and attempts < :most_attempts and (not_before is null or not_before <= programme_now())
order by received_at
limit $1;

-- name: lock_delivery
-- Locks one delivery until the transaction ends; no row if another worker has it or it is done.
select producer, event_id, type, body, headers, received_at, attempts, body_hash is not null as is_emptied
from inbox
where producer = $1 and event_id = $2 and state = 'RECEIVED'
for update skip locked;

-- name: finish_delivery
-- Writes the result of a delivery: applied, parked until its order is known, or ignored with a reason. A parked one is
-- tried again at not_before: the longer it has waited, the longer the pause, up to one day. Returns whether its body
-- must be emptied, because its order is an erased member's (R71).
update inbox
set
    state = $3, error = $4, order_number = coalesce($5, order_number),
    tracking_number = coalesce($6, tracking_number), attempts = attempts + ($3 <> 'PARKED')::int,
    applied_at = case when $3 = 'APPLIED' then programme_now() end,
    not_before = case
        when $3 = 'PARKED' then
            programme_now() + greatest(interval '30 s', least(interval '1 day', programme_now() - received_at))
    end
where producer = $1 and event_id = $2
returning exists (
    select from order_numbers n
    where
        n.number = inbox.order_number and inbox.body <> ''
        and not exists (select from mi_accounts a where a.member_id = n.member_id)
) as holds_an_erased_person;

-- name: postpone_delivery
-- Counts a failed attempt of one delivery; no other delivery waits for it. It is tried again with growing pauses and is
-- dead after its last attempt. The number of its order, if it was found ($4), is stored, so that an erasure or export
-- of that member finds the delivery (R71).
update inbox
set
    attempts = attempts + 1,
    not_before = programme_now() + make_interval(secs => least(:longest_retry_seconds, 2 ^ attempts)),
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
-- Empties the deliveries about an erased member's order: only the hash of the body stays (R71).
select empty_deliveries_of_erased($1);

-- name: empty_deliveries_of_member
select empty_deliveries_of_erased(number) from orders where member_id = $1;

-- name: pause_delivery
-- Another writer has its member: the delivery is tried again in a second, and no attempt is counted.
update inbox
set not_before = programme_now() + interval '1 second'
where producer = $1 and event_id = $2 and state = 'RECEIVED';

-- name: link_parcels_to_order
-- Stores the parcels in which the shop has sent an order ($3 tracking numbers, $4 carriers), so that carriers'
-- deliveries about them find the order, as with recorded parcels. A parcel that is already stored does not change.
insert into tracking_numbers (tracking_number, number, carrier, member_id)
select distinct on (p.tracking_number) p.tracking_number, $1, p.carrier, $2
from unnest($3::text[], $4::text[]) as p (tracking_number, carrier)
order by p.tracking_number, p.carrier
on conflict (tracking_number, number) do nothing;

-- name: unpark_deliveries
-- Frees the deliveries that are parked for this order or for one of its parcels. Rows locked by another are skipped.
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
-- Frees every parked delivery whose order is known by now, in case the process that should have freed it has died. If
-- several orders have the tracking number, only the carrier can decide which one is meant: such a delivery is tried
-- again at its not_before, and parked again if it stays undecided. An order without recent news is not meant
-- (`orders_of_parcels`).
update inbox
set state = 'RECEIVED', not_before = null
where (producer, event_id) in (
    select i.producer, i.event_id from inbox i
    where i.state = 'PARKED' and (
        exists (select from order_numbers n where n.number = i.order_number)
        or exists (
            select from orders_of_parcels t
            where t.tracking_number = i.tracking_number and t.meant_until > i.received_at
            having count(*) = 1 or (count(*) > 1 and coalesce(i.not_before, '-infinity') <= programme_now())
        )
    )
    order by i.producer, i.event_id
    for update skip locked
)
returning event_id;

-- name: mark_parked_dead
-- Marks deliveries dead whose order was not recorded in time; they can be replayed.
update inbox
set state = 'DEAD', error = 'Its order was not told within :parked_days days.'
where (producer, event_id) in (
    select producer, event_id from inbox
    where state = 'PARKED' and received_at < programme_now() - interval ':parked_days days'
    order by producer, event_id
    for update skip locked
)
returning event_id;
