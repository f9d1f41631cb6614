-- What of each lot lapsed, and was not waived yet when something of it was taken back (R36). A clawback says in its facts
-- what it waived. What an operator let be taken back is no new verdict, whose facts could say so: it was waived what was
-- credited less what was taken.
create view lapsed_lots with (security_invoker) as
select
    t.member_id,
    t.lapses_on,
    sum(t.amount) - coalesce((
        select sum(w.points::bigint)
        from verdicts v, jsonb_each_text(v.facts -> 'waived') as w (day, points)
        where v.member_id = t.member_id and v.kind = 'CLAWBACK' and w.day = t.lapses_on::text
    ), 0) - coalesce((
        select sum(w.points)
        from (
            select v.points + sum(p.points) as points
            from verdicts v
            join promises p on p.member_id = v.member_id and p.verdict_id::text = v.facts ->> 'of'
            where
                v.member_id = t.member_id and v.kind = 'CLAWBACK' and v.outcome = 'GRANTED'
                and p.state = 'POSTED' and p.lapses_on = t.lapses_on
            group by v.verdict_id, v.points
        ) w
    ), 0) as points
from transfers t
where t.kind = 'LAPSE'
group by t.member_id, t.lapses_on;

grant select on lapsed_lots to mipoints_app;
