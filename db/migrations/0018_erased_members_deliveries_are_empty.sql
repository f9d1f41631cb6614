-- What producers sent about an erased member's orders holds the person no longer (R71): its body and headers go, and a
-- hash of the body stays, so that the same event is still known when it is sent again.
alter table inbox add column body_hash bytea;
create index inbox_of_an_order on inbox (order_number) where order_number is not null;

-- The application cannot rewrite what was told; through this it can empty the deliveries of an order whose member was
-- erased, and no others. One that a worker holds just now is left to that worker, which waits for the member.
create function empty_deliveries_of_erased(about text) returns void
language sql security definer set search_path = public, pg_temp
begin atomic
    with held as (
        select i.producer, i.event_id
        from inbox i
        join order_numbers n on n.number = i.order_number
        where
            i.order_number = about and i.body <> ''
            and not exists (select from mi_accounts a where a.member_id = n.member_id)
        for update of i skip locked
    )
    update inbox i
    set body_hash = sha256(i.body), body = '', headers = '{}'
    from held
    where i.producer = held.producer and i.event_id = held.event_id;
end;

revoke execute on function empty_deliveries_of_erased(text) from public;
grant execute on function empty_deliveries_of_erased(text) to mipoints_app;
