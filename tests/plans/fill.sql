-- Fills a migrated database with :members members: of every table that grows with them, as many rows as members have
-- after some months. Everything agrees with everything else, as `mipoints audit` reads it (tests/plans/test_plans.py).
-- Ids are hashes, so members are as scattered in the indexes as real ones; rows come in the order of time.
set session_replication_role = replica;

create temp table people as
select
    n, md5('member ' || n)::uuid as member_id,
    md5('adjusted ' || n)::uuid as adjusted, md5('redeemed ' || n)::uuid as redeemed, md5('bought ' || n)::uuid as bought,
    md5('active ' || n)::uuid as active, md5('coupon ' || n)::uuid as coupon_id, md5('code ' || n) as code,
    md5('parcels ' || n)::uuid as order_promise, md5('held ' || n)::uuid as held_promise,
    'ORD-' || n as number, 'PARCEL-' || n as tracking_number,
    date_trunc('second', now()) - interval '300 days' * (1 - n::float8 / :members) as at,
    case when n % 2 = 0 then 'LINK_SHARE' else 'FUEL' end as activity,
    case when n % 2 = 0 then 'link_share:2026-11:1' else 'fuel:2026-11-01' end as activity_source,
    current_date + 2 + n % 360 as lapses_on
from generate_series(1, :members) as n;

insert into members (member_id, market, time_zone, joined_at, state)
select member_id, 'ES', 'Europe/Madrid', at, case when n % 10 = 0 then 'SUSPENDED' else 'ACTIVE' end from people;

insert into mi_accounts (mi_id, member_id) select 'mi-' || n, member_id from people;

-- Four transfers each: goodwill, a coupon bought with half of it, and two promises: an order's, and an activity's.
insert into transfers (
    member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id, verdict_id,
    source, reference, occurred_at, recorded_at, hash
)
select
    t.*,
    chain_hash(
        ''::bytea,
        transfer_text(
            member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
            verdict_id, null, source, reference, occurred_at, recorded_at
        )
    ) over (partition by member_id order by seq)
from (
    select
        p.member_id, l.seq, l.seq as entry_seq, l.kind, l.debit, l.credit, l.amount, l.points, l.balance_after,
        case when l.points is not null then p.lapses_on end as lapses_on, l.promise_id, l.verdict_id, l.source,
        l.reference, p.at as occurred_at, p.at as recorded_at
    from people p cross join lateral (
        values
            (1::bigint, 'ADJUSTMENT', 'issuance', 'available', 1000::bigint, 1000::bigint, 1000::bigint, null::uuid,
                p.adjusted, 'adjust:' || p.n, null),
            (2, 'REDEMPTION', 'available', 'redeemed', 500, -500, 500, null, p.redeemed, 'redeem:' || p.coupon_id, p.code),
            (3, 'PURCHASE', 'issuance', 'pending', 20, null, null, p.order_promise, p.bought, 'order:' || p.number, p.number),
            (4, p.activity, 'issuance', 'pending', 10, null, null, p.held_promise, p.active, p.activity_source, null)
    ) as l (seq, kind, debit, credit, amount, points, balance_after, promise_id, verdict_id, source, reference)
) t;

insert into balances (member_id, available, pending, lifetime, seq, head, version, announced)
select p.member_id, 500, 30, 1000, 4, t.hash, 4, 2
from people p join transfers t on t.member_id = p.member_id and t.seq = 4;

insert into lots (member_id, lapses_on, remaining, is_noticed)
select
    member_id, lapses_on, 500, lapses_on < date_trunc('month', now() + interval '1 month') and n % 100 <> 0
from people;

-- A device is known of every tenth activity.
insert into verdicts (
    member_id, verdict_id, key, business_key, kind, outcome, code, points, reference, occurred_at, decided_at,
    terms_version, cap, facts
)
select
    p.member_id, v.verdict_id, v.kind || p.n, v.business_key, v.kind, v.outcome, v.code, v.points, v.reference, p.at,
    p.at, 'es-2020-01-01', v.cap, v.facts
