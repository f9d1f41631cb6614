-- name: is_there
-- Reads nothing and waits for no lock: a server that answers it is alive.
select true;
