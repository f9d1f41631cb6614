-- The rows that a decision writes, as they are handed to the statement that writes them (record_parts.sql): an array of
-- one of these types for each list of `Changes`, with the member's id first and then the fields in the order of the list's
-- dataclass (db/ledger/record.py). A process of the release before still sends the types that it knows: a type is never
-- changed. A change is another type, and this one goes a release later.

create type record_transfers as (
    member_id uuid, seq bigint, entry_seq bigint, kind text, debit text, credit text, amount bigint,
    points bigint, balance_after bigint, lapses_on date, promise_id uuid, verdict_id uuid, reverses bigint,
    source text, reference text, occurred_at timestamptz, recorded_at timestamptz, hash bytea
);

create type record_verdicts as (
    member_id uuid, verdict_id uuid, key text, business_key text, kind text, outcome text, code text,
    points bigint, reference text, occurred_at timestamptz, decided_at timestamptz, terms_version text,
    campaign_ids uuid[], cap text, facts text
);

create type record_turned_verdicts as (
    member_id uuid, verdict_id uuid, outcome text, code text, points bigint
);

create type record_promises as (
    member_id uuid, promise_id uuid, verdict_id uuid, kind text, points bigint, part text, reference text,
    source text, awaiting text, promised_at timestamptz, due_at timestamptz, lapses_on date, state text
);

create type record_changed_promises as (
    member_id uuid, promise_id uuid, state text, points bigint, awaiting text, due_at timestamptz,
    lapses_on date
);

create type record_slots as (
    member_id uuid, kind text, period text, n int, verdict_id uuid
);

create type record_fuel_days as (
    member_id uuid, day date, streak int, bonuses int
);

create type record_orders as (
    member_id uuid, number text, verdict_id uuid, placed_at timestamptz, currency text, lines text,
    parcels text, shipping_minor bigint, discount_minor bigint, terms_version text, campaign_ids uuid[],
    content_hash text
);

create type record_facts as (
    member_id uuid, number text, fact_key text, kind text, content text, occurred_at timestamptz,
    told_at timestamptz, producer text, event_id text
);

create type record_coupons as (
    member_id uuid, coupon_id uuid, code text, reward_id text, value_minor bigint, currency text,
    minimum_minor bigint, cost bigint, issued_at timestamptz, expires_at timestamptz
);

create type record_changed_coupons as (
    member_id uuid, coupon_id uuid, state text, state_since timestamptz, reserved_until timestamptz,
    order_number text, discount_minor bigint
);

create type record_reservations as (
    member_id uuid, coupon_id uuid, order_number text, discount_minor bigint, reserved_at timestamptz,
    held_until timestamptz, released_at timestamptz
);

create type record_members as (
    member_id uuid, state text, state_since timestamptz, time_zone text, zone_before text,
    zone_since timestamptz, earlier_zones text
);

create type record_notices as (
    member_id uuid, notice_id uuid, kind text, points bigint, lapses_on date, reference text,
    created_at timestamptz
);

create type record_operator_log as (
    member_id uuid, actor text, action text, reason text, before text, after text
);

create type record_moderations as (
    member_id uuid, verdict_id uuid, kind text
);

create type record_stock as (
    member_id uuid, reward_id text
);

create type record_forgotten as (
    member_id uuid, person_hash text
);

create type record_requests as (
    member_id uuid, caller_id uuid, key text, input_hash text, answer text
);
