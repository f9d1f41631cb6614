-- Every delivery of a producer, kept before it is believed; (producer, event_id) never expires.
create table inbox (
    producer text not null,
    event_id text not null,
    type text not null,
    body bytea not null,
    headers jsonb not null,
    state text not null default 'RECEIVED',
    attempts int not null default 0,
    not_before timestamptz,
    received_at timestamptz not null,
    applied_at timestamptz,
    error text,
    order_number text,
    tracking_number text,
    primary key (producer, event_id),
    constraint delivery_state_is_known
        check (state in ('RECEIVED', 'APPLIED', 'PARKED', 'IGNORED', 'DEAD'))
);

create index inbox_to_apply on inbox (received_at) where state = 'RECEIVED';
create index inbox_parked_by_order on inbox (order_number) where state = 'PARKED';
create index inbox_parked_by_parcel on inbox (tracking_number) where state = 'PARKED';
create index inbox_newest_first on inbox (received_at desc, producer, event_id);
