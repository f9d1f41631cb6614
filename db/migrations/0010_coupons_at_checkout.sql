-- Coupons at checkout: which order a coupon is or was reserved for (R43), and one loyalty coupon for each order (R44).
-- Every order that ever reserved a coupon: a commit after the timeout asks for it, and so does a repeated release.
create table coupon_reservations (
    member_id uuid not null references members,
    coupon_id uuid not null,
    order_number text not null,
    discount_minor bigint not null,
    reserved_at timestamptz not null,
    released_at timestamptz,
    primary key (member_id, coupon_id, order_number),
    foreign key (member_id, coupon_id) references coupons,
    constraint discount_is_positive check (discount_minor > 0)
);

-- Which coupon an order number has, whoever's it is; from `held_until` on another may take its place. A claim on an
-- order that another coupon still holds would make `is_free` false, and so fails by this check's name.
create table order_coupons (
    order_number text primary key,
    member_id uuid not null,
    coupon_id uuid not null,
    held_until timestamptz not null,
    is_free boolean not null default true,
    constraint one_coupon_per_order check (is_free)
);

-- The check above is for all members and sees reservations end by the clock; this index saw neither.
drop index one_coupon_per_order;

create index coupons_to_expire on coupons (expires_at) where state = 'AVAILABLE';
create index reservations_to_end on coupons (reserved_until) where state = 'RESERVED';
create index coupons_of_a_reward on coupons (member_id, reward_id);

-- Coupons as they are by the clock, whether or not a worker has got to them: a reservation ends and a coupon expires
-- at their instants (R43, R52). `state_since` is that instant.
create view coupons_now as
select
    c.member_id, c.coupon_id, c.code, c.reward_id, c.value_minor, c.currency, c.minimum_minor, c.cost,
    case
        when not due.is_due then c.state
        when c.expires_at <= programme_now() then 'EXPIRED'
        else 'AVAILABLE'
    end as state,
    c.issued_at, c.expires_at,
    case when not due.is_due then c.reserved_until end as reserved_until,
    case when not due.is_due then c.order_number end as order_number,
    case when not due.is_due then c.discount_minor end as discount_minor,
    case
        when not due.is_due then c.state_since
        when c.expires_at <= programme_now() then greatest(c.expires_at, c.reserved_until)
        else c.reserved_until
    end as state_since,
    due.is_due
from coupons c
cross join lateral (
    select
        (c.state = 'AVAILABLE' and c.expires_at <= programme_now())
        or (c.state = 'RESERVED' and c.reserved_until <= programme_now()) as is_due
) due;

grant select on coupons_now to mipoints_app;
grant select, insert on coupon_reservations, order_coupons to mipoints_app;
grant update (discount_minor, reserved_at, released_at) on coupon_reservations to mipoints_app;
grant update (member_id, coupon_id, held_until, is_free) on order_coupons to mipoints_app;
