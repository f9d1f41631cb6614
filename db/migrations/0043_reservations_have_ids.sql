-- Each reservation of a coupon has an id (R43), so that the late release of a first payment attempt does not take the second
-- one's coupon. Reservations of older releases have none.
alter table coupon_reservations add column reservation_id uuid;
alter table coupon_reservations add column earlier_ids uuid[] not null default '{}';

grant update (reservation_id, earlier_ids, held_until) on coupon_reservations to mipoints_app;
