// Four clients follow a member's balance at once, each in its own way; then the member shares something.
// Prints a line for each thing seen; ends with 0 when all saw all.
import assert from "node:assert/strict";
import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange } from "@urql/core";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

globalThis.WebSocket ??= WebSocket; // Node 20 has none of its own, and Apollo's link asks for it.
const { API, TOKEN, SHORT_TOKEN } = process.env;
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

/** What a client hears: `until` waits for something among it. */
function follow(name, text) {
  const heard = [];
  let wake = () => {};
  const tell = (message) => { heard.push(message); wake(); };
  const stop = ways[name](text, { next: tell, error: (error) => tell({ failed: error }), complete: () => {} });
  const until = async (isIt) => {
    for (;;) {
      const found = heard.find(isIt);
      if (found) return found;
      await new Promise((resolve) => { wake = resolve; });
    }
  };
  return { heard, until, stop };
}

const following = Object.fromEntries(Object.keys(ways).map((name) => [name, follow(name, query)]));
for (const [name, { until }] of Object.entries(following)) {
  const { data } = await until(() => true);
  assert.equal(data.balanceChanged.entry, null);
  console.log(name, "current", data.balanceChanged.balance.pending);
}
while (!closings.includes(4403)) await new Promise((resolve) => setTimeout(resolve, 20));
await following["graphql-ws"].until((_, n) => n > 0);
console.log("graphql-ws came back with a new token");

const told = await urql.mutation(EARN, { input: { activity: { socialShare: { productId: "p-1" } } }, key: "k" });
const { points } = told.data.earnPoints.verdict;
for (const [name, { until, stop }] of Object.entries(following)) {
  const { data } = await until(({ data: seen }) => seen?.balanceChanged.pendingPoints);
  assert.equal(data.balanceChanged.pendingPoints.points, points);
  console.log(name, "change", data.balanceChanged.pendingPoints.kind);
  stop();
}

for (const name of Object.keys(ways)) {
  const { until, stop } = follow(name, wrong);
  const { errors, failed } = await until(() => true);
  const said = errors ?? failed.errors ?? failed;
  assert.match(said[0].message, /nothing/);
  assert.equal(said[0].extensions.code, "BAD_USER_INPUT");
  console.log(name, "error", said[0].extensions.code);
  stop();
}

const queried = await urql.query("{ me { miId } }", {});
console.log("urql query", queried.data.me.miId);
await Promise.all([ws.dispose(), apolloWs.dispose(), sse.dispose()]);
