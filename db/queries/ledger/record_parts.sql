-- The parts of the statement that writes decisions. One statement writes a set of decisions, each about another member;
-- it is built from the parts that they use (db/ledger/record_statement.py). `-- part: NAME (LISTS)` begins a part,
-- which is used if one of these lists of `Changes` holds rows, and a part of `(not LISTS)` if none does. A part of
-- `(LISTS unless OTHERS)` is not used if one of the others holds rows. What transfers do beyond the ledger has names
-- too (`Changes.lists`): `points into lots` and others. `promises due` stands for crediting, which is a statement of its
-- own with other parameters. $1 are the members, $2 the version that each decision was judged on. `{LIST}` are the rows
-- of a list, an array of a type of their own (migrations 0021, 0022, 0030, 0040 and 0043), each with its member's id. A part takes its
-- members from `held`, and its rows from such an array or from an earlier part.

-- part: held (not promises due)
-- Locks the balance row of each member, lowest id first. If its version is newer, or another transaction holds it,
-- another decision came in between: nothing is written for this member and no row is returned, so the caller judges
-- again. The other members of the set do not wait.
held as materialized (
    select
        b.member_id, b.announced, (select programme_now()) as recorded_at,
        coalesce(b.listened_until > clock_timestamp(), false) as is_listened_to
    from balances b
    join unnest($1::uuid[], $2::bigint[]) as judged (member_id, version)
        on b.member_id = judged.member_id and b.version = judged.version
    order by b.member_id
    for update of b skip locked
)

-- part: sealed (transfers)
-- The transfers, numbered and hashed from the member's `seq` and `head` at the judged version (db/ledger/sealing.py).
sealed as materialized (
    select t.* from held join unnest({transfers}::record_transfers[]) as t using (member_id)
)

-- part: picked (promises due)
-- Crediting: $1 are the members and $2 the promises of a set, of equal length. Each promise is credited once, in the
-- order of due times and dated with its due time. Locked members are left for the next round, and promises that are no
-- longer PROMISED are skipped.
picked as (
    select * from unnest($1::uuid[], $2::uuid[]) as t (member_id, promise_id)
)

-- part: locked (promises due)
locked as materialized (
    select
        b.member_id, b.available, b.debt, b.seq, b.head, b.version, b.announced, (select programme_now()) as recorded_at,
        coalesce(b.listened_until > clock_timestamp(), false) as is_listened_to
    from balances b
    where b.member_id in (select member_id from picked)
    order by b.member_id
    for update skip locked
)

-- part: held_to_credit (promises due)
held as materialized (
    select l.* from locked l
    join balances seen on seen.member_id = l.member_id and seen.version = l.version
    join members m on m.member_id = l.member_id and m.state = 'ACTIVE'
)

-- part: posted (promises due)
-- Each promise is found by its key, however many are due: a condition within `coalesce` uses no index of due promises.
posted as (
    update promises p
    set state = 'POSTED'
    from picked, held
    where
        p.member_id = picked.member_id and p.promise_id = picked.promise_id
        and held.member_id = p.member_id
        and p.state = 'PROMISED' and coalesce(p.due_at <= held.recorded_at, false)
    returning
        p.member_id, p.promise_id, p.verdict_id, p.kind, p.points, p.source, p.reference, p.due_at, p.lapses_on
)

-- part: ranked (promises due)
ranked as materialized (
    select
        posted.*, held.available, held.debt, held.seq as seq_before, held.head, held.recorded_at,
        row_number() over w as n,
        coalesce(sum(points) over (w rows between unbounded preceding and 1 preceding), 0) as credited_before
    from posted join held using (member_id)
    window w as (partition by member_id order by due_at, promise_id)
)

-- part: repaid (promises due)
-- A debt is repaid first (R36).
repaid as materialized (
    select
        ranked.*,
        least(points, greatest(debt - credited_before, 0)) as repayment,
        count(*) filter (where debt > credited_before) over (w rows between unbounded preceding and 1 preceding)
            as repayments_before,
        available + credited_before + points - least(debt, credited_before + points) as balance_after
    from ranked
    window w as (partition by member_id order by n)
)

