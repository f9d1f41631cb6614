-- name: progress_of_members
-- What members have under way, for reads that leave together: the taken slots of a month, a day and for ever; the days on
-- which fuel was collected since a day, oldest first; the lots that lapse, soonest first (points that never lapse are in
-- the lot of 9999-12-31). $1 members, $2 months such as 2026-11, $3 days, $4 the first days of fuel. `place` is the read
-- that a row belongs to, from 1.
select
    wanted.place::int,
    array(
        select (s.kind, s.period, s.n)
        from slots s
        where s.member_id = wanted.member_id and s.period in ('', wanted.month, wanted.day)
    ) as slots,
    array(
        select (f.day, f.streak, f.bonuses)
        from fuel_days f
        where f.member_id = wanted.member_id and f.day >= wanted.since
        order by f.day
    ) as fuel_days,
    array(
        select (l.lapses_on, l.remaining)
        from lots l
        where l.member_id = wanted.member_id and l.remaining > 0 and l.lapses_on < date '9999-12-31'
        order by l.lapses_on
    ) as lots
from unnest($1::uuid[], $2::text[], $3::text[], $4::date[])
    with ordinality as wanted (member_id, month, day, since, place);

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
