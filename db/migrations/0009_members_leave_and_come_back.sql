-- Facts told while their member was suspended wait here until it is reinstated (R5): a row is an order's fact that
-- moved no points yet.
create table kept_facts (
    member_id uuid not null,
    number text not null,
    fact_key text not null,
    kept_at timestamptz not null,
    primary key (member_id, number, fact_key),
    foreign key (member_id, number, fact_key) references order_facts
);

-- What the hashes of erased persons are salted with where MIPOINTS_PERSON_SALT does not say (R71): each database has
-- its own, so that hashes of one say nothing about another.
create table person_salt (
    only_row boolean primary key default true check (only_row),
    salt bytea not null
);

insert into person_salt (salt)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- The zones before `zone_before`, oldest first, each with the moment until which it counted: what is told late counts on
-- the day it was when it happened (R20, R23).
alter table members add column earlier_zones jsonb not null default '[]';

-- For the export of what is held about a member (R71); its own requests are found by their key.
create index requests_about_a_member on requests (member_id) where caller_id <> member_id;
create index log_about_a_member on operator_log (member_id, done_at) where member_id is not null;
create index notices_newest_first on notices (member_id, created_at desc, notice_id desc);

grant select, insert, delete on kept_facts to mipoints_app;
grant select on person_salt to mipoints_app;
grant update (earlier_zones) on members to mipoints_app;
