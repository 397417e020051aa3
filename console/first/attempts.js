// Attempts of a task node: phase, time, log and error of each.

import { logAddress } from "./api.js";
import { element, foreign, isEnded, phaseBadge } from "./dom.js";
import { failureBlock } from "./failure.js";
import { setTook, timeElement } from "./time.js";

// Logs of ours; the server serves them below this path.
const OUR_LOGS = "/logs/";

/** The path of a log that this server keeps, or nothing. */
export function ownLogPath(log) {
  const at = URL.canParse(log.uri, location.href) ? new URL(log.uri, location.href) : null;
  return at && at.pathname.startsWith(OUR_LOGS) ? at.pathname : null;
}

/** Links to the logs of an attempt: ours open in the console, others where they are. */
export function logLinks(id, nodeId, task, words = null) {
  const links = [];
  for (const log of task.closure.logs || []) {
    const own = ownLogPath(log);
    const attempt = task.id.retry_attempt || 0;
    if (!own && !/^https?:\/\//i.test(log.uri)) continue;
    links.push(element("a", own
      ? { href: logAddress(id, nodeId, attempt), title: `Log of attempt ${attempt + 1}` }
      : { href: log.uri, rel: "noreferrer" }, words || foreign(log.name || "Log")));
  }
  return links;
}

/** The list of attempts, newest last as they were made. */
export function attemptList(id, nodeId, tasks) {
  const list = element("ol", { class: "attempts" });
  for (const task of tasks) {
    const { closure } = task;
    const took = element("span", { class: "number" });
    setTook(took, closure, isEnded(closure.phase));
    const links = logLinks(id, nodeId, task);
    list.append(element("li", {},
      element("div", { class: "bar" },
        element("strong", {}, `Attempt ${(task.id.retry_attempt || 0) + 1}`),
        phaseBadge(closure.phase), took, timeElement(closure.started_at), ...links),
      closure.reason ? element("p", { class: "quiet" }, foreign(closure.reason)) : null,
      failureBlock(closure.error)));
  }
  return list;
}
