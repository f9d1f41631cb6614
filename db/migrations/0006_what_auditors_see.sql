-- The auditor's views: what others may hold on to (design §8).
create schema audit;

create view audit.members as
select m.member_id, a.mi_id
from members m
left join mi_accounts a using (member_id);

create view audit.entries as
select member_id, seq, kind, debit, credit, amount, source, occurred_at, recorded_at, hash
from transfers;

create view audit.balances as
select member_id, available, pending, debt
from balances;

create view audit.promises as
select member_id, promise_id as id, kind, points, due_at, state
from promises;

create view audit.inbox as
select producer, event_id, type, state, attempts, received_at, error
from inbox;

create view audit.verdicts as
select member_id, key, kind, outcome, code, points, decided_at
from verdicts;

-- Transfers whose seq leaves a gap or whose hash does not follow from the one before, and heads that do not
-- match the last transfer (a tail cut off): the first bad row of each broken chain.
create function audit.broken_chains() returns table (member_id uuid, seq bigint)
language sql stable
begin atomic
    with links as (
        select
            t.member_id,
            t.seq,
            coalesce(lag(t.seq) over w, 0) + 1 as seq_expected,
            t.hash,
            sha256(
                coalesce(lag(t.hash) over w, ''::bytea)
                || convert_to(
                    transfer_text(
                        t.member_id, t.seq, t.entry_seq, t.kind, t.debit, t.credit, t.amount, t.points,
                        t.balance_after, t.lapses_on, t.promise_id, t.verdict_id, t.reverses, t.source,
                        t.reference, t.occurred_at, t.recorded_at
                    ),
                    'UTF8'
                )
            ) as hash_expected
        from transfers t
        window w as (partition by t.member_id order by t.seq)
    ),
    tails as (
        select distinct on (t.member_id) t.member_id, t.seq, t.hash
        from transfers t
        order by t.member_id, t.seq desc
    ),
    bad as (
        select links.member_id, least(links.seq, links.seq_expected) as seq
        from links
        where links.hash <> links.hash_expected or links.seq <> links.seq_expected
        union all
        select
            member_id,
            least(coalesce(b.seq, 0), coalesce(tails.seq, 0))
            + (coalesce(b.seq, 0) <> coalesce(tails.seq, 0))::int
        from balances b
        full join tails using (member_id)
        where
            coalesce(b.seq, 0) <> coalesce(tails.seq, 0)
            or coalesce(b.head, ''::bytea) <> coalesce(tails.hash, ''::bytea)
    )
    select bad.member_id, min(bad.seq)
    from bad
    group by bad.member_id;
end;