-- part: numbered_to_credit (promises due)
numbered as materialized (
    select
        member_id, seq_before + n + repayments_before as seq, seq_before + n + repayments_before as entry_seq,
        kind, 'pending' as debit, 'available' as credit, points as amount, points, balance_after::bigint,
        lapses_on, promise_id, verdict_id, null::bigint as reverses, source, reference, due_at as occurred_at, recorded_at, head
    from repaid
    union all
    select
        member_id, seq_before + n + repayments_before + 1, seq_before + n + repayments_before,
        'DEBT_REPAYMENT', 'available', 'debt', repayment::bigint, null, null,
        lapses_on, null, verdict_id, null, source, reference, due_at, recorded_at, head
    from repaid
    where repayment > 0
)

-- part: sealed_to_credit (promises due)
-- Each transfer's hash covers the one before it.
sealed as materialized (
    select
        numbered.*,
        chain_hash(
            head,
            transfer_text(
                member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on,
                promise_id, verdict_id, reverses, source, reference, occurred_at, recorded_at
            )
        ) over (partition by member_id order by seq) as hash
    from numbered
)

-- part: added_transfers (transfers, promises due)
added_transfers as (
    insert into transfers (
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    )
    select
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    from sealed
)

-- part: moved (transfers, promises due)
-- The sums of each member's transfers. Balances are changed by these sums, so they cannot disagree with the ledger.
moved as (
    select
        member_id, count(*) as transfers,
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
    group by member_id
)

-- part: lot_changes (points into lots, points out of lots, promises due)
lot_changes as (
    select member_id, lapses_on, sum(case when credit = 'available' then amount else -amount end) as change
    from sealed
    where lapses_on is not null
    group by member_id, lapses_on
)

-- part: shrunk_lots (points out of lots unless noticed_lots)
shrunk_lots as (
    update lots l
    set remaining = l.remaining + c.change
    from lot_changes c
    where l.member_id = c.member_id and l.lapses_on = c.lapses_on and c.change < 0
)

-- part: grown_lots (points into lots, promises due unless noticed_lots)
grown_lots as (
    insert into lots as l (member_id, lapses_on, remaining)
    select member_id, lapses_on, change
    from lot_changes
    where change > 0
    order by member_id, lapses_on
    on conflict (member_id, lapses_on) do update set remaining = l.remaining + excluded.remaining
)

-- part: no_lot_changes (noticed_lots unless points into lots, points out of lots)
lot_changes as (
    select null::uuid as member_id, null::date as lapses_on, 0::numeric as change where false
)

-- part: changed_lots (noticed_lots)
-- Lots that get a notice, together with the changes of points: one part alone may change a row. A lot that gets points
-- and loses them in the same decision becomes an empty row, which says that its notice was written.
changed_lots as (
    merge into lots l
    using (
        select member_id, lapses_on, sum(change) as change, bool_or(is_noticed) as is_noticed
        from (
            select member_id, lapses_on, change, false as is_noticed from lot_changes
            union all
            select held.member_id, n.lapses_on, 0, true
            from held join unnest({noticed_lots}::record_noticed_lots[]) as n using (member_id)
        ) changes
        group by member_id, lapses_on
    ) c
    on l.member_id = c.member_id and l.lapses_on = c.lapses_on
    when matched then
        update set remaining = l.remaining + c.change, is_noticed = l.is_noticed or c.is_noticed
    when not matched then
        insert (member_id, lapses_on, remaining, is_noticed)
        values (c.member_id, c.lapses_on, c.change, c.is_noticed)
)

-- part: added_verdicts (verdicts)
added_verdicts as (
    insert into verdicts (
        member_id, verdict_id, key, business_key, kind, outcome, code, points, reference, occurred_at,
        decided_at, terms_version, campaign_ids, cap, facts
    )
    select
        held.member_id, v.verdict_id, v.key, v.business_key, v.kind, v.outcome, v.code, v.points, v.reference,
        v.occurred_at,
        v.decided_at, v.terms_version, v.campaign_ids, v.cap::jsonb, v.facts::jsonb
    from held join unnest({verdicts}::record_verdicts[]) as v using (member_id)
)

-- part: turned_verdicts (turned_verdicts)
turned_verdicts as (
    update verdicts v
    set outcome = t.outcome, code = t.code, points = t.points
    from held join unnest({turned_verdicts}::record_turned_verdicts[]) as t using (member_id)
    where v.member_id = held.member_id and v.verdict_id = t.verdict_id and v.outcome = 'WAITING'
)

