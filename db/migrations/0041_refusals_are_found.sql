-- Refusals that a member or a person got (R62): they are answers to idempotency keys, and these indexes hold no others. An id
-- of each follows from the caller and the key. A person who was refused before joining is known by a salted hash only (R3).
create function refusal_id(caller_id uuid, key text) returns uuid
language sql immutable parallel safe
return md5(caller_id::text || ':' || key)::uuid;

create index refusals_newest_first on requests (member_id, answered_at desc, refusal_id(caller_id, key) desc)
    where answer ? 'code';
create index refusals_of_a_person on requests ((answer ->> 'person_hash'), answered_at desc, refusal_id(caller_id, key) desc)
    where answer ? 'person_hash';
