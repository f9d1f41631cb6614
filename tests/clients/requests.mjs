// fetch, and what went through it, in the order it was asked: for scripts that look at how a client asks.
export const asked = [];

export async function watched(url, options = {}) {
  const entry = { method: options.method ?? "GET", url: new URL(url), told: options.body ? JSON.parse(options.body) : null };
  asked.push(entry);
  const answer = await fetch(url, options);
  Object.assign(entry, { status: answer.status, body: await answer.clone().json() });
  return answer;
}

export const since = (start) => asked.slice(start);