from people p cross join lateral (
    values
        (p.adjusted, null, 'ADJUSTMENT', 'GRANTED', 'ADJUSTED', 1000, null, null::jsonb, '{}'::jsonb),
        (p.redeemed, 'redeem:' || p.coupon_id, 'REDEMPTION', 'GRANTED', 'GRANTED', -500, p.code, null, '{}'),
        (p.bought, 'order:' || p.number, 'PURCHASE', 'WAITING', 'WAITING_FOR_DELIVERY', 20, p.number, null, '{}'),
        (p.active, p.activity_source, p.activity, 'GRANTED', 'GRANTED', 10, null,
            case when p.n % 2 = 0 then '{"limit": 3, "used": 1}'::jsonb end,
            case when p.n % 10 = 0 then jsonb_build_object('device', md5('device ' || p.n / 30)) else '{}' end)
) as v (verdict_id, business_key, kind, outcome, code, points, reference, cap, facts);

-- Of a hundred holds one is due, and of a thousand one has failed.
insert into promises (
    member_id, promise_id, verdict_id, kind, points, part, reference, source, awaiting, promised_at, due_at, lapses_on,
    attempts
)
select
    p.member_id, q.promise_id, q.verdict_id, q.kind, q.points, q.kind, q.reference, q.source, q.awaiting, p.at, q.due_at,
    p.lapses_on, case when n % 1000 = 0 then 10 else 0 end
from people p cross join lateral (
    values
        (p.order_promise, p.bought, 'PURCHASE', 20, p.number, 'order:' || p.number, 'DELIVERY', null::timestamptz),
        (p.held_promise, p.active, p.activity, 10, null, p.activity_source, 'HOLD',
            now() + case when n % 100 = 0 then interval '-1 minute' else interval '5 minutes' end)
) as q (promise_id, verdict_id, kind, points, reference, source, awaiting, due_at);

insert into slots (member_id, kind, period, n, verdict_id)
select member_id, activity, '2026-11', 1, active from people where activity = 'LINK_SHARE';

insert into fuel_days (member_id, day, streak, bonuses)
select member_id, '2026-11-01', 1, 0 from people where activity = 'FUEL';

insert into orders (
    member_id, number, verdict_id, placed_at, recorded_at, currency, lines, parcels, shipping_minor, discount_minor,
    terms_version, content_hash
)
select
    member_id, number, bought, at, at, 'EUR', '[]',
    jsonb_build_array(jsonb_build_object('tracking_number', tracking_number, 'carrier', 'UPS', 'pieces', '{}'::jsonb)), 0, 0,
    'es-2020-01-01',
    sha256(convert_to(
        format(
            '["mi-%s", "%s", "%s+00:00", "EUR", [], [{"carrier": "UPS", "pieces": {}, "tracking_number": "%s"}], 0, 0]',
            n, number, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'), tracking_number
        ),
        'UTF8'
    ))
from people;

insert into order_numbers (number, member_id) select number, member_id from people;

insert into tracking_numbers (tracking_number, number, carrier, member_id)
select tracking_number, number, 'UPS', member_id from people;

-- Every parcel is on its way; of a suspended member the news is kept.
insert into order_facts (member_id, number, fact_key, kind, content, occurred_at, told_at, producer, event_id)
select
    member_id, number, 'transit:' || tracking_number, 'InTransit',
    jsonb_build_object('tracking_number', tracking_number, 'carrier', 'UPS', 'lines', '[]'::jsonb), at, at, 'native',
    'event-' || n
from people;

insert into kept_facts (member_id, number, fact_key, kept_at)
select member_id, number, 'transit:' || tracking_number, at from people where n % 10 = 0;

insert into parcel_questions (member_id, number, tracking_number, producer, asked_at, not_before)
select member_id, number, tracking_number, 'easypost', at, at + interval '1 day' from people;

-- Of a hundred coupons one is reserved, and of a hundred one has ended and waits for the worker.
insert into coupons (
    member_id, coupon_id, code, reward_id, value_minor, currency, cost, state, issued_at, expires_at, reserved_until,
    order_number, discount_minor, state_since
)
select
    member_id, coupon_id, code, 'es-5', 500, 'EUR', 500, case when n % 100 = 1 then 'RESERVED' else 'AVAILABLE' end, at,
    now() + case when n % 100 = 2 then interval '-1 minute' else interval '10 days' + n % 360 * interval '1 day' end,
    case when n % 100 = 1 then now() + interval '20 minutes' end,
    case when n % 100 = 1 then number end, case when n % 100 = 1 then 500 end, at
