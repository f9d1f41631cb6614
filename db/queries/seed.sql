-- name: seed_missing
-- Which of the seed members from $1 to $2 have not joined yet.
select n
from generate_series($1::int, $2::int) as n
where not exists (select from mi_accounts where mi_id = 'seed-' || n)
order by n;

-- name: seed_members
-- Writes the whole history of many members at once: all from one plan, each with ids, codes and hashes of its own.
-- $1: the members as [{n, member_id, codes}]; $2: the plan (db/seed.py). Ids within a member are derived from its own;
-- ~N~ in texts becomes the member's number. The hash chain is the ledger's, as in record_parts.sql.
with chosen as materialized (
    select m.n, m.member_id, m.codes
    from jsonb_to_recordset($1::jsonb) as m (n text, member_id uuid, codes jsonb)
),
planned as materialized (
    select *
    from jsonb_to_recordset($2::jsonb -> 'transfers') as t (
        seq bigint, entry_seq bigint, kind text, debit text, credit text, amount bigint, points bigint,
        balance_after bigint, lapses_on date, promise int, verdict int, coupon int, source text, reference text,
        occurred_at timestamptz, recorded_at timestamptz
    )
),
of_each_member as (
    select
        m.member_id, t.seq, t.entry_seq, t.kind, t.debit, t.credit, t.amount, t.points, t.balance_after, t.lapses_on,
        md5(m.member_id::text || 'p' || t.promise)::uuid as promise_id,
        md5(m.member_id::text || 'v' || t.verdict)::uuid as verdict_id,
        case
            when t.coupon is null then replace(t.source, '~N~', m.n)
            else 'redeem:' || md5(m.member_id::text || 'c' || t.coupon)::uuid
        end as source,
        case when t.coupon is null then replace(t.reference, '~N~', m.n) else m.codes ->> t.coupon end as reference,
        t.occurred_at, t.recorded_at
    from chosen m cross join planned t
),
sealed as (
    select
        of_each_member.*,
        chain_hash(
            ''::bytea,
            transfer_text(
                member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
                verdict_id, null, source, reference, occurred_at, recorded_at
            )
        ) over (partition by member_id order by seq) as hash
    from of_each_member
),
added_members as (
    insert into members (member_id, market, time_zone, joined_at)
    select m.member_id, p.market, p.time_zone, p.joined_at
    from chosen m, jsonb_to_record($2::jsonb -> 'member') as p (market text, time_zone text, joined_at timestamptz)
),
added_accounts as (
    insert into mi_accounts (mi_id, member_id)
    select 'seed-' || n, member_id from chosen
),
added_transfers as (
    insert into transfers (
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, source, reference, occurred_at, recorded_at, hash
    )
    select
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, source, reference, occurred_at, recorded_at, hash
    from sealed
    returning member_id, seq, hash
),
added_balances as (
    insert into balances (member_id, available, lifetime, seq, head, version)
    select t.member_id, p.available, p.lifetime, t.seq, t.hash, t.seq
    from
        jsonb_to_record($2::jsonb -> 'balance') as p (available bigint, lifetime bigint, seq bigint)
        join added_transfers t on t.seq = p.seq
),
added_lots as (
    insert into lots (member_id, lapses_on, remaining)
    select m.member_id, l.lapses_on, l.remaining
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'lots') as l (lapses_on date, remaining bigint)
),
added_verdicts as (
    insert into verdicts (
        member_id, verdict_id, key, business_key, kind, outcome, code, points, reference, occurred_at, decided_at,
        terms_version, cap
    )
    select
        m.member_id,
        md5(m.member_id::text || 'v' || v.verdict)::uuid,
        v.key,
        case
            when v.coupon is null then replace(v.business_key, '~N~', m.n)
            else 'redeem:' || md5(m.member_id::text || 'c' || v.coupon)::uuid
        end,
        v.kind, 'GRANTED', v.code, v.points,
        case when v.coupon is null then replace(v.reference, '~N~', m.n) else m.codes ->> v.coupon end,
        v.occurred_at, v.decided_at, v.terms_version, v.cap
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'verdicts') as v (
            verdict int, coupon int, key text, business_key text, kind text, code text, points bigint,
            reference text, occurred_at timestamptz, decided_at timestamptz, terms_version text, cap jsonb
        )
),
added_promises as (
    insert into promises (
        member_id, promise_id, verdict_id, kind, points, part, reference, source, awaiting, promised_at, due_at,
        lapses_on, state
    )
    select
        m.member_id,
        md5(m.member_id::text || 'p' || p.promise)::uuid,
        md5(m.member_id::text || 'v' || p.verdict)::uuid,
        p.kind, p.points, p.kind, replace(p.reference, '~N~', m.n), replace(p.source, '~N~', m.n), p.awaiting,
        p.promised_at, p.due_at, p.lapses_on, 'POSTED'
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'promises') as p (
            promise int, verdict int, kind text, points bigint, reference text, source text, awaiting text,
            promised_at timestamptz, due_at timestamptz, lapses_on date
        )
),
added_slots as (
    insert into slots (member_id, kind, period, n, verdict_id)
    select m.member_id, s.kind, s.period, s.n, md5(m.member_id::text || 'v' || s.verdict)::uuid
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'slots') as s (kind text, period text, n int, verdict int)
),
added_orders as (
    insert into orders (
        member_id, number, verdict_id, placed_at, recorded_at, currency, lines, parcels, shipping_minor,
        discount_minor, terms_version, content_hash
    )
    select
        m.member_id,
        replace(o.number, '~N~', m.n),
        md5(m.member_id::text || 'v' || o.verdict)::uuid,
        o.placed_at, o.placed_at, o.currency, o.lines,
        replace(o.parcels::text, '~N~', m.n)::jsonb,
        o.shipping_minor, 0, o.terms_version,
        sha256(convert_to(replace(o.content, '~N~', m.n), 'UTF8'))
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'orders') as o (
            number text, verdict int, placed_at timestamptz, currency text, lines jsonb, parcels jsonb,
            shipping_minor bigint, terms_version text, content text
        )
    returning member_id, number, parcels
),
added_order_numbers as (
    insert into order_numbers (number, member_id)
    select number, member_id from added_orders
),
added_tracking_numbers as (
    insert into tracking_numbers (tracking_number, number, carrier, member_id)
    select p ->> 'tracking_number', o.number, p ->> 'carrier', o.member_id
    from added_orders o, jsonb_array_elements(o.parcels) as p
),
added_facts as (
    insert into order_facts (
        member_id, number, fact_key, kind, content, occurred_at, told_at, producer, event_id
    )
    select
        m.member_id,
        replace(f.number, '~N~', m.n),
        replace(f.fact_key, '~N~', m.n),
        f.kind,
        replace(f.content::text, '~N~', m.n)::jsonb,
        f.occurred_at, f.occurred_at, 'seed', replace(f.number, '~N~', m.n)
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'facts') as f (
            number text, fact_key text, kind text, content jsonb, occurred_at timestamptz
        )
),
added_coupons as (
    insert into coupons (
        member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, issued_at, expires_at,
        state_since
    )
    select
        m.member_id, md5(m.member_id::text || 'c' || c.coupon)::uuid, m.codes ->> c.coupon, c.reward_id,
        c.value_minor, c.currency, c.minimum_minor, c.cost, c.issued_at, c.expires_at, c.issued_at
    from
        chosen m,
        jsonb_to_recordset($2::jsonb -> 'coupons') as c (
            coupon int, reward_id text, value_minor bigint, currency text, minimum_minor bigint, cost bigint,
            issued_at timestamptz, expires_at timestamptz
        )
    returning member_id, coupon_id, code
),
added_coupon_codes as (
    insert into coupon_codes (code, member_id, coupon_id)
    select code, member_id, coupon_id from added_coupons
)
select count(*) from chosen;

-- name: analysis_of_filled_tables
-- The statement that updates the planner's statistics of all tables that have rows. Of an empty table that was analysed,
-- plans read all of it, and keep doing so until it is analysed again; of one that never was, they use its keys.
select 'analyze ' || string_agg(format('%I', relname), ', ')
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0;
