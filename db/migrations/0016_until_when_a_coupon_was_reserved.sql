-- A reservation outlives its coupon's expiry (R43): what was owed at the end of a past day depends on when it ended.
alter table coupon_reservations add column held_until timestamptz;

update coupon_reservations r
set held_until = o.held_until
from order_coupons o
where
    o.order_number = r.order_number and o.member_id = r.member_id and o.coupon_id = r.coupon_id
    and o.held_until < 'infinity';

grant update (held_until) on coupon_reservations to mipoints_app;
