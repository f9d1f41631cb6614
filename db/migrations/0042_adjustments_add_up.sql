-- One row an operator, locked while an adjustment of this operator is judged: what one adjusted in 24 hours adds up over all
-- members (R37), and two requests about different members would not see each other.
create table operator_turns (
    actor text primary key,
    last_at timestamptz not null
);

create index adjustments_of_an_operator on operator_log (actor, done_at) where action = 'adjustPoints';

grant select, insert on operator_turns to mipoints_app;
grant update (last_at) on operator_turns to mipoints_app;
