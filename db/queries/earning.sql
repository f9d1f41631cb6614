-- name: slots_of_periods
-- The taken slots of a member's caps in these periods, such as 2026-11, or an empty text for caps that never reset.
select kind, period, n
from slots
where member_id = $1 and period = any($2::text[]);

-- name: recent_fuel_days
select day, streak, bonuses
from fuel_days
where member_id = $1 and day >= $2
order by day;

-- name: activities_lately
-- How many activities were judged since a moment: the member's ($3: kinds that are no activities), and those that a
-- device (its hash, $4) sent, of any member.
select
    (
        select count(*)
        from verdicts v
        where v.member_id = $1 and v.decided_at > $2 and v.kind <> all($3::text[])
    ) as of_member,
    (
        select count(*)
        from verdicts v
        where v.facts ? 'device' and v.facts ->> 'device' = $4 and v.decided_at > $2
    ) as of_device;