from people;

insert into coupon_codes (code, member_id, coupon_id) select code, member_id, coupon_id from people;

insert into coupon_reservations (member_id, coupon_id, order_number, discount_minor, reserved_at, held_until, released_at)
select
    member_id, coupon_id, number, 500, at, at + interval '30 minutes',
    case when n % 100 <> 1 then at + interval '10 minutes' end
from people;

insert into order_coupons (order_number, member_id, coupon_id, held_until)
select number, member_id, coupon_id, at + interval '30 minutes' from people;

insert into notices (member_id, notice_id, kind, points, lapses_on, created_at, sent_at)
select member_id, md5('notice ' || n)::uuid, 'POINTS_LAPSING', 500, lapses_on, at, case when n % 100 <> 0 then at end
from people;

insert into requests (caller_id, key, input_hash, member_id, answer, answered_at)
select
    case when n % 2 = 0 then member_id else md5('storefront')::uuid end, 'order ' || n, sha256(''), member_id,
    jsonb_build_object('type', 'OrderRecorded', 'member_id', member_id, 'number', number), at
from people;

insert into operator_log (entry_id, actor, action, member_id, reason, done_at)
select md5('log ' || n)::uuid, 'op-1', 'ADJUST_POINTS', member_id, 'goodwill', at from people;

insert into moderations (member_id, verdict_id, kind, told_at) select member_id, active, 'PUBLISHED', at from people;

insert into once_given (person_hash, kind, given_at) select sha256(n::text::bytea), 'SIGN_UP', at from people;

-- Two endpoints of which one is gone; two events of each member, and of a hundred rows one waits and one is dead.
insert into endpoints (endpoint_id, url, secrets, types, state, created_at, state_since)
values
    (md5('endpoint')::uuid, 'https://receiver.example/', '{whsec_x}', '{points.credited,coupon.issued}', 'ACTIVE', now(), now()),
    (md5('gone')::uuid, 'https://gone.example/', '{whsec_x}', '{points.credited}', 'GONE', now(), now());

insert into endpoint_health (endpoint_id) select endpoint_id from endpoints;

insert into outgoing (
    member_id, sequence, endpoint_id, event_id, type, entry_seq, coupon_id, created_at, state, tried_since, due_at
)
select
    p.member_id, e.sequence, md5('endpoint')::uuid, uuidv7(p.at - now()), e.type, e.sequence, e.coupon_id, p.at,
    case p.n % 100 when 0 then 'WAITING' when 1 then 'DEAD' else 'DELIVERED' end, p.at, p.at
from people p cross join lateral (
    values (1::bigint, 'points.credited', null::uuid), (2, 'coupon.issued', p.coupon_id)
) as e (sequence, type, coupon_id);

-- Two deliveries of each member, of two producers; some wait, are parked, ignored or dead.
insert into inbox (
    producer, event_id, type, body, headers, state, attempts, received_at, applied_at, order_number, tracking_number
)
select
    i.producer, 'event-' || p.n, i.type, '{}', '{}', i.state, 1, p.at,
    case when i.state = 'APPLIED' then p.at end,
    case when i.state = 'PARKED' then 'unknown-' || p.n when i.state <> 'RECEIVED' then p.number end,
    case when i.state = 'PARKED' then 'unknown-' || p.n end
from people p cross join lateral (
    values
        ('native', 'shipment.in_transit', 'APPLIED'),
        ('shopify', 'orders/paid', case p.n % 100 when 0 then 'RECEIVED' when 1 then 'PARKED' when 2 then 'IGNORED'
            when 3 then 'DEAD' else 'APPLIED' end)
) as i (producer, type, state);

insert into webhook_rejections (producer, reason, hour, count, last_at)
select 'native', 'bad_signature', date_trunc('hour', now()) - n * interval '1 hour', 1, now()
from generate_series(0, :members / 100) as n;

drop table people;
set session_replication_role = origin;