-- part: added_promises (promises)
added_promises as (
    insert into promises (
        member_id, promise_id, verdict_id, kind, points, part, reference, source, awaiting, promised_at, due_at,
        lapses_on, state
    )
    select
        held.member_id, p.promise_id, p.verdict_id, p.kind, p.points, p.part, p.reference, p.source, p.awaiting,
        p.promised_at, p.due_at, p.lapses_on, p.state
    from held join unnest({promises}::record_promises[]) as p using (member_id)
)

-- part: changed_promises (changed_promises)
changed_promises as (
    update promises p
    set
        state = c.state, points = c.points, awaiting = coalesce(c.awaiting, p.awaiting),
        due_at = coalesce(c.due_at, p.due_at), lapses_on = coalesce(c.lapses_on, p.lapses_on)
    from held join unnest({changed_promises}::record_changed_promises[]) as c using (member_id)
    where p.member_id = held.member_id and p.promise_id = c.promise_id and p.state = 'PROMISED'
)

-- part: taken_slots (slots)
taken_slots as (
    insert into slots (member_id, kind, period, n, verdict_id)
    select held.member_id, s.kind, s.period, s.n, s.verdict_id
    from held join unnest({slots}::record_slots[]) as s using (member_id)
)

-- part: claimed_fuel_days (fuel_days)
claimed_fuel_days as (
    insert into fuel_days as f (member_id, day, streak, bonuses)
    select held.member_id, d.day, d.streak, d.bonuses
    from held join unnest({fuel_days}::record_fuel_days[]) as d using (member_id)
    on conflict (member_id, day) do update set streak = excluded.streak, bonuses = excluded.bonuses
)

-- part: added_orders (orders)
added_orders as (
    insert into orders (
        member_id, number, verdict_id, placed_at, recorded_at, currency, lines, parcels, shipping_minor,
        discount_minor, terms_version, campaign_ids, content_hash
    )
    select
        held.member_id, o.number, o.verdict_id, o.placed_at, held.recorded_at, o.currency, o.lines::jsonb, o.parcels::jsonb,
        o.shipping_minor, o.discount_minor, o.terms_version, o.campaign_ids, decode(o.content_hash, 'hex')
    from held join unnest({orders}::record_orders[]) as o using (member_id)
    returning member_id, number, parcels
)

-- part: claimed_order_numbers (orders)
claimed_order_numbers as (
    insert into order_numbers (number, member_id)
    select number, member_id from added_orders
)

-- part: claimed_tracking_numbers (orders)
claimed_tracking_numbers as (
    insert into tracking_numbers (tracking_number, number, carrier, member_id)
    select distinct on (p ->> 'tracking_number') p ->> 'tracking_number', o.number, p ->> 'carrier', o.member_id
    from added_orders o, jsonb_array_elements(o.parcels) as p
    order by p ->> 'tracking_number', p ->> 'carrier'
)

-- part: added_facts (facts)
added_facts as (
    insert into order_facts (
        member_id, number, fact_key, kind, content, occurred_at, told_at, producer, event_id
    )
    select
        held.member_id, f.number, f.fact_key, f.kind, f.content::jsonb, f.occurred_at, f.told_at, f.producer, f.event_id
    from held join unnest({facts}::record_facts[]) as f using (member_id)
)

-- part: added_kept_facts (kept_facts)
added_kept_facts as (
    insert into kept_facts (member_id, number, fact_key, kept_at)
    select held.member_id, k.number, k.fact_key, held.recorded_at
    from held join unnest({kept_facts}::record_kept_facts[]) as k using (member_id)
)

-- part: linked_parcels (linked_parcels)
-- A parcel that leads to its order already stays; its carrier is filled in once it is known.
linked_parcels as (
    insert into tracking_numbers as t (tracking_number, number, carrier, member_id)
    select p.tracking_number, p.number, p.carrier, held.member_id
    from held join unnest({linked_parcels}::record_linked_parcels[]) as p using (member_id)
    on conflict (tracking_number, number) do update set carrier = coalesce(t.carrier, excluded.carrier)
)

-- part: added_coupons (coupons)
added_coupons as (
    insert into coupons (
        member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, issued_at, expires_at,
        state_since
    )
    select
        held.member_id, c.coupon_id, c.code, c.reward_id, c.value_minor, c.currency, c.minimum_minor, c.cost,
        c.issued_at,
        c.expires_at, c.issued_at
    from held join unnest({coupons}::record_coupons[]) as c using (member_id)
    returning member_id, code, coupon_id
)

