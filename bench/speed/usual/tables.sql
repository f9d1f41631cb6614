-- The tables of the servers that this project is compared with: plain, normalized, indexed for their queries.
-- `mi_id`s and histories are those of the members of this project, so that the answers have the same size.
create schema usual;

create table usual.members (
    id bigint primary key,
    mi_id text not null unique,
    market text not null,
    state text not null,
    available int not null check (available >= 0),
    pending int not null,
    debt int not null,
    lifetime int not null
);

create table usual.entries (
    id bigint generated always as identity primary key,
    member_id bigint not null references usual.members,
    kind text not null,
    points int not null,
    balance_after int not null,
    occurred_at timestamptz not null,
    reference text
);

create table usual.rewards (
    id text primary key,
    market text not null,
    cost int not null,
    value_minor int not null,
    currency text not null,
    valid_days int not null
);

create table usual.coupons (
    id bigint generated always as identity primary key,
    member_id bigint not null references usual.members,
    reward_id text not null references usual.rewards,
    code text not null unique,
    state text not null,
    cost int not null,
    value_minor int not null,
    currency text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null
);

create table usual.idempotency_keys (
    member_id bigint not null references usual.members,
    key text not null,
    coupon_id bigint not null,
    entry_id bigint not null,
    primary key (member_id, key)
);

create table usual.fuel_days (
    member_id bigint not null references usual.members,
    day date not null,
    primary key (member_id, day)
);

create table usual.promises (
    id bigint generated always as identity primary key,
    member_id bigint not null references usual.members,
    points int not null,
    due_at timestamptz not null,
    posted_at timestamptz
);

create table usual.webhooks (
    id text primary key,
    body jsonb not null,
    received_at timestamptz not null default now()
);
