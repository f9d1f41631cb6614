-- More rows that a decision writes (as in migration 0021): the lots and the coupons whose notices it writes.

create type record_noticed_lots as (
    member_id uuid, lapses_on date
);

create type record_noticed_coupons as (
    member_id uuid, coupon_id uuid
);
