// How operations are sent: queries and mutations by POST, subscriptions as server-sent events.
import { getOperationAST } from "graphql";
import { createClient } from "graphql-sse";

const URL = "/graphql";
let token = null; // in memory only: it is gone with the page

export function callAs(newToken) {
  token = newToken;
}

export function fetcher(params, options = {}) {
  const headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...options.headers };
  const operation = options.documentAST && getOperationAST(options.documentAST, params.operationName);
  return operation?.operation === "subscription" ? follow(params, headers) : ask(params, headers);
}

async function ask(params, headers) {
  const answer = await fetch(URL, {
    method: "POST",
    headers: { accept: "application/graphql-response+json", "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
    credentials: "omit",
  });
  return answer.json();
}

function follow(params, headers) {
  return createClient({ url: URL, headers, credentials: "omit", retryAttempts: 5 }).iterate(params);
}
