-- Refusals that a member or a person got: the answers to idempotency keys that are refusals (R62).

-- name: refusals_page
-- Those about a member ($1), and those that its person, by its hash ($2), got before joining, newest first. $3, $4: only
-- rows after this place of the list; $5 the most rows.
select found.refusal_id, found.answer, found.answered_at
from (
    (
        select refusal_id(caller_id, key) as refusal_id, answer, answered_at
        from requests
        where
            member_id = $1 and answer ? 'code'
            and ($4::uuid is null or (answered_at, refusal_id(caller_id, key)) < ($3::timestamptz, $4))
        order by answered_at desc, refusal_id(caller_id, key) desc
        limit $5
    )
    union all
    (
        select refusal_id(caller_id, key), answer, answered_at
        from requests
        where
            answer ? 'person_hash' and answer ->> 'person_hash' = $2
            and ($4::uuid is null or (answered_at, refusal_id(caller_id, key)) < ($3::timestamptz, $4))
        order by answered_at desc, refusal_id(caller_id, key) desc
        limit $5
    )
) found
order by found.answered_at desc, found.refusal_id desc
limit $5;
