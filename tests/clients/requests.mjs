// fetch, and what went through it: for scripts that look at how a client asks.
export const asked = [];

export async function watched(url, options = {}) {
  const method = options.method ?? "GET";
  const answer = await fetch(url, options);
  const body = await answer.clone().json();
  asked.push({ method, url: new URL(url), told: options.body ? JSON.parse(options.body) : null, status: answer.status, body });
  return answer;
}

export const since = (start) => asked.slice(start);
