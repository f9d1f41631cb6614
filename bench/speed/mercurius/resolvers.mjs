// A resolver a field where the row has another shape; every statement is prepared once a connection, by its name.
import { GraphQLScalarType } from 'graphql'

const MEMBER = 'select id, mi_id, available, pending, debt, lifetime from usual.members where mi_id = $1'
const ENTRIES =
  'select id, kind, points, balance_after, occurred_at, reference from usual.entries ' +
  'where member_id = $1 and id < $2 order by id desc limit $3'
const COUPONS =
  'select id, code, state, cost, value_minor, currency, issued_at, expires_at from usual.coupons ' +
  'where member_id = $1 and id < $2 order by id desc limit $3'
const REWARDS = 'select id, cost from usual.rewards where market = $1 order by cost'
const REDEEM = 'select * from usual.redeem($1, $2, $3)'
const BEFORE_ALL = Number.MAX_SAFE_INTEGER

const cursorOf = (row) => Buffer.from(`id:${row.id}`).toString('base64')
const placeOf = (cursor) => (cursor ? Number(Buffer.from(cursor, 'base64').toString().slice(3)) : BEFORE_ALL)

function page(rows, first) {
  const edges = rows.slice(0, first).map((row) => ({ cursor: cursorOf(row), node: row }))
  return { edges, pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null } }
}

async function rowsOf(pool, name, text, values) {
  const { rows } = await pool.query({ name, text, values })
  return rows
}

export const resolvers = {
  DateTime: new GraphQLScalarType({ name: 'DateTime', serialize: (value) => value.toISOString() }),
  Query: {
    me: async (_root, _args, { pool, miId }) => (await rowsOf(pool, 'member', MEMBER, [miId]))[0] ?? null,
    rewards: (_root, { market }, { pool }) => rowsOf(pool, 'rewards', REWARDS, [market]),
  },
  Member: {
    miId: (member) => member.mi_id,
    balance: (member) => member,
    pointsHistory: async (member, { first, after }, { pool }) =>
      page(await rowsOf(pool, 'entries', ENTRIES, [member.id, placeOf(after), first + 1]), first),
    coupons: async (member, { first, after }, { pool }) =>
      page(await rowsOf(pool, 'coupons', COUPONS, [member.id, placeOf(after), first + 1]), first),
  },
  Balance: { worth: (member) => ({ amountMinor: member.available, currency: 'EUR' }) },
  PointsEntry: { balanceAfter: (entry) => entry.balance_after, occurredAt: (entry) => entry.occurred_at },
  Coupon: {
    value: (coupon) => ({ amountMinor: coupon.value_minor, currency: coupon.currency }),
    issuedAt: (coupon) => coupon.issued_at,
    expiresAt: (coupon) => coupon.expires_at,
  },
  RedeemPointsResult: { resolveType: (result) => (result.code ? 'Refused' : 'PointsRedeemed') },
  Mutation: {
    redeemPoints: async (_root, { input, idempotencyKey }, { pool, miId }) => {
      const [done] = await rowsOf(pool, 'redeem', REDEEM, [miId, input.rewardId, idempotencyKey])
      if (done.refused) return { code: done.refused, message: 'These points cannot be redeemed.' }
      return {
        coupon: { ...done, id: done.coupon_id, code: done.coupon_code },
        entry: { ...done, id: done.entry_id, kind: 'REDEMPTION', occurred_at: done.issued_at },
        member: { id: done.member_id, mi_id: miId, available: done.available },
      }
    },
  },
}
