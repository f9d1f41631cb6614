-- name: record
-- Writes all that one decision changes for one member, or nothing at all.
-- $1 member, $2 the version of the member that the decision was judged on, $3 the changes (db/ledger/record.py).
-- The member's balance row is locked first. If its version has moved on, somebody else wrote in between: nothing
-- is written and no row comes back, and the caller judges anew. Balances and lots follow from the transfers in the
-- same statement, so they cannot disagree with the ledger. Two set-based statements write the ledger too: `post_due`
-- (credit.sql), from whose transfers balances and lots follow as well, and `seed_members` (seed.sql), which fills a
-- sandbox with planned ones. What others are told of (docs/outgoing.md) follows from what is written here too: numbered
-- without gaps under the same lock, a row for each endpoint that wants it. Whoever follows this member is told with the
-- commit (docs/subscriptions.md).
with held as materialized (
    select
        member_id, available, debt, seq, head, version, announced, programme_now() as recorded_at,
        coalesce(listened_until > clock_timestamp(), false) as is_listened_to
    from balances
    where member_id = $1 and version = $2
    for update
),
told as materialized (
    select
        held.seq + t.n as seq,
        held.seq + t.entry as entry_seq,
        t.kind, t.debit, t.credit, t.amount, t.points, t.lapses_on, t.promise_id, t.verdict_id, t.reverses,
        t.source, t.reference, t.occurred_at, held.recorded_at, held.head, t.n,
        case when t.points is not null then held.available + sum(t.amount * ((t.credit = 'available')::int - (t.debit = 'available')::int)) over (order by t.entry range unbounded preceding) end as balance_after
    from held, rows from (
        jsonb_to_recordset($3::jsonb -> 'transfers') as (
            entry int, kind text, debit text, credit text, amount bigint, points bigint, lapses_on date,
            promise_id uuid, verdict_id uuid, reverses bigint, source text, reference text, occurred_at timestamptz
        )
    ) with ordinality as t (
        entry, kind, debit, credit, amount, points, lapses_on, promise_id, verdict_id, reverses, source,
        reference, occurred_at, n
    )
),
sealed as materialized (
    select
        told.*,
        chain_hash(
            told.head,
            transfer_text(
                $1, seq, entry_seq, kind, debit, credit, amount, points, balance_after::bigint, lapses_on,
                promise_id, verdict_id, reverses, source, reference, occurred_at, recorded_at
            )
        ) over (order by seq) as hash
    from told
),
added_transfers as (
    insert into transfers (
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    )
    select
        $1, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    from sealed
),
moved as (
    select
        count(*) as transfers,
        coalesce(sum(amount) filter (where credit = 'available'), 0)
        - coalesce(sum(amount) filter (where debit = 'available'), 0) as available,
        coalesce(sum(amount) filter (where credit = 'pending'), 0)
        - coalesce(sum(amount) filter (where debit = 'pending'), 0) as pending,
        coalesce(sum(amount) filter (where debit = 'debt'), 0)
        - coalesce(sum(amount) filter (where credit = 'debt'), 0) as debt,
        coalesce(sum(amount) filter (where credit = 'available' and debit in ('pending', 'issuance', 'revoked')), 0)
        - coalesce(sum(amount) filter (where credit = 'revoked'), 0) as lifetime,
        (array_agg(hash order by seq desc))[1] as head
    from sealed
),
lot_changes as (
    select lapses_on, sum(case when credit = 'available' then amount else -amount end) as change
    from sealed
    where lapses_on is not null
    group by lapses_on
),
shrunk_lots as (
    update lots l
    set remaining = l.remaining + c.change
    from lot_changes c
    where l.member_id = $1 and l.lapses_on = c.lapses_on and c.change < 0
),
grown_lots as (
    insert into lots as l (member_id, lapses_on, remaining)
    select $1, lapses_on, change
    from lot_changes
    where change > 0
    on conflict (member_id, lapses_on) do update set remaining = l.remaining + excluded.remaining
),
added_verdicts as (
    insert into verdicts (
        member_id, verdict_id, key, business_key, kind, outcome, code, points, reference, occurred_at,
        decided_at, terms_version, campaign_ids, cap, facts
    )
    select
        $1, v.verdict_id, v.key, v.business_key, v.kind, v.outcome, v.code, v.points, v.reference, v.occurred_at,
        v.decided_at, v.terms_version, v.campaign_ids, v.cap, coalesce(v.facts, '{}')
    from held, jsonb_to_recordset($3::jsonb -> 'verdicts') as v (
        verdict_id uuid, key text, business_key text, kind text, outcome text, code text, points bigint,
        reference text, occurred_at timestamptz, decided_at timestamptz, terms_version text,
        campaign_ids uuid[], cap jsonb, facts jsonb
    )
),
turned_verdicts as (
    update verdicts v
    set outcome = t.outcome, code = t.code, points = t.points
    from held, jsonb_to_recordset($3::jsonb -> 'turned_verdicts') as t (
        verdict_id uuid, outcome text, code text, points bigint
    )
    where v.member_id = $1 and v.verdict_id = t.verdict_id and v.outcome = 'WAITING'
),
added_promises as (
    insert into promises (
        member_id, promise_id, verdict_id, kind, points, part, reference, source, awaiting, promised_at, due_at,
        lapses_on, state
    )
    select
        $1, p.promise_id, p.verdict_id, p.kind, p.points, p.part, p.reference, p.source, p.awaiting,
        p.promised_at, p.due_at, p.lapses_on, p.state
    from held, jsonb_to_recordset($3::jsonb -> 'promises') as p (
        promise_id uuid, verdict_id uuid, kind text, points bigint, part text, reference text, source text,
        awaiting text, promised_at timestamptz, due_at timestamptz, lapses_on date, state text
    )
),
changed_promises as (
    update promises p
    set
        state = c.state, points = c.points, awaiting = coalesce(c.awaiting, p.awaiting),
        due_at = coalesce(c.due_at, p.due_at), lapses_on = coalesce(c.lapses_on, p.lapses_on)
    from held, jsonb_to_recordset($3::jsonb -> 'changed_promises') as c (
        promise_id uuid, state text, points bigint, awaiting text, due_at timestamptz, lapses_on date
    )
    where p.member_id = $1 and p.promise_id = c.promise_id and p.state = 'PROMISED'
),
taken_slots as (
    insert into slots (member_id, kind, period, n, verdict_id)
    select $1, s.kind, s.period, s.n, s.verdict_id
    from held, jsonb_to_recordset($3::jsonb -> 'slots') as s (kind text, period text, n int, verdict_id uuid)
),
claimed_fuel_days as (
    insert into fuel_days as f (member_id, day, streak, bonuses)
    select $1, d.day, d.streak, d.bonuses
    from held, jsonb_to_recordset($3::jsonb -> 'fuel_days') as d (day date, streak int, bonuses int)
    on conflict (member_id, day) do update set streak = excluded.streak, bonuses = excluded.bonuses
),
added_orders as (
    insert into orders (
        member_id, number, verdict_id, placed_at, recorded_at, currency, lines, parcels, shipping_minor,
        discount_minor, terms_version, campaign_ids, content_hash
    )
    select
        $1, o.number, o.verdict_id, o.placed_at, held.recorded_at, o.currency, o.lines, o.parcels,
        o.shipping_minor, o.discount_minor, o.terms_version, o.campaign_ids, decode(o.content_hash, 'hex')
    from held, jsonb_to_recordset($3::jsonb -> 'orders') as o (
        number text, verdict_id uuid, placed_at timestamptz, currency text, lines jsonb, parcels jsonb,
        shipping_minor bigint, discount_minor bigint, terms_version text, campaign_ids uuid[], content_hash text
    )
    returning number, parcels
),
claimed_order_numbers as (
    insert into order_numbers (number, member_id)
    select number, $1 from added_orders
),
claimed_tracking_numbers as (
    insert into tracking_numbers (tracking_number, number, carrier, member_id)
    select distinct on (p ->> 'tracking_number') p ->> 'tracking_number', o.number, p ->> 'carrier', $1
    from added_orders o, jsonb_array_elements(o.parcels) as p
    order by p ->> 'tracking_number', p ->> 'carrier'
),
added_facts as (
    insert into order_facts (
        member_id, number, fact_key, kind, content, occurred_at, told_at, producer, event_id
    )
    select
        $1, f.number, f.fact_key, f.kind, f.content, f.occurred_at, f.told_at, f.producer, f.event_id
    from held, jsonb_to_recordset($3::jsonb -> 'facts') as f (
        number text, fact_key text, kind text, content jsonb, occurred_at timestamptz, told_at timestamptz,
        producer text, event_id text
    )
),
added_coupons as (
    insert into coupons (
        member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, issued_at, expires_at,
        state_since
    )
    select
        $1, c.coupon_id, c.code, c.reward_id, c.value_minor, c.currency, c.minimum_minor, c.cost, c.issued_at,
        c.expires_at, c.issued_at
    from held, jsonb_to_recordset($3::jsonb -> 'coupons') as c (
        coupon_id uuid, code text, reward_id text, value_minor bigint, currency text, minimum_minor bigint,
        cost bigint, issued_at timestamptz, expires_at timestamptz
    )
    returning code, coupon_id
),
added_coupon_codes as (
    insert into coupon_codes (code, member_id, coupon_id)
    select code, $1, coupon_id from added_coupons
),
changed_coupons as (
    update coupons c
    set
        state = n.state, reserved_until = n.reserved_until, order_number = n.order_number,
        discount_minor = n.discount_minor, state_since = n.state_since
    from held, jsonb_to_recordset($3::jsonb -> 'changed_coupons') as n (
        coupon_id uuid, state text, reserved_until timestamptz, order_number text, discount_minor bigint,
        state_since timestamptz
    )
    where c.member_id = $1 and c.coupon_id = n.coupon_id
),
kept_reservations as (
    insert into coupon_reservations (
        member_id, coupon_id, order_number, discount_minor, reserved_at, held_until, released_at
    )
    select $1, n.coupon_id, n.order_number, n.discount_minor, n.reserved_at, n.held_until, n.released_at
    from held, jsonb_to_recordset($3::jsonb -> 'reservations') as n (
        coupon_id uuid, order_number text, discount_minor bigint, reserved_at timestamptz, held_until timestamptz,
        released_at timestamptz
    )
    on conflict (member_id, coupon_id, order_number) do update
    set
        discount_minor = excluded.discount_minor, reserved_at = excluded.reserved_at,
        held_until = coalesce(excluded.held_until, coupon_reservations.held_until),
        released_at = excluded.released_at
),
claimed_orders as (
    insert into order_coupons as o (order_number, member_id, coupon_id, held_until)
    select n.order_number, $1, n.coupon_id, coalesce(n.held_until, 'infinity')
    from held, jsonb_to_recordset($3::jsonb -> 'reservations') as n (
        coupon_id uuid, order_number text, held_until timestamptz, released_at timestamptz
    )
    where n.released_at is null
    on conflict (order_number) do update
    set
        member_id = excluded.member_id, coupon_id = excluded.coupon_id, held_until = excluded.held_until,
        is_free = o.held_until <= programme_now()
            or (o.member_id, o.coupon_id) = (excluded.member_id, excluded.coupon_id)
),
freed_orders as (
    update order_coupons o
    set held_until = least(o.held_until, n.released_at)
    from held, jsonb_to_recordset($3::jsonb -> 'reservations') as n (
        coupon_id uuid, order_number text, released_at timestamptz
    )
    where
        n.released_at is not null
        and o.order_number = n.order_number and o.member_id = $1 and o.coupon_id = n.coupon_id
),
changed_member as (
    update members m
    set
        state = n.state, state_since = n.state_since, time_zone = n.time_zone, zone_before = n.zone_before,
        zone_since = n.zone_since, earlier_zones = coalesce(n.earlier_zones, m.earlier_zones)
    from held, jsonb_to_recordset($3::jsonb -> 'members') as n (
        state text, state_since timestamptz, time_zone text, zone_before text, zone_since timestamptz,
        earlier_zones jsonb
    )
    where m.member_id = $1
),
added_notices as (
    insert into notices (member_id, notice_id, kind, points, lapses_on, reference, created_at)
    select $1, n.notice_id, n.kind, n.points, n.lapses_on, n.reference, n.created_at
    from held, jsonb_to_recordset($3::jsonb -> 'notices') as n (
        notice_id uuid, kind text, points bigint, lapses_on date, reference text, created_at timestamptz
    )
    returning notice_id, kind
),
news as materialized (
    select
        h.*, uuidv7() as event_id,
        held.announced + row_number() over (order by h.entry_seq, h.coupon_id, h.notice_id) as sequence,
        held.recorded_at
    from held, (
        select
            case when kind = 'CLAWBACK' then 'points.clawed_back' else 'points.credited' end as type,
            entry_seq, null::uuid as coupon_id, null::uuid as notice_id
        from sealed
        where points > 0 or (kind = 'CLAWBACK' and points is not null)
        union all
        select 'coupon.issued', (select max(entry_seq) from sealed where points is not null), coupon_id, null
        from added_coupons
        union all
        select 'points.lapsing_soon', null, null, notice_id
        from added_notices
        where kind = 'POINTS_LAPSING'
    ) h
    where exists (select from endpoints e where e.state in ('ACTIVE', 'PAUSED') and h.type = any (e.types))
),
announced as (
    insert into outgoing (
        member_id, sequence, endpoint_id, event_id, type, entry_seq, coupon_id, notice_id, created_at, tried_since,
        due_at
    )
    select
        $1, n.sequence, e.endpoint_id, n.event_id, n.type, n.entry_seq, n.coupon_id, n.notice_id, n.recorded_at,
        n.recorded_at, n.recorded_at
    from news n join endpoints e on e.state in ('ACTIVE', 'PAUSED') and n.type = any (e.types)
),
changed_balance as (
    update balances b
    set
        available = b.available + moved.available,
        pending = b.pending + moved.pending,
        debt = b.debt + moved.debt,
        lifetime = b.lifetime + moved.lifetime,
        seq = b.seq + moved.transfers,
        head = coalesce(moved.head, b.head),
        announced = b.announced + (select count(*) from news),
        version = b.version + 1
    from held, moved
    where b.member_id = held.member_id
    returning
        b.seq, b.version,
        held.is_listened_to and (moved.transfers > 0 or jsonb_array_length($3::jsonb -> 'forgotten') > 0) as is_told
),
logged as (
    insert into operator_log (entry_id, actor, action, member_id, reason, before, after, done_at)
    select gen_random_uuid(), l.actor, l.action, $1, l.reason, l.before, l.after, held.recorded_at
    from held, jsonb_to_recordset($3::jsonb -> 'operator_log') as l (
        actor text, action text, reason text, before jsonb, after jsonb
    )
),
added_moderations as (
    insert into moderations (member_id, verdict_id, kind, told_at)
    select $1, m.verdict_id, m.kind, held.recorded_at
    from held, jsonb_to_recordset($3::jsonb -> 'moderations') as m (verdict_id uuid, kind text)
),
taken_stock as (
    update rewards r
    set stock_left = r.stock_left - 1
    from held, jsonb_to_recordset($3::jsonb -> 'stock') as s (reward_id text)
    where r.reward_id = s.reward_id
),
forgotten as (
    delete from mi_accounts a
    using held, jsonb_to_recordset($3::jsonb -> 'forgotten') as f (person_hash text)
    where a.member_id = $1
    returning f.person_hash
),
remembered as (
    insert into once_given (person_hash, kind, given_at)
    select decode(f.person_hash, 'hex'), s.kind, held.recorded_at
    from held, forgotten f, slots s
    where s.member_id = $1 and s.kind in ('SIGN_UP', 'APP_SIGN_IN')
    on conflict (person_hash, kind) do nothing
),
answered_requests as (
    insert into requests (caller_id, key, input_hash, member_id, answer, answered_at)
    select r.caller_id, r.key, decode(r.input_hash, 'hex'), $1, r.answer, held.recorded_at
    from held, jsonb_to_recordset($3::jsonb -> 'requests') as r (
        caller_id uuid, key text, input_hash text, answer jsonb
    )
)
select
    seq, version,
    case when is_told then pg_notify('mipoints_balances', $1::uuid::text) end
from changed_balance;
