-- Orders as they were told and the set of what is known of them; rewards' coupons.
create table orders (
    member_id uuid not null references members,
    number text not null,
    verdict_id uuid not null,
    placed_at timestamptz not null,
    recorded_at timestamptz not null,
    currency text not null,
    lines jsonb not null,
    parcels jsonb not null,
    shipping_minor bigint not null,
    discount_minor bigint not null,
    terms_version text not null,
    campaign_ids uuid[] not null default '{}',
    content_hash bytea not null,
    primary key (member_id, number),
    foreign key (member_id, verdict_id) references verdicts,
    constraint shipping_is_not_negative check (shipping_minor >= 0),
    constraint discount_is_not_negative check (discount_minor >= 0)
);

create index orders_of_a_verdict on orders (member_id, verdict_id);

-- An order number belongs to one member, in every market.
create table order_numbers (
    number text primary key,
    member_id uuid not null
);

create table tracking_numbers (
    tracking_number text not null,
    number text not null,
    carrier text,
    member_id uuid not null,
    primary key (tracking_number, number)
);

-- What is known of an order, as a set: the same fact told twice is one row (R33, R33a).
create table order_facts (
    member_id uuid not null references members,
    number text not null,
    fact_key text not null,
    kind text not null,
    content jsonb not null,
    occurred_at timestamptz not null,
    told_at timestamptz not null,
    producer text not null,
    event_id text not null,
    primary key (member_id, number, fact_key),
    foreign key (member_id, number) references orders
);

create table coupons (
    member_id uuid not null references members,
    coupon_id uuid not null,
    code text not null,
    reward_id text not null,
    value_minor bigint not null,
    currency text not null,
    minimum_minor bigint,
    cost bigint not null,
    state text not null default 'AVAILABLE',
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    reserved_until timestamptz,
    order_number text,
    discount_minor bigint,
    state_since timestamptz not null,
    primary key (member_id, coupon_id),
    constraint coupon_state_is_known
        check (state in ('AVAILABLE', 'RESERVED', 'USED', 'EXPIRED', 'CANCELLED')),
    constraint a_reservation_is_for_an_order
        check (state <> 'RESERVED' or (order_number is not null and reserved_until is not null))
);

create index coupons_newest_first on coupons (member_id, issued_at desc, coupon_id desc);
-- One loyalty coupon per order (R44).
create unique index one_coupon_per_order on coupons (member_id, order_number) where state in ('RESERVED', 'USED');

create table coupon_codes (
    code text primary key,
    member_id uuid not null,
    coupon_id uuid not null
);

-- What the member is to be told, kept until it is sent (R50).
create table notices (
    member_id uuid not null references members,
    notice_id uuid not null,
    kind text not null,
    points bigint,
    lapses_on date,
    reference text,
    created_at timestamptz not null,
    sent_at timestamptz,
    primary key (member_id, notice_id),
    constraint notice_kind_is_known
        check (kind in ('POINTS_LAPSING', 'COUPON_EXPIRING', 'POINTS_LAPSED', 'CLAWBACK'))
);

-- What was granted for one order and what was taken back of it.
create index verdicts_of_an_order on verdicts (member_id, reference) where kind in ('PURCHASE', 'CLAWBACK');
