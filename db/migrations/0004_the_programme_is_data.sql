-- Terms, rewards, campaigns and exclusions: dated data that every process reads, and an operator's audit log.
create table programme_state (
    only_row boolean primary key default true check (only_row),
    version bigint not null default 1
);

insert into programme_state (version) values (1);

create table terms (
    market text not null,
    version text not null,
    effective_from date not null,
    document jsonb not null,
    primary key (market, version)
);

create unique index one_version_of_terms_a_day on terms (market, effective_from);

create table rewards (
    reward_id text primary key,
    market text not null,
    name text not null,
    value_minor bigint not null,
    currency text not null,
    cost bigint not null,
    valid_days int not null,
    minimum_minor bigint,
    available_from timestamptz,
    available_until timestamptz,
    stock_left bigint,
    per_member int,
    conditions text not null,
    constraint reward_costs_points check (cost > 0),
    constraint reward_has_value check (value_minor > 0),
    constraint coupon_lasts_a_day check (valid_days > 0),
    constraint stock_is_never_negative check (stock_left >= 0)
);

create index rewards_of_a_market on rewards (market, cost);

create table campaigns (
    campaign_id uuid primary key,
    name text not null,
    markets text[] not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    effect text not null,
    kinds text[] not null,
    factor numeric(10, 2),
    bonus bigint,
    product_ids text[] not null default '{}',
    constraint window_is_not_empty check (ends_at > starts_at),
    constraint effect_is_whole check (
        (effect = 'MULTIPLY' and factor is not null and bonus is null)
        or (effect = 'BONUS' and bonus is not null and factor is null)
    )
);

create table product_exclusions (
    market text not null,
    product_id text not null,
    excluded_from timestamptz not null,
    excluded_until timestamptz,
    reason text not null,
    primary key (market, product_id, excluded_from)
);

create table operator_log (
    entry_id uuid primary key,
    actor text not null,
    action text not null,
    member_id uuid,
    reason text not null,
    before jsonb,
    after jsonb,
    done_at timestamptz not null
);
