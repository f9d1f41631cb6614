-- name: lapsing_lots
-- A member's lots, soonest to lapse first; points that never lapse are in the lot of 9999-12-31.
select lapses_on, remaining
from lots
where member_id = $1 and remaining > 0 and lapses_on < date '9999-12-31'
order by lapses_on;
