// Mercurius with its just-in-time compiler on Fastify, and node-postgres with prepared statements.
import { readFileSync } from 'node:fs'

import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

import { resolvers } from './resolvers.mjs'

const { DATABASE, DATABASE_HOST, AUTH_SECRET, PORT, POOL_SIZE } = process.env

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ host: DATABASE_HOST, database: DATABASE, user: 'postgres', max: Number(POOL_SIZE) })
pool.on('error', (error) => console.error(error.message))

const app = Fastify({ logger: false })
await app.register(jwt, {
  secret: AUTH_SECRET,
  verify: { algorithms: ['HS256'], allowedIss: 'mipoints', allowedAud: 'mipoints' },
})
await app.register(mercurius, {
  schema: readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8'),
  resolvers,
  jit: 1,
  context: async (request) => {
    const claims = request.headers.authorization ? await request.jwtVerify() : {}
    return { pool, miId: claims.sub ?? null }
  },
})
app.get('/readyz', async () => {
  await pool.query('select 1')
  return 'ready'
})
await app.listen({ host: '127.0.0.1', port: Number(PORT) })

process.on('SIGTERM', async () => {
  await app.close()
  await pool.end()
})
