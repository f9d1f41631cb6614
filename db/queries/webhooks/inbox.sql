-- name: keep_deliveries
-- Stores deliveries of different events, and returns those that were not stored before. The order of their keys keeps
-- two statements that store the same events from waiting for each other.
insert into inbox (producer, event_id, type, body, headers, received_at)
select sent.producer, sent.event_id, sent.type, sent.body, sent.headers, programme_now()
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[])
    as sent (producer, event_id, type, body, headers)
order by sent.producer, sent.event_id
on conflict (producer, event_id) do nothing
returning producer, event_id;

-- name: kept_body_hash
-- SHA-256 of the body as it was received, even if an erasure has emptied it since (R71).
select coalesce(body_hash, sha256(body)) from inbox where producer = $1 and event_id = $2;

-- name: deliveries_to_apply
-- Deliveries that a worker may try now, oldest first, without those that another worker has locked, so that two workers
-- find different ones. The locks end with this statement.
select producer, event_id
from inbox
where state = 'RECEIVED' and attempts < :most_attempts and (not_before is null or not_before <= programme_now())
order by received_at
limit $1
for update skip locked;

-- name: delivery_waits
-- A row if a worker has, or may try now, any delivery.
select true
from inbox
where state = 'RECEIVED' and attempts < :most_attempts and (not_before is null or not_before <= programme_now())
order by received_at
limit 1;

-- name: lock_deliveries
-- Locks deliveries ($1 producers, $2 event ids) until the transaction ends, in this order; without those that another
-- worker has or that are done. Each is looked up by its key, however many wait.
select
    i.producer, i.event_id, i.type, i.body, i.headers, i.received_at, i.attempts, i.body_hash is not null as is_emptied
from unnest($1::text[], $2::text[]) with ordinality as wanted (producer, event_id, place)
cross join lateral (
    select *
    from inbox
    where producer = wanted.producer and event_id = wanted.event_id and state = 'RECEIVED'
    for update skip locked
) i
order by wanted.place;

-- name: finish_deliveries
-- Writes the results ($3) of deliveries ($1, $2): applied, parked until its order is known, or ignored with a reason
-- ($4). A parked one is tried again at not_before: the longer it has waited, the longer the pause, up to one day.
-- Returns the orders whose deliveries must be emptied, because they are an erased member's (R71).
update inbox
set
    state = f.state, error = f.error, order_number = coalesce(f.order_number, inbox.order_number),
    tracking_number = coalesce(f.tracking_number, inbox.tracking_number),
    other_order_numbers = array(select jsonb_array_elements_text(f.other_order_numbers)),
    attempts = attempts + (f.state <> 'PARKED')::int,
    applied_at = case when f.state = 'APPLIED' then programme_now() end,
    not_before = case
        when f.state = 'PARKED' then
            programme_now() + greatest(interval '30 s', least(interval '1 day', programme_now() - received_at))
    end
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
    as f (producer, event_id, state, error, order_number, tracking_number, other_order_numbers)
where inbox.producer = f.producer and inbox.event_id = f.event_id
returning inbox.order_number, exists (
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

-- name: link_parcels
-- Stores the parcels ($3 tracking numbers, $4 carriers) that were reported together with the numbers of orders ($1, of
-- members $2), so that carriers' deliveries about them find the order, as with recorded parcels. A parcel that is already
-- stored stays; its carrier is filled in once it is known.
insert into tracking_numbers as t (tracking_number, number, carrier, member_id)
select distinct on (p.tracking_number, p.number) p.tracking_number, p.number, p.carrier, p.member_id
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) as p (number, member_id, tracking_number, carrier)
order by p.tracking_number, p.number, p.carrier
on conflict (tracking_number, number) do update set carrier = coalesce(t.carrier, excluded.carrier);

-- name: unpark_deliveries
-- Frees the deliveries that are parked for orders ($1) or for parcels ($2). Rows locked by another are skipped.
update inbox
set state = 'RECEIVED', not_before = null
where (producer, event_id) in (
    select producer, event_id from inbox
    where
        state = 'PARKED'
        and (
            order_number = any ($1::text[]) or other_order_numbers && $1::text[] or tracking_number = any ($2::text[])
        )
    order by producer, event_id
    for update skip locked
);

-- name: retry_deliveries
-- Ends the pauses of an order's deliveries that could not be applied: what they lacked may be known now.
update inbox
set not_before = null
where (producer, event_id) in (
    select producer, event_id from inbox
    where order_number = $1 and state = 'RECEIVED' and not_before is not null
    order by producer, event_id
    for update skip locked
);

-- name: unpark_known
-- Frees every parked delivery whose order is known by now, in case the process that should have freed it has died. If
-- several orders have one of its numbers, it may stay undecided which one is meant: such a delivery is tried again at its
-- not_before, and parked again if it is. An order without recent news is not meant
-- (`orders_of_parcels`). Order numbers are looked up one by one.
update inbox
set state = 'RECEIVED', not_before = null
where (producer, event_id) in (
    select i.producer, i.event_id from inbox i
    where i.state = 'PARKED' and (
        exists (
            select from order_numbers n
            where n.number = any (i.order_number || i.other_order_numbers)
            having count(*) = 1 or (count(*) > 1 and coalesce(i.not_before, '-infinity') <= programme_now())
        )
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
