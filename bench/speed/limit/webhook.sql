-- One delivery as one row.
\set order random(1, 1000000000)
insert into usual.webhooks (id, body) values (gen_random_uuid()::text, jsonb_build_object('type', 'shipment.in_transit', 'data', jsonb_build_object('order_number', 'none', 'tracking_number', (:order)::text))) on conflict do nothing;
