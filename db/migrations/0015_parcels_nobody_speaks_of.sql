-- Reconciliation: parcels of which nobody has said anything for long are found, and producers asked about them.
create index promises_waiting_for_delivery on promises (promised_at)
    where state = 'PROMISED' and awaiting = 'DELIVERY';

-- Which producer was asked about which parcel, and when it may be asked again: the row is taken before the question.
create table parcel_questions (
    member_id uuid not null references members,
    number text not null,
    tracking_number text not null,
    producer text not null,
    asked_at timestamptz not null,
    not_before timestamptz not null,
    primary key (member_id, number, tracking_number, producer)
);

grant select, insert on parcel_questions to mipoints_app;
grant update (asked_at, not_before) on parcel_questions to mipoints_app;
