// Four clients follow a member's balance at once, each in its own way; then the member shares something.
// Prints a line for each answer; the exit code is 0 if every client received all of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { Client, createRequest, fetchExchange, makeOperation } from "@urql/core";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import { pipe, subscribe } from "wonka";
import WebSocket from "ws";

globalThis.WebSocket ??= WebSocket; // Node 20 has none of its own, and Apollo's link needs it.
const { API, STRICT, TOKEN, SHORT_TOKEN, MANIFEST } = process.env;
const address = API.replace("http", "ws");
const query = `subscription Balance { balanceChanged(startWithCurrent: true) {
  balance { available pending } entry { id } pendingPoints { id kind points } } }`;
const wrong = "subscription { balanceChanged { nothing } }";
const EARN = `mutation($input: EarnPointsInput!, $key: ID!) { earnPoints(input: $input, idempotencyKey: $key) {
  __typename ... on PointsVerdict { verdict { points } } } }`;

let tokens = 0;
const closings = [];
const ws = createWs({
  url: address,
  webSocketImpl: WebSocket,
  retryWait: async () => {},
  // The first token expires soon: the server closes with 4403 and the client comes back with the next one.
  connectionParams: () => ({ authorization: `Bearer ${tokens++ === 0 ? SHORT_TOKEN : TOKEN}` }),
  on: { closed: ({ code }) => closings.push(code) },
});
const apolloWs = createWs({
  url: address,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${TOKEN}` },
});
const apollo = new ApolloClient({ link: new GraphQLWsLink(apolloWs), cache: new InMemoryCache() });
const headers = { authorization: `Bearer ${TOKEN}` };
const sse = createSse({ url: API, headers });
const urql = new Client({
  url: API,
  exchanges: [fetchExchange],
  fetchSubscriptions: true,
  fetchOptions: { headers },
  preferGetMethod: false,
});

const ways = {
  "graphql-ws": (text, sink) => ws.subscribe({ query: text }, sink),
  "graphql-sse": (text, sink) => sse.subscribe({ query: text }, sink),
  apollo: (text, { next, error }) => {
    const following = apollo.subscribe({ query: gql(text), errorPolicy: "all" }).subscribe({
      next: (result) => next({ data: result.data, errors: result.error?.errors }),
      error,
    });
    return () => following.unsubscribe();
  },
  urql: (text, { next }) => {
    const following = urql.subscription(text, {}).subscribe((result) =>
      next({ data: result.data, errors: result.error?.graphQLErrors }));
    return () => following.unsubscribe();
  },
};

/** Follows with one client; `until` waits for a message that passes a test. */
function follow(name, text) {
  const received = [];
  let wake = () => {};
  const push = (message) => { received.push(message); wake(); };
  const stop = ways[name](text, { next: push, error: (error) => push({ failed: error }), complete: () => {} });
  const until = async (isIt) => {
    for (;;) {
      const match = received.find(isIt);
      if (match) return match;
      await new Promise((resolve) => { wake = resolve; });
    }
  };
  return { received, until, stop };
}

const following = Object.fromEntries(Object.keys(ways).map((name) => [name, follow(name, query)]));
for (const [name, { until }] of Object.entries(following)) {
  const { data } = await until(() => true);
  assert.equal(data.balanceChanged.entry, null);
  if (name === "graphql-ws" && closings.includes(4403)) {
    console.log("too late"); // the machine is busy: the short token had expired before the first connection
    process.exit(0);
  }
  console.log(name, "current", data.balanceChanged.balance.pending);
}
while (!closings.includes(4403)) await new Promise((resolve) => setTimeout(resolve, 20));
await following["graphql-ws"].until((_, n) => n > 0);
console.log("graphql-ws came back with a new token");

const shared = await urql.mutation(EARN, { input: { activity: { socialShare: { productId: "p-1" } } }, key: "k" });
const { points } = shared.data.earnPoints.verdict;
for (const [name, { until, stop }] of Object.entries(following)) {
  const { data } = await until(({ data: seen }) => seen?.balanceChanged.pendingPoints);
  assert.equal(data.balanceChanged.pendingPoints.points, points);
  console.log(name, "change", data.balanceChanged.pendingPoints.kind);
  stop();
}

for (const name of Object.keys(ways)) {
  const { until, stop } = follow(name, wrong);
  const { errors, failed } = await until(() => true);
  const reported = errors ?? failed.errors ?? failed;
  assert.match(reported[0].message, /nothing/);
  assert.equal(reported[0].extensions.code, "BAD_USER_INPUT");
  console.log(name, "error", reported[0].extensions.code);
  stop();
}

await followById();

const queried = await urql.query("{ me { miId } }", {});
console.log("urql query", queried.data.me.miId);
await Promise.all([ws.dispose(), apolloWs.dispose(), sse.dispose()]);

/** Follows with the app's own subscription by its id, on a server where members may send only ids of the manifest. */
async function followById() {
  const loadManifest = () => JSON.parse(readFileSync(MANIFEST, "utf8"));
  const { id, body } = loadManifest().operations.find(({ type }) => type === "subscription");
  const connectionParams = { authorization: `Bearer ${TOKEN}` };
  const strictWs = createWs({ url: STRICT.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams });
  const strictSse = createSse({ url: STRICT, headers });
  const ids = new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest }));
  const strict = new ApolloClient({ link: ApolloLink.from([ids, new GraphQLWsLink(strictWs)]), cache: new InMemoryCache() });
  const urqlStrict = new Client({ url: STRICT, exchanges: [fetchExchange] });
  const named = createRequest({ kind: "Document", definitions: [], documentId: id, __key: 1 }, {});
  const persistedQuery = { version: 1, sha256Hash: id };
  const begin = {
    "graphql-ws": (sink) => strictWs.subscribe({ query: "", extensions: { persistedQuery } }, sink),
    "graphql-sse": (sink) => strictSse.subscribe({ documentId: id }, sink),
    apollo: ({ next, error }) => {
      const following = strict.subscribe({ query: gql(body) }).subscribe({ next, error });
      return () => following.unsubscribe();
    },
    urql: ({ next }) => {
      const context = { url: STRICT, fetchOptions: { headers }, fetchSubscriptions: true, preferGetMethod: false };
      const operation = makeOperation("subscription", named, context);
      const following = pipe(urqlStrict.executeRequestOperation(operation), subscribe(next));
      return () => following.unsubscribe();
    },
  };
  for (const [name, start] of Object.entries(begin)) {
    let stop;
    const { data } = await new Promise((next, error) => { stop = start({ next, error, complete: () => {} }); });
    assert.ok(data.balanceChanged.balance.worth.currency, name);
    stop();
    console.log(name, "by id", data.balanceChanged.balance.worth.currency);
  }
  const [refused] = await new Promise((error) => strictWs.subscribe({ query }, { next: error, error, complete: () => {} }));
  console.log("a text", refused.extensions.code);
  await Promise.all([strictWs.dispose(), strictSse.dispose()]);
}
