-- The application adds to the ledger and reads it. It cannot update or delete a transfer, a verdict's row,
-- an answered request or an operator's log; the auditor reads the audit schema only.
grant usage on schema public to mipoints_app;
grant select, insert on all tables in schema public to mipoints_app;
grant update on
    programme_clock, programme_state, members, balances, lots, promises, fuel_days, coupons, rewards,
    campaigns, product_exclusions, inbox, notices
    to mipoints_app;
grant update (outcome, code, points, campaign_ids, facts) on verdicts to mipoints_app;
grant delete on mi_accounts, lots to mipoints_app;
revoke insert on terms from mipoints_app;

grant usage on schema audit to mipoints_app, mipoints_auditor;
grant select on all tables in schema audit to mipoints_app, mipoints_auditor;
grant execute on function audit.broken_chains() to mipoints_app, mipoints_auditor;
-- The chain is checked with the checker's own rights, so the auditor's role reaches transfers only through it.
alter function audit.broken_chains() security definer;
alter function audit.broken_chains() set search_path = public, pg_temp;
