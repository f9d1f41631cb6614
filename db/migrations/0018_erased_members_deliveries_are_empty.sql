-- What producers sent about an erased member's orders holds the person no longer (R71): its body and headers go, and a
-- hash of the body stays, so that the same event is still known when it is sent again. The application itself cannot
-- rewrite what was told; these two triggers do it, whoever erases and whoever applies.
alter table inbox add column body_hash bytea;
create index inbox_of_an_order on inbox (order_number) where order_number is not null;

create function empty_deliveries_of_erased() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    -- One that a worker has just now is left to the other trigger: the worker waits for this member, and writes later.
    with held as (
        select i.producer, i.event_id
        from orders o join inbox i on i.order_number = o.number
        where o.member_id = old.member_id and i.body <> ''
        for update of i skip locked
    )
    update inbox i
    set body_hash = sha256(i.body), body = '', headers = '{}'
    from held
    where i.producer = held.producer and i.event_id = held.event_id;
    return null;
end
$$;

create trigger erasing_empties_deliveries after delete on mi_accounts
    for each row execute function empty_deliveries_of_erased();

create function empty_delivery_if_erased() returns trigger
language plpgsql set search_path = public, pg_temp
as $$
begin
    if exists (
        select from order_numbers n
        where
            n.number = new.order_number
            and not exists (select from mi_accounts a where a.member_id = n.member_id)
    ) then
        new.body_hash := sha256(new.body);
        new.body := '';
        new.headers := '{}';
    end if;
    return new;
end
$$;

create trigger deliveries_of_erased_are_emptied before update on inbox
    for each row when (new.body <> '' and new.order_number is not null)
    execute function empty_delivery_if_erased();
