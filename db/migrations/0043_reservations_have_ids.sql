-- Each reservation of a coupon has an id (R43), so that the late release of a first payment attempt does not take the second
-- one's coupon. Reservations of older releases have none.
alter table coupon_reservations add column reservation_id uuid;
alter table coupon_reservations add column earlier_ids uuid[] not null default '{}';

grant update (reservation_id, earlier_ids, held_until) on coupon_reservations to mipoints_app;

-- The rows of a decision, as in migration 0021.
create type record_named_reservations as (
    member_id uuid, coupon_id uuid, order_number text, discount_minor bigint, reserved_at timestamptz,
    held_until timestamptz, released_at timestamptz, reservation_id uuid
);
