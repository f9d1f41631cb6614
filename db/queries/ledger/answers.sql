-- name: request_to_judge
-- A service's earlier answer to a key, the moment, and the programme's version, for requests that involve no member.
select programme_now() as now, p.version as programme_version, r.input_hash, r.answer
from programme_state p
left join requests r on r.caller_id = $1 and r.key = $2;

-- name: key_is_used
-- Whether a service ($1), or else the member of a Mi account ($2), already has an answer to a key.
select exists (
    select from requests
    where caller_id = coalesce($1, (select member_id from mi_accounts where mi_id = $2)) and key = $3
);

-- name: keep_answer
-- Stores an answer that changed no member or concerns none. If two run at once, the first one stays.
insert into requests (caller_id, key, input_hash, answer, answered_at, member_id)
values ($1, $2, decode($3, 'hex'), $4, programme_now(), $5)
on conflict (caller_id, key) do nothing
returning key;
