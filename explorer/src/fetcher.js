// Sends operations: queries and mutations by POST, subscriptions as server-sent events.
import { parse } from "graphql";
import { createClient } from "graphql-sse";

const URL = "/graphql";
let token = null; // in memory only: it is gone with the page

export function callAs(newToken) {
  token = newToken;
}

export function fetcher(params, options = {}) {
  const headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...options.headers };
  const { kind, ...request } = chosen(params);
  return kind === "subscription" ? follow(request, headers) : ask(request, headers);
}

// The operation to run. Just after a change of tabs GraphiQL still sends the name of the other tab's operation; so a
// document with one operation is sent without a name.
function chosen({ query, variables, operationName }) {
  const operations = operationsOf(query);
  if (operations.length === 1) {
    return { query, variables, kind: operations[0].operation };
  }
  return { query, variables, operationName, kind: operations.find(({ name }) => name?.value === operationName)?.operation };
}

function operationsOf(query) {
  try {
    return parse(query).definitions.filter(({ kind }) => kind === "OperationDefinition");
  } catch {
    return []; // the server answers with the syntax error
  }
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
