// Apollo Client 4 as an app uses it, over HTTP.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";

import { recorded, requests, since } from "./requests.mjs";

const { API, TOKEN, OPERATIONS, STRICT } = process.env;
const headers = { authorization: `Bearer ${TOKEN}`, "accept-language": "en" };
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const typePolicies = { Member: { fields: { pointsHistory: relayStylePagination(["kinds"]) } } };
const possibleTypes = JSON.parse(process.env.POSSIBLE_TYPES);

function client(link) {
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies, possibleTypes }) });
}

const http = (options = {}) => new HttpLink({ uri: API, headers, fetch: recorded, ...options });

const POINTS = gql`query Points { me { id miId balance { available pending } } }`;
const HISTORY = gql`
  query History($after: String, $first: Int, $kinds: [EntryKind!]) {
    me { id pointsHistory(first: $first, after: $after, kinds: $kinds) {
      edges { cursor node { id kind points balanceAfter } } pageInfo { hasNextPage endCursor }
    } }
  }`;
const EARN = gql`
  mutation Earn($input: EarnPointsInput!, $key: ID!) {
    earnPoints(input: $input, idempotencyKey: $key) {
      ... on PointsVerdict { verdict { id outcome points } member { id balance { available pending } } }
      ... on Refusal { code message }
    }
  }`;

test("a query is answered from the cache the second time, and a mutation refreshes it", async () => {
  const apollo = client(http());
  const first = await apollo.query({ query: POINTS });
  const start = requests.length;
  assert.deepEqual((await apollo.query({ query: POINTS })).data, first.data);
  assert.equal(requests.length, start);
  const input = { activity: { socialShare: { productId: "a-phone" } } };
  const { data } = await apollo.mutate({ mutation: EARN, variables: { input, key: randomUUID() } });
  assert.equal(data.earnPoints.verdict.outcome, "GRANTED");
  const now = apollo.readQuery({ query: POINTS }).me.balance;
  assert.equal(now.pending, first.data.me.balance.pending + data.earnPoints.verdict.points);
});

test("relayStylePagination walks a history to its end, each entry once, and keeps filters apart", async () => {
  const apollo = client(http());
  const watching = apollo.watchQuery({ query: HISTORY, variables: { first: 2 } });
  const subscription = watching.subscribe(() => {});
  let page = (await apollo.query({ query: HISTORY, variables: { first: 2 } })).data.me.pointsHistory;
  for (let pages = 1; page.pageInfo.hasNextPage; pages++) {
    assert.ok(pages < 10);
    await watching.fetchMore({ variables: { after: page.pageInfo.endCursor } });
    page = apollo.readQuery({ query: HISTORY, variables: { first: 2 } }).me.pointsHistory;
  }
  subscription.unsubscribe();
  const ids = page.edges.map(({ node }) => node.id);
  assert.equal(ids.length, Number(process.env.ENTRIES));
  assert.equal(new Set(ids).size, ids.length);
  const fuel = await apollo.query({ query: HISTORY, variables: { first: 2, kinds: ["FUEL"] } });
  assert.deepEqual(fuel.data.me.pointsHistory.edges.map(({ node }) => node.kind), ["FUEL"]);
});

test("errors have codes that a program can branch on, partial data stays", async () => {
  const apollo = client(http());
  const query = gql`query Both { me { id } member(miId: "mi-1") { id } }`;
  const { data, error } = await apollo.query({ query, errorPolicy: "all" });
  assert.ok(data.me.id);
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.deepEqual(error.errors.map(({ extensions, path }) => [extensions.code, path]), [["FORBIDDEN", ["member"]]]);
  const wrong = await apollo.query({ query: gql`query Wrong { nothing }`, errorPolicy: "all" });
  assert.ok(CombinedGraphQLErrors.is(wrong.error), String(wrong.error));
  assert.equal(wrong.error.errors[0].extensions.code, "BAD_USER_INPUT");
  assert.ok(wrong.error.errors[0].extensions.requestId);
});

test("a refusal is data, a member of the union", async () => {
  const apollo = client(http());
  const mutation = gql`
    mutation Redeem($id: ID!) { redeemPoints(input: { rewardId: $id }, idempotencyKey: "k") {
      __typename ... on Refusal { code message } } }`;
  const { data } = await apollo.mutate({ mutation, variables: { id: "nothing" } });
  assert.equal(data.redeemPoints.__typename, "NotFound");
});

for (const useGETForHashedQueries of [false, true]) {
  const method = useGETForHashedQueries ? "GET" : "POST";
  test(`automatic persisted queries over ${method}: a text travels once`, async () => {
    const named = gql`query PointsBy${method} { me { id balance { available } } }`;
    const ask = () => client(new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(http()))
      .query({ query: named, fetchPolicy: "network-only" });
    const start = requests.length;
    assert.ok((await ask()).data.me.id);
    assert.ok((await ask()).data.me.id);
    const [miss, withText, hit] = since(start);
    assert.equal(since(start).length, 3);
    assert.equal(miss.body.errors[0].extensions.code, "PERSISTED_QUERY_NOT_FOUND");
    assert.equal(miss.status, 200);
    assert.ok(withText.sent?.query ?? withText.url.searchParams.get("query"));
    for (const each of [miss, hit]) {
      assert.equal(each.method, method);
      assert.ok(!(each.sent?.query ?? each.url.searchParams.get("query")));
    }
  });
}

test("operations of one moment travel together, five at most", async () => {
  const apollo = client(new BatchHttpLink({ uri: API, headers, fetch: recorded, batchMax: 5, batchInterval: 200 }));
  const start = requests.length;
  const queries = [...Array(7).keys()].map((n) => gql`query Batched${n} { me { id a${n}: miId } }`);
  const answers = await Promise.all(queries.map((query) => apollo.query({ query, fetchPolicy: "network-only" })));
  assert.deepEqual(answers.map(({ data }, n) => data.me[`a${n}`]), Array(7).fill("mi-1"));
  assert.deepEqual(since(start).map(({ sent }) => sent.length), [5, 2]);
});

test("the app's operations run by the ids of the manifest, where members may send nothing else", async () => {
  const loadManifest = () => JSON.parse(readFileSync(`${OPERATIONS}/manifest.json`, "utf8"));
  const { operations } = loadManifest();
  const byId = new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest }));
  const strict = client(ApolloLink.from([byId, http({ uri: STRICT })]));
  const document = (name) => gql(operations.find((each) => each.name === name).body);
  const start = requests.length;
  const { data } = await strict.query({ query: document("PointsCenterQuery") });
  assert.equal(data.me.state, "ACTIVE");
  const input = { activity: { socialShare: { productId: "a-band" } } };
  const earned = await strict.mutate({ mutation: document("EarnMutation"), variables: { input, key: randomUUID() } });
  assert.equal(earned.data.earnPoints.verdict.outcome, "GRANTED");
  assert.deepEqual(since(start).map(({ sent }) => sent.query), [undefined, undefined]);
  const free = await client(http({ uri: STRICT })).query({ query: POINTS, errorPolicy: "all" });
  assert.equal(free.error.errors[0].extensions.code, "FORBIDDEN");
});