-- part: added_coupon_codes (coupons)
added_coupon_codes as (
    insert into coupon_codes (code, member_id, coupon_id)
    select code, member_id, coupon_id from added_coupons
)

-- part: changed_coupons (changed_coupons)
changed_coupons as (
    update coupons c
    set
        state = n.state, reserved_until = n.reserved_until, order_number = n.order_number,
        discount_minor = n.discount_minor, state_since = n.state_since
    from held join unnest({changed_coupons}::record_changed_coupons[]) as n using (member_id)
    where c.member_id = held.member_id and c.coupon_id = n.coupon_id
)

-- part: kept_reservations (reservations)
kept_reservations as (
    insert into coupon_reservations (
        member_id, coupon_id, order_number, discount_minor, reserved_at, held_until, released_at, reservation_id
    )
    select
        held.member_id, n.coupon_id, n.order_number, n.discount_minor, n.reserved_at, n.held_until, n.released_at,
        n.reservation_id
    from held join unnest({reservations}::record_named_reservations[]) as n using (member_id)
    on conflict (member_id, coupon_id, order_number) do update
    set
        discount_minor = excluded.discount_minor, reserved_at = excluded.reserved_at,
        held_until = coalesce(excluded.held_until, coupon_reservations.held_until),
        released_at = excluded.released_at,
        reservation_id = coalesce(excluded.reservation_id, coupon_reservations.reservation_id),
        earlier_ids = case
            when excluded.reservation_id is null or coupon_reservations.reservation_id is null
                then coupon_reservations.earlier_ids
            else coupon_reservations.earlier_ids || coupon_reservations.reservation_id
        end
)

-- part: claimed_orders (reservations)
claimed_orders as (
    insert into order_coupons as o (order_number, member_id, coupon_id, held_until)
    select n.order_number, held.member_id, n.coupon_id, coalesce(n.held_until, 'infinity')
    from held join unnest({reservations}::record_named_reservations[]) as n using (member_id)
    where n.released_at is null
    on conflict (order_number) do update
    set
        member_id = excluded.member_id, coupon_id = excluded.coupon_id, held_until = excluded.held_until,
        is_free = o.held_until <= programme_now()
            or (o.member_id, o.coupon_id) = (excluded.member_id, excluded.coupon_id)
)

-- part: freed_orders (reservations)
freed_orders as (
    update order_coupons o
    set held_until = least(o.held_until, n.released_at)
    from held join unnest({reservations}::record_named_reservations[]) as n using (member_id)
    where
        n.released_at is not null
        and o.order_number = n.order_number and o.member_id = held.member_id and o.coupon_id = n.coupon_id
)

-- part: changed_member (members)
changed_member as (
    update members m
    set
        state = n.state, state_since = n.state_since, time_zone = n.time_zone, zone_before = n.zone_before,
        zone_since = n.zone_since, earlier_zones = coalesce(n.earlier_zones::jsonb, m.earlier_zones)
    from held join unnest({members}::record_members[]) as n using (member_id)
    where m.member_id = held.member_id
)

-- part: added_notices (notices)
added_notices as (
    insert into notices (member_id, notice_id, kind, points, lapses_on, reference, created_at, cause, debt)
    select
        held.member_id, n.notice_id, n.kind, n.points, n.lapses_on, n.reference, n.created_at, n.cause, n.debt
    from held join unnest({notices}::record_caused_notices[]) as n using (member_id)
    returning member_id, notice_id, kind, created_at
)

-- part: noticed_coupons (noticed_coupons)
noticed_coupons as (
    update coupons c
    set is_noticed = true
    from held join unnest({noticed_coupons}::record_noticed_coupons[]) as n using (member_id)
    where c.member_id = held.member_id and c.coupon_id = n.coupon_id
)

-- part: logged (operator_log)
logged as (
    insert into operator_log (entry_id, actor, action, member_id, reason, before, after, done_at)
    select gen_random_uuid(), l.actor, l.action, held.member_id, l.reason, l.before::jsonb, l.after::jsonb, held.recorded_at
    from held join unnest({operator_log}::record_operator_log[]) as l using (member_id)
)

-- part: added_moderations (moderations)
added_moderations as (
    insert into moderations (member_id, verdict_id, kind, told_at)
    select held.member_id, m.verdict_id, m.kind, held.recorded_at
    from held join unnest({moderations}::record_moderations[]) as m using (member_id)
)

