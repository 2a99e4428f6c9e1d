/* The three requests of the page: start, return, leave. Each carries its key in the body and no cookie. */

export class Refused extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

const PATIENCE = 12_000; // a service that takes the call and says nothing is away as well
const AWAY = "We cannot reach the chat right now. Please try again in a moment. Urgent help works without it.";

export async function post(base, what, body) {
  let answer;
  try {
    answer = await fetch(`${base}${what}`, {
      method: "POST",
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refused("offline", AWAY);
  }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  throw new Refused(data.error?.code ?? String(answer.status), data.error?.detail ?? AWAY);
}
