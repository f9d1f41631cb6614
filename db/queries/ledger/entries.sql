-- Lines of history for the API. Nothing here writes or locks; every statement selects by member first.

-- name: entries_forwards
-- A member's history, newest first: the transfers that carry a line of it. $2, $3: only rows after and before these
-- positions of the list; $4 kinds; $5 since, $6 until (excluded); $7 the most rows.
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id,
    case when points < 0 and kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from transfers
where
    member_id = $1 and points is not null
    and seq < coalesce($2, 9223372036854775807) and seq > coalesce($3, 0)
    and ($4::text[] is null or kind = any($4))
    and ($5::timestamptz is null or occurred_at >= $5)
    and ($6::timestamptz is null or occurred_at < $6)
order by seq desc
limit $7;

-- name: entries_backwards
-- The same list from its end: oldest first.
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id,
    case when points < 0 and kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from transfers
where
    member_id = $1 and points is not null
    and seq < coalesce($2, 9223372036854775807) and seq > coalesce($3, 0)
    and ($4::text[] is null or kind = any($4))
    and ($5::timestamptz is null or occurred_at >= $5)
    and ($6::timestamptz is null or occurred_at < $6)
order by seq
limit $7;

-- name: entries_first_pages
-- The newest lines of several members' histories, for reads that leave together: $1 members, $2 the most rows of each.
-- `place` is the read that a row belongs to, from 1.
select page.*, wanted.place::int
from unnest($1::uuid[], $2::int[]) with ordinality as wanted (member_id, most, place)
cross join lateral (
    select
        t.member_id, t.seq, t.kind, t.points, t.balance_after, t.occurred_at, t.reference, t.reverses, t.verdict_id,
        case
            when t.points < 0 and t.kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(t.member_id, t.verdict_id)
        end as taking
    from transfers t
    where t.member_id = wanted.member_id and t.points is not null
    order by t.seq desc
    limit wanted.most
) page
order by wanted.place, page.seq desc;

-- name: entries_by_seq
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id,
    case when points < 0 and kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from transfers
where
    (member_id, seq) in (select * from unnest($1::uuid[], $2::bigint[]))
    and points is not null;

-- name: entries_of_verdicts
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id,
    case when points < 0 and kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from transfers
where
    (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[]))
    and points is not null
order by member_id, seq;

-- name: entry_to_reverse
-- A line of a member's history: the points it took, with the lot or debt they came from and the account they went to;
-- the points given back since; the points that verdicts waiting for an operator would still give back; and of a redemption
-- its coupon, in its state by the clock. No row if there is no such line. The line's transfers follow it without a gap.
select
    (
        select coalesce(jsonb_agg(jsonb_build_array(t.debit, t.credit, t.lapses_on, t.amount) order by t.seq), '[]')
        from transfers t
        where
            t.member_id = line.member_id and t.seq between line.seq and line.seq + 999
            and t.entry_seq = line.seq and t.credit in ('redeemed', 'revoked', 'lapsed')
    ) as took,
    (
        select coalesce(sum(t.amount), 0)::bigint
        from transfers t
        where t.member_id = line.member_id and t.reverses = line.seq and t.kind = 'ADJUSTMENT'
    ) as given,
    (
        select coalesce(sum(v.points), 0)::bigint
        from verdicts v
        where v.member_id = line.member_id and v.outcome = 'WAITING' and v.facts ->> 'reverses' = line.seq::text
    ) as promised,
    (
        select jsonb_build_array(c.coupon_id, c.code, c.state)
        from coupons_now c
        where
            line.kind = 'REDEMPTION' and c.member_id = line.member_id
            and c.coupon_id::text = substring(line.source from '^redeem:(.*)$')
    ) as coupon
from transfers line
where line.member_id = $1 and line.seq = $2 and line.points is not null;
