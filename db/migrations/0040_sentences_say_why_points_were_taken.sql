-- What a sentence about points that were taken says (R32, R35, R36): the code of why, the pending points that were
-- cancelled, the lapsed points that were not taken again, and the points that the member has owed since. Facts of verdicts
-- and transfers say so, those of old verdicts too. A clawback that an operator approved keeps its cause in its facts; what
-- it cancelled and what had lapsed follow from the promises of the verdict that it is about.
create function taking_of(member uuid, verdict uuid) returns jsonb
language sql stable parallel safe
begin atomic
    select jsonb_build_object(
        'cause', case when v.facts ? 'forfeited' then 'FORFEITED' else coalesce(v.facts ->> 'code', v.code) end,
        'cancelled', coalesce(case
            when jsonb_typeof(v.facts -> 'cancelled') = 'number' then (v.facts ->> 'cancelled')::bigint
            when v.facts ? 'cancelled'
                then (select sum(c.points::bigint) from jsonb_each_text(v.facts -> 'cancelled') as c (part, points))
            when v.facts ? 'forfeited' then (v.facts #>> '{forfeited,pending}')::bigint
            when v.outcome = 'GRANTED' and v.kind = 'CLAWBACK' then (
                select sum(p.points) from promises p
                where p.member_id = v.member_id and p.verdict_id = (v.facts ->> 'of')::uuid and p.state = 'VOIDED'
            )
        end, 0),
        'lapsed', coalesce(case
            when v.facts ? 'waived'
                then (select sum(w.points::bigint) from jsonb_each_text(v.facts -> 'waived') as w (day, points))
            when v.outcome = 'GRANTED' and v.kind = 'CLAWBACK' then (
                select sum(p.points) + v.points from promises p
                where p.member_id = v.member_id and p.verdict_id = (v.facts ->> 'of')::uuid and p.state = 'POSTED'
            )
        end, 0),
        'debt', coalesce((
            select sum(t.amount) from transfers t
            where t.member_id = v.member_id and t.verdict_id = v.verdict_id and t.debit = 'debt'
        ), 0)
    )
    from verdicts v
    where v.member_id = member and v.verdict_id = verdict;
end;

-- A notice about points that were taken back says why, and what the member owes since; old ones have neither.
alter table notices add column cause text;
alter table notices add column debt bigint;

-- The rows of a decision, as in migration 0021.
create type record_caused_notices as (
    member_id uuid, notice_id uuid, kind text, points bigint, lapses_on date, reference text,
    created_at timestamptz, cause text, debt bigint
);
