-- The application adds to the ledger and reads it. It cannot update or delete a transfer, a verdict that is no longer
-- waiting, an answered request, an order, a fact or an operator's log, nor move the clock; of other rows it may change
-- the columns that say what became of them. The auditor reads the audit schema only.
grant usage on schema public to mipoints_app;
grant select, insert on all tables in schema public to mipoints_app;
revoke insert on terms, programme_clock, programme_state from mipoints_app;

grant update (time_zone, zone_before, zone_since, state, state_since) on members to mipoints_app;
grant update (available, pending, debt, lifetime, seq, head, version) on balances to mipoints_app;
grant update (remaining) on lots to mipoints_app;
grant update (streak, bonuses) on fuel_days to mipoints_app;
grant update (state, points, awaiting, due_at, lapses_on, attempts, not_before, error) on promises to mipoints_app;
grant update (outcome, code, points) on verdicts to mipoints_app;
grant update (state, reserved_until, order_number, discount_minor, state_since) on coupons to mipoints_app;
grant update (state, attempts, not_before, applied_at, error, order_number, tracking_number) on inbox to mipoints_app;
grant update (stock_left) on rewards to mipoints_app;
grant update (ends_at) on campaigns to mipoints_app;
grant update (excluded_until) on product_exclusions to mipoints_app;
grant update (sent_at) on notices to mipoints_app;
grant update (version) on programme_state to mipoints_app;
grant delete on mi_accounts, lots to mipoints_app;

-- Only WAITING turns (R60): once a verdict is final, the application finds no row of it to change.
alter table verdicts enable row level security;
create policy verdicts_are_read on verdicts for select to mipoints_app using (true);
create policy verdicts_are_added on verdicts for insert to mipoints_app with check (true);
create policy only_waiting_turns on verdicts for update to mipoints_app
    using (outcome = 'WAITING') with check (true);

grant usage on schema audit to mipoints_app, mipoints_auditor;
grant select on all tables in schema audit to mipoints_app, mipoints_auditor;
grant execute on function audit.broken_chains() to mipoints_app, mipoints_auditor;
-- The chain is checked with the owner's rights, so the auditor's role reaches transfers only through it.
alter function audit.broken_chains() security definer;
alter function audit.broken_chains() set search_path = public, pg_temp;