-- part: taken_stock (stock)
taken_stock as (
    update rewards r
    set stock_left = r.stock_left - s.pieces
    from (
        select t.reward_id, count(*) as pieces
        from held join unnest({stock}::record_stock[]) as t using (member_id)
        group by t.reward_id
    ) s
    where r.reward_id = s.reward_id
)

-- part: forgotten (forgotten)
forgotten as (
    delete from mi_accounts a
    using held join unnest({forgotten}::record_forgotten[]) as f using (member_id)
    where a.member_id = held.member_id
    returning held.member_id, held.recorded_at, f.person_hash
)

-- part: remembered (forgotten)
remembered as (
    insert into once_given (person_hash, kind, given_at)
    select decode(f.person_hash, 'hex'), s.kind, f.recorded_at
    from forgotten f join slots s using (member_id)
    where s.kind in ('SIGN_UP', 'APP_SIGN_IN')
    on conflict (person_hash, kind) do nothing
)

-- part: answered_requests (requests)
answered_requests as (
    insert into requests (caller_id, key, input_hash, member_id, answer, answered_at)
    select r.caller_id, r.key, decode(r.input_hash, 'hex'), held.member_id, r.answer::jsonb, held.recorded_at
    from held join unnest({requests}::record_requests[]) as r using (member_id)
)

-- part: news_of_entries (entries to announce, promises due)
news_of_entries as (
    select
        member_id, case when kind = 'CLAWBACK' then 'points.clawed_back' else 'points.credited' end as type,
        entry_seq, null::uuid as coupon_id, null::uuid as notice_id, occurred_at as moment
    from sealed
    where points > 0 or (kind = 'CLAWBACK' and points is not null)
)

-- part: news_of_coupons (coupons)
news_of_coupons as (
    select
        c.member_id, 'coupon.issued' as type,
        (select max(s.entry_seq) from sealed s where s.member_id = c.member_id and s.points is not null) as entry_seq,
        c.coupon_id, null::uuid as notice_id, null::timestamptz as moment
    from added_coupons c
)

-- part: news_of_notices (notices)
news_of_notices as (
    select
        member_id, 'points.lapsing_soon' as type, null::bigint as entry_seq, null::uuid as coupon_id, notice_id,
        created_at as moment
    from added_notices
    where kind = 'POINTS_LAPSING'
)

-- part: news (entries to announce, promises due, coupons, notices)
-- Outgoing events (docs/outgoing.md), numbered for each member in the order of their moments, without gaps, under its
-- lock.
news as materialized (
    select
        h.*, uuidv7() as event_id, held.recorded_at,
        held.announced + row_number()
            over (partition by h.member_id order by h.moment, h.entry_seq, h.coupon_id, h.notice_id) as sequence
    from held join ({all_news}) h using (member_id)
    where exists (select from endpoints e where e.state in ('ACTIVE', 'PAUSED') and h.type = any (e.types))
)

-- part: announced (entries to announce, promises due, coupons, notices)
-- One row for each endpoint that wants the event.
announced as (
    insert into outgoing (
        member_id, sequence, endpoint_id, event_id, type, entry_seq, coupon_id, notice_id, created_at, tried_since,
        due_at
    )
    select
        n.member_id, n.sequence, e.endpoint_id, n.event_id, n.type, n.entry_seq, n.coupon_id, n.notice_id,
        n.recorded_at, n.recorded_at, n.recorded_at
    from news n join endpoints e on e.state in ('ACTIVE', 'PAUSED') and n.type = any (e.types)
)

-- part: changed_balances (transfers, promises due)
changed_balances as (
    update balances b
    set
        available = b.available + moved.available,
        pending = b.pending + moved.pending,
        debt = b.debt + moved.debt,
        lifetime = b.lifetime + moved.lifetime,
        seq = b.seq + moved.transfers,
        head = moved.head,
        announced = b.announced + {news_of_member},
        version = b.version + 1
    from held join moved using (member_id)
    where b.member_id = held.member_id
    returning b.member_id, held.is_listened_to as is_told
)

-- part: changed_versions (not transfers, promises due)
-- No points move: only the version grows, so that other decisions notice the write.
changed_balances as (
    update balances b
    set announced = b.announced + {news_of_member}, version = b.version + 1
    from held
    where b.member_id = held.member_id
    returning b.member_id, held.is_listened_to and {is_forgotten} as is_told
)
