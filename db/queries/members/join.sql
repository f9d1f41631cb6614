-- name: join_member
-- A new member with an empty ledger. If two run at once for one Mi account, it becomes one member, and the second gets
-- no row.
with account as (
    insert into mi_accounts (mi_id, member_id) values ($1, $2)
    on conflict (mi_id) do nothing
    returning member_id
),
member as (
    insert into members (member_id, market, time_zone, joined_at)
    select member_id, $3, $4, $5 from account
),
balance as (
    insert into balances (member_id) select member_id from account
)
select member_id from account;
