// urql with its normalized cache and persisted documents, over HTTP.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Client, createRequest, fetchExchange, gql, makeOperation } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import { pipe, take, toPromise } from "wonka";

import { recorded, requests, since } from "./requests.mjs";

const { API, TOKEN, OPERATIONS, STRICT } = process.env;
const headers = { authorization: `Bearer ${TOKEN}` };

function client(exchanges, url = API) {
  return new Client({ url, fetch: recorded, fetchOptions: { headers }, preferGetMethod: false, exchanges });
}

const cached = () => cacheExchange({
  schema: JSON.parse(readFileSync(process.env.INTROSPECTION, "utf8")),
  keys: Object.fromEntries(JSON.parse(process.env.KEYLESS).map((name) => [name, () => null])),
  resolvers: { Member: { pointsHistory: relayPagination() } },
});

const POINTS = gql`query Points { me { id balance { available pending } } }`;
const HISTORY = gql`
  query History($after: String) { me { id pointsHistory(first: 2, after: $after) {
    edges { cursor node { id kind } } pageInfo { hasNextPage endCursor } } } }`;
const EARN = gql`
  mutation Earn($input: EarnPointsInput!, $key: ID!) { earnPoints(input: $input, idempotencyKey: $key) {
    __typename ... on PointsVerdict { verdict { id outcome points } member { id balance { available pending } } } } }`;

test("graphcache knows the schema, keeps entities, and a mutation refreshes them", async () => {
  const urql = client([cached(), fetchExchange]);
  const before = (await urql.query(POINTS, {})).data.me.balance;
  const start = requests.length;
  const input = { activity: { socialShare: { productId: "an-urn" } } };
  const { data } = await urql.mutation(EARN, { input, key: randomUUID() });
  const after = await urql.query(POINTS, {});
  assert.equal(after.data.me.balance.pending, before.pending + data.earnPoints.verdict.points);
  assert.equal(since(start).length, 1);
});

test("relayPagination walks a history to its end", async () => {
  const urql = client([cached(), fetchExchange]);
  let page = (await urql.query(HISTORY, {})).data.me.pointsHistory;
  for (let pages = 1; page.pageInfo.hasNextPage; pages++) {
    assert.ok(pages < 10);
    page = (await urql.query(HISTORY, { after: page.pageInfo.endCursor })).data.me.pointsHistory;
  }
  assert.equal(new Set(page.edges.map(({ node }) => node.id)).size, Number(process.env.ENTRIES));
});

test("errors come with their codes", async () => {
  const { data, error } = await client([fetchExchange]).query(gql`{ me { id } member(miId: "x") { id } }`, {});
  assert.ok(data.me.id);
  assert.equal(error.graphQLErrors[0].extensions.code, "FORBIDDEN");
});

for (const method of ["GET", "POST"]) {
  test(`persisted documents over ${method}: a text travels once`, async () => {
    const persisted = persistedExchange({ preferGetForPersistedQueries: method === "GET" ? "force" : false });
    const ask = () => client([persisted, fetchExchange]).query(gql(`query By${method} { me { id } }`), {});
    const start = requests.length;
    assert.ok((await ask()).data.me.id);
    assert.ok((await ask()).data.me.id);
    assert.equal(since(start)[0].body.errors[0].message, "PersistedQueryNotFound");
    assert.equal(since(start).length, 3);
    assert.equal(since(start).at(-1).method, method);
  });
}

test("documents without a text are sent by documentId, where members may send nothing else", async () => {
  const { operations } = JSON.parse(readFileSync(`${OPERATIONS}/manifest.json`, "utf8"));
  const { id, name } = operations.find((each) => each.name === "PointsCenterQuery");
  const urql = client([fetchExchange], STRICT);
  const request = createRequest({ kind: "Document", definitions: [], documentId: id, __key: 1 }, {});
  const start = requests.length;
  const operation = makeOperation("query", request, { url: STRICT, fetchOptions: { headers }, fetch: recorded, requestPolicy: "network-only" });
  const answer = await pipe(urql.executeRequestOperation(operation), take(1), toPromise);
  assert.equal(answer.data?.me.state, "ACTIVE", JSON.stringify(answer.error ?? name));
  assert.deepEqual([since(start)[0].sent.query, since(start)[0].sent.documentId], [undefined, id]);
});
