-- Makes everything due at once that the workers have to do: holds, lots, coupons, notices, deliveries and outgoing events.
update promises set due_at = now() - random() * interval '1 hour' where due_at is not null;
update lots set lapses_on = current_date, is_noticed = true where lapses_on > current_date + 180;
update lots set lapses_on = current_date + 1, is_noticed = false where lapses_on > current_date;
update coupons set expires_at = now() - random() * interval '1 hour' where state = 'AVAILABLE';
update coupons set reserved_until = now() - random() * interval '1 hour' where state = 'RESERVED';
update notices set sent_at = null;
update inbox set state = 'RECEIVED', attempts = 0 where producer = 'native';
update outgoing set state = 'WAITING';
update members set state = 'ACTIVE';
