-- An operator may end a campaign before its time, or before it began: it stops at that moment. Its planned window stays
-- as it was, so that an order judged within it is worth the same ever after (R21).
alter table campaigns add column ended_at timestamptz;

revoke update (ends_at) on campaigns from mipoints_app;
grant update (ended_at) on campaigns to mipoints_app;
