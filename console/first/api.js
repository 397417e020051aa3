// The server's REST API, read only, and addresses of the console's own pages.

const ANSWER_MS = 15000;

/** What the server said no with. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The server did not answer, or not as itself. */
export class Unreachable extends Error {}

/** fetch that ends: a stopped server is found out, too. */
export async function ask(address, options = {}) {
  try {
    return await fetch(address, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch (error) {
    throw new Unreachable(error.name === "TimeoutError"
      ? `no answer within ${ANSWER_MS / 1000} s` : "no connection");
  }
}

/** GET below /api/v1; `query` holds names and values. */
export async function get(path, query = {}) {
  const parameters = new URLSearchParams(query).toString();
  // This very type gives the field names of the protocol; any other gives camel case.
  const response = await ask(`/api/v1/${path}${parameters ? "?" + parameters : ""}`,
    { headers: { Accept: "application/json" } });
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Unreachable(`HTTP ${response.status} without an answer of the API`);
  }
  if (response.ok) return body;
  if (response.status >= 500 && response.status !== 501) {
    throw new Unreachable(body.message || `HTTP ${response.status}`);
  }
  throw new ApiError(response.status, body.message || `HTTP ${response.status}`);
}

/** Names as one path, each escaped. */
export function path(...names) {
  return names.map(encodeURIComponent).join("/");
}

export function idPath(id) {
  return path(id.project, id.domain, id.name);
}

export function listAddress(project, domain, query = {}) {
  const parameters = new URLSearchParams(query).toString();
  return `/console/projects/${path(project)}/domains/${path(domain)}/executions` +
    (parameters ? "?" + parameters : "");
}

export function executionAddress(id) {
  return `${listAddress(id.project, id.domain)}/${path(id.name)}`;
}

export function logAddress(id, nodeId, attempt) {
  return `${executionAddress(id)}/nodes/${path(nodeId)}/attempts/${attempt}/log`;
}
