-- What operators look at: deliveries newest first, by producer and state, however many there are.
create index inbox_by_producer_and_state on inbox (producer, state, received_at desc, event_id);
create index inbox_last_applied on inbox (producer, applied_at desc) where applied_at is not null;
drop index inbox_newest_first;

-- Whoever has ever sent anything that was kept: one look into the index for each, not one for every delivery.
create view inbox_producers as
with recursive found as (
    select min(producer) as producer from inbox
    union all
    select (select min(i.producer) from inbox i where i.producer > f.producer)
    from found f
    where f.producer is not null
)
select producer from found where producer is not null;

-- What was not kept, and why: counts by the hour. A row is of a producer we know (or `unknown`) and of a reason we have.
create table webhook_rejections (
    producer text not null,
    reason text not null,
    hour timestamptz not null,
    count bigint not null,
    last_at timestamptz not null,
    primary key (producer, reason, hour),
    constraint a_rejection_happened check (count > 0)
);

create index rejections_by_age on webhook_rejections (hour);

grant select on inbox_producers to mipoints_app;
grant select, insert, delete on webhook_rejections to mipoints_app;
grant update (count, last_at) on webhook_rejections to mipoints_app;
