-- Outgoing webhooks: who is told what, and one row for each event and endpoint. A row is the work of sending it, and
-- points at what happened (a line of history, a coupon, a notice) instead of saying it again: what a person is called
-- and which code a coupon has is looked up when it is sent, so that erasing takes them out of what waits (R71).
create table endpoints (
    endpoint_id uuid primary key,
    url text not null,
    secrets text[] not null,
    types text[] not null,
    state text not null default 'ACTIVE',
    created_at timestamptz not null,
    state_since timestamptz not null,
    constraint endpoint_state_is_known check (state in ('ACTIVE', 'PAUSED', 'GONE', 'REMOVED')),
    constraint event_types_are_known check (
        cardinality(types) > 0
        and types <@ array['points.credited', 'points.clawed_back', 'coupon.issued', 'points.lapsing_soon']
    ),
    constraint secrets_are_few check (cardinality(secrets) <= 3),
    constraint only_the_removed_have_no_secret check ((state = 'REMOVED') = (cardinality(secrets) = 0))
);

-- How an endpoint answers lately. Apart from the endpoint itself, which every decision reads and hardly anybody writes.
create table endpoint_health (
    endpoint_id uuid primary key references endpoints,
    failures int not null default 0,
    rests_until timestamptz,
    delivered bigint not null default 0,
    failed bigint not null default 0,
    last_status int,
    last_error text,
    last_at timestamptz
) with (fillfactor = 50);

-- How many events of this member others were told of: the number of the last one.
alter table balances add column announced bigint not null default 0;

-- No foreign key to endpoints: it would have every decision lock the same few rows. Nobody may delete an endpoint.
create table outgoing (
    member_id uuid not null references members,
    sequence bigint not null,
    endpoint_id uuid not null,
    event_id uuid not null,
    type text not null,
    entry_seq bigint,
    coupon_id uuid,
    notice_id uuid,
    created_at timestamptz not null,
    state text not null default 'WAITING',
    attempts int not null default 0,
    tried_since timestamptz not null,
    due_at timestamptz not null,
    leased_until timestamptz,
    status int,
    error text,
    delivered_at timestamptz,
    primary key (member_id, sequence, endpoint_id),
    foreign key (member_id, entry_seq) references transfers (member_id, seq),
    foreign key (member_id, coupon_id) references coupons,
    foreign key (member_id, notice_id) references notices,
    constraint outgoing_state_is_known check (state in ('WAITING', 'DELIVERED', 'DEAD', 'DROPPED')),
    constraint sequence_starts_at_one check (sequence > 0),
    constraint an_event_has_its_cause check (
        case type
            when 'points.lapsing_soon' then notice_id is not null and coupon_id is null and entry_seq is null
            when 'coupon.issued' then coupon_id is not null and notice_id is null
            else entry_seq is not null and coupon_id is null and notice_id is null
        end
    )
) with (fillfactor = 80);

create index outgoing_to_send on outgoing (endpoint_id, due_at, member_id, sequence) where state = 'WAITING';
create index outgoing_dead on outgoing (endpoint_id) where state = 'DEAD';
create index outgoing_by_event on outgoing (event_id);

create view audit.outgoing as
select
    o.member_id, o.sequence, o.endpoint_id, o.event_id, o.type, o.entry_seq, o.coupon_id, o.notice_id, o.state,
    o.attempts, o.created_at, o.delivered_at, o.status, o.error
from outgoing o;

create view audit.endpoints as
select endpoint_id, url, types, state, created_at, state_since
from endpoints;

grant select, insert on endpoints, endpoint_health, outgoing to mipoints_app;
grant update (url, secrets, types, state, state_since) on endpoints to mipoints_app;
grant update (failures, rests_until, delivered, failed, last_status, last_error, last_at)
    on endpoint_health to mipoints_app;
grant update (announced) on balances to mipoints_app;
grant update (state, attempts, tried_since, due_at, leased_until, status, error, delivered_at)
    on outgoing to mipoints_app;
grant select on audit.outgoing, audit.endpoints to mipoints_app, mipoints_auditor;
