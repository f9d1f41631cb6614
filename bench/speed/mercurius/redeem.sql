-- A redemption in one round trip: what Mercurius calls. The member's row is locked first; the same key gets the same
-- coupon; a refusal is a row with a code.
create type usual.redemption as (
    refused text, member_id bigint, available int,
    entry_id bigint, points int, balance_after int,
    coupon_id bigint, coupon_code text, state text, cost int, value_minor int, currency text,
    issued_at timestamptz, expires_at timestamptz
);

create function usual.redeem(in_mi_id text, in_reward text, in_key text) returns usual.redemption
language plpgsql as $$
declare
    done usual.redemption;
    reward usual.rewards;
    is_new boolean;
begin
    select id, available into done.member_id, done.available
    from usual.members where mi_id = in_mi_id for update;
    if not found then
        done.refused := 'NOT_FOUND';
        return done;
    end if;
    select coupon_id, entry_id into done.coupon_id, done.entry_id
    from usual.idempotency_keys where member_id = done.member_id and key = in_key;
    is_new := not found;
    if is_new then
        select * into reward from usual.rewards where id = in_reward;
        if not found then
            done.refused := 'REWARD_UNAVAILABLE';
            return done;
        end if;
        if done.available < reward.cost then
            done.refused := 'NOT_ENOUGH_POINTS';
            return done;
        end if;
        update usual.members set available = available - reward.cost
        where id = done.member_id returning available into done.available;
        insert into usual.entries (member_id, kind, points, balance_after, occurred_at, reference)
        values (done.member_id, 'REDEMPTION', -reward.cost, done.available, now(), reward.id)
        returning id, points, balance_after into done.entry_id, done.points, done.balance_after;
        insert into usual.coupons
            (member_id, reward_id, code, state, cost, value_minor, currency, issued_at, expires_at)
        values (
            done.member_id, reward.id, replace(gen_random_uuid()::text, '-', ''), 'AVAILABLE', reward.cost,
            reward.value_minor, reward.currency, now(), now() + make_interval(days => reward.valid_days)
        )
        returning id, code, state, cost, value_minor, currency, issued_at, expires_at
        into done.coupon_id, done.coupon_code, done.state, done.cost, done.value_minor, done.currency,
            done.issued_at, done.expires_at;
        insert into usual.idempotency_keys (member_id, key, coupon_id, entry_id)
        values (done.member_id, in_key, done.coupon_id, done.entry_id);
        return done;
    end if;
    select points, balance_after into done.points, done.balance_after from usual.entries where id = done.entry_id;
    select code, state, cost, value_minor, currency, issued_at, expires_at
    into done.coupon_code, done.state, done.cost, done.value_minor, done.currency, done.issued_at, done.expires_at
    from usual.coupons where id = done.coupon_id;
    return done;
end
$$;
