// fetch that records every request and its answer, in order: for scripts that check a client's requests.
export const requests = [];

export async function recorded(url, options = {}) {
  const entry = { method: options.method ?? "GET", url: new URL(url), sent: options.body ? JSON.parse(options.body) : null };
  requests.push(entry);
  const answer = await fetch(url, options);
  Object.assign(entry, { status: answer.status, body: await answer.clone().json() });
  return answer;
}

export const since = (start) => requests.slice(start);
