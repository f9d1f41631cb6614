-- A reward can be ended, and one cheaper than the rate of R40 waits for a second operator (R41): `asked_by` is the operator
-- who asked for it, null for rewards of older releases and of the catalogue.
alter table rewards add column ended_at timestamptz;
alter table rewards add column waits boolean not null default false;
alter table rewards add column asked_by text;

grant update (ended_at, waits) on rewards to mipoints_app;
