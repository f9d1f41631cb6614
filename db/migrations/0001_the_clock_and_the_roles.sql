-- The programme's clock, and the two roles that everything else runs as.
-- Postgres' clock decides what is due; the sandbox may move it forward by adding to this one row.
create table programme_clock (
    only_row boolean primary key default true check (only_row),
    ahead interval not null default '0 seconds'
);

insert into programme_clock (ahead) values ('0 seconds');

create function programme_now() returns timestamptz
language sql stable parallel safe
return statement_timestamp() + (select ahead from programme_clock);

-- Roles belong to the whole server, databases come and go: whoever comes second finds them there.
do $$
begin
    create role mipoints_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$
begin
    create role mipoints_auditor nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$
begin
    if not pg_has_role(current_user, 'mipoints_app', 'member') then
        execute format('grant mipoints_app to %I', current_user);
    end if;
end $$;
