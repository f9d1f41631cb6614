-- name: is_there
-- Reads nothing and waits for no lock: whoever answers it lives.
select true;
