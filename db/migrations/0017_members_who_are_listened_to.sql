-- Who follows a member's balance is on the row that every change of that balance locks: the writer reads it there at no
-- cost, and cannot miss it. Only until `listened_until`, by the host's clock, do changes of that member NOTIFY anybody;
-- a NOTIFY makes its commit wait for the one before it, so the others do without.
alter table balances add column listened_until timestamptz;

grant update (listened_until) on balances to mipoints_app;
