-- The endpoints that receive our outgoing webhooks; operators manage them.

-- name: add_endpoint
with added as (
    insert into endpoints (endpoint_id, url, secrets, types, created_at, state_since)
    values ($1, $2, array[$3::text], $4, programme_now(), programme_now())
    returning endpoint_id
)
insert into endpoint_health (endpoint_id) select endpoint_id from added;

-- name: lock_endpoint
-- One endpoint, locked until the transaction ends.
select endpoint_id, url, types, state, secrets from endpoints where endpoint_id = $1 for no key update;

-- name: all_endpoints
-- Every endpoint that was not removed, oldest first, with its health.
select
    e.endpoint_id, e.url, e.types, e.state, cardinality(e.secrets) as secrets, h.delivered, h.failed, h.failures,
    case when h.rests_until > programme_now() then h.rests_until end as rests_until, h.last_error
from endpoints e
join endpoint_health h using (endpoint_id)
where e.state <> 'REMOVED'
order by e.created_at, e.endpoint_id;

-- name: set_endpoint_state
-- Sets the state, unless the endpoint was removed. Removing it deletes its secrets.
update endpoints
set state = $2, state_since = programme_now(), secrets = case when $2 = 'REMOVED' then '{}' else secrets end
where endpoint_id = $1 and state <> 'REMOVED';

-- name: set_endpoint_secrets
update endpoints set secrets = $2 where endpoint_id = $1 and state <> 'REMOVED';

-- name: endpoint_recovered
-- Resets the failures of a resumed endpoint. Its waiting events are due now and get the full time of attempts.
with well as (
    update endpoint_health set failures = 0, rests_until = null where endpoint_id = $1
)
update outgoing
set tried_since = programme_now(), due_at = least(due_at, programme_now())
where endpoint_id = $1 and state = 'WAITING';
