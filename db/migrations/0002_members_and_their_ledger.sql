-- Members, and the ledger of design §2: transfers are only ever added; all balances follow from them.
create table members (
    member_id uuid primary key,
    market text not null,
    time_zone text not null,
    zone_before text,
    zone_since timestamptz,
    joined_at timestamptz not null,
    state text not null default 'ACTIVE',
    state_since timestamptz,
    constraint member_state_is_known check (state in ('ACTIVE', 'SUSPENDED', 'CLOSED')),
    constraint zone_change_is_whole check ((zone_before is null) = (zone_since is null))
);

-- The only place that ties a person to a member; erasing a person deletes this row (R71).
create table mi_accounts (
    mi_id text primary key,
    member_id uuid not null
);

create unique index one_account_per_member on mi_accounts (member_id);

-- A salted hash remembers what an erased person was given once (R71) and who was refused as a minor (R3).
create table once_given (
    person_hash bytea not null,
    kind text not null,
    given_at timestamptz not null,
    primary key (person_hash, kind)
);

-- `version` counts the writes to anything of this member: who judged an older version writes nothing.
create table balances (
    member_id uuid primary key references members,
    available bigint not null default 0,
    pending bigint not null default 0,
    debt bigint not null default 0,
    lifetime bigint not null default 0,
    seq bigint not null default 0,
    head bytea not null default ''::bytea,
    version bigint not null default 0,
    constraint available_is_never_negative check (available >= 0),
    constraint pending_is_never_negative check (pending >= 0),
    constraint debt_is_never_negative check (debt >= 0)
) with (fillfactor = 60);

-- What can be spent, by the day it lapses; 9999-12-31 where points never lapse (R50).
create table lots (
    member_id uuid not null references members,
    lapses_on date not null,
    remaining bigint not null,
    primary key (member_id, lapses_on),
    constraint lot_is_never_negative check (remaining >= 0)
) with (fillfactor = 80);

-- One answer for every event, kept for ever (R60). Only WAITING turns, in place.
create table verdicts (
    member_id uuid not null references members,
    verdict_id uuid not null,
    key text not null,
    business_key text,
    kind text not null,
    outcome text not null,
    code text not null,
    points bigint not null,
    reference text,
    occurred_at timestamptz not null,
    decided_at timestamptz not null,
    terms_version text not null,
    campaign_ids uuid[] not null default '{}',
    cap jsonb,
    facts jsonb not null default '{}',
    primary key (member_id, verdict_id),
    constraint outcome_is_known
        check (outcome in ('GRANTED', 'REDUCED', 'REFUSED', 'WAITING', 'REVERSED'))
);

-- The same order, review or return gets the same verdict (R61).
create unique index one_verdict_per_business_key on verdicts (member_id, business_key);
create index verdicts_newest_first on verdicts (member_id, decided_at desc, verdict_id desc);

-- Points promised and not yet credited. A part that is posted or voided early is split off as a row of its own.
create table promises (
    member_id uuid not null references members,
    promise_id uuid not null,
    verdict_id uuid not null,
    kind text not null,
    points bigint not null,
    part text not null,
    reference text,
    source text not null,
    awaiting text not null,
    promised_at timestamptz not null,
    due_at timestamptz,
    lapses_on date,
    state text not null default 'PROMISED',
    attempts int not null default 0,
    not_before timestamptz,
    error text,
    primary key (member_id, promise_id),
    foreign key (member_id, verdict_id) references verdicts,
    constraint promise_is_of_points check (points > 0),
    constraint promise_state_is_known check (state in ('PROMISED', 'POSTED', 'VOIDED')),
    constraint awaiting_is_known check (awaiting in ('HOLD', 'DELIVERY', 'PUBLICATION', 'REVIEW_BY_OPERATOR')),
    constraint only_a_hold_is_due check ((awaiting = 'HOLD') = (due_at is not null))
) with (fillfactor = 80);

create index promises_due on promises (due_at) where state = 'PROMISED' and due_at is not null;
create index promises_open on promises (member_id, due_at, promise_id) where state = 'PROMISED';
create index promises_of_a_verdict on promises (member_id, verdict_id);

-- One row = one transfer between two of a member's accounts. `entry_seq` groups the transfers of one line of the
-- member's history; the group's first row carries that line: its points, signed, and the balance after it.
create table transfers (
    member_id uuid not null references members,
    seq bigint not null,
    entry_seq bigint not null,
    kind text not null,
    debit text not null,
    credit text not null,
    amount bigint not null,
    points bigint,
    balance_after bigint,
    lapses_on date,
    promise_id uuid,
    verdict_id uuid,
    reverses bigint,
    source text not null,
    reference text,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    hash bytea not null,
    primary key (member_id, seq),
    constraint seq_starts_at_one check (seq > 0),
    constraint amount_is_positive check (amount > 0),
    constraint debit_is_an_account
        check (debit in ('issuance', 'pending', 'available', 'redeemed', 'lapsed', 'revoked', 'debt')),
    constraint credit_is_an_account
        check (credit in ('issuance', 'pending', 'available', 'redeemed', 'lapsed', 'revoked', 'debt')),
    constraint a_transfer_moves_points check (debit <> credit),
    constraint available_points_have_a_lot check ((lapses_on is not null) = ('available' in (debit, credit)))
);

-- A promise leaves `pending` once: it is either posted or voided, never both, never twice.
create unique index a_promise_is_closed_once on transfers (member_id, promise_id) where debit = 'pending';
create index transfers_of_a_verdict on transfers (member_id, verdict_id);

-- Caps are slots, not counts: a fourth share of a month finds no free row (R14, R15, R16, R10, R11).
create table slots (
    member_id uuid not null references members,
    kind text not null,
    period text not null,
    n int not null,
    verdict_id uuid not null,
    primary key (member_id, kind, period, n)
);

-- Fuel's slot is the local day; streak counts the days in a row that end here (R17-R19).
create table fuel_days (
    member_id uuid not null references members,
    day date not null,
    streak int not null,
    bonuses int not null,
    primary key (member_id, day)
);

-- The first answer to a caller's idempotency key, for ever (R61). A member is its own caller.
create table requests (
    caller_id uuid not null,
    key text not null,
    input_hash bytea not null,
    member_id uuid,
    answer jsonb not null,
    answered_at timestamptz not null,
    primary key (caller_id, key)
);

-- The text that a transfer's hash seals, after the hash of the transfer before it.
create function transfer_text(
    member_id uuid, seq bigint, entry_seq bigint, kind text, debit text, credit text, amount bigint,
    points bigint, balance_after bigint, lapses_on date, promise_id uuid, verdict_id uuid, reverses bigint,
    source text, reference text, occurred_at timestamptz, recorded_at timestamptz
) returns text
language sql stable parallel safe
return jsonb_build_array(
    member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after,
    extract(epoch from lapses_on), promise_id, verdict_id, reverses, source, reference,
    extract(epoch from occurred_at), extract(epoch from recorded_at)
)::text;

create function next_link(before bytea, head bytea, content text) returns bytea
language sql immutable parallel safe
return sha256(coalesce(before, head) || convert_to(content, 'UTF8'));

-- Running over transfers in the order of seq it gives each one's hash; `head` is the hash before the first.
create aggregate chain_hash(head bytea, content text) (sfunc = next_link, stype = bytea);
