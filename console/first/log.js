// The log of one attempt, followed while it is written.

import { ApiError, Unreachable, ask, executionAddress, get, idPath, listAddress, path } from "./api.js";
import { ownLogPath } from "./attempts.js";
import {
  announce, copyButton, element, foreign, isEnded, phaseBadge, phaseWords, setPhase, showCrumbs,
} from "./dom.js";
import { poll } from "./poll.js";
import { setTook } from "./time.js";

const FIRST_BYTES = 1 << 18;
const PART_BYTES = 1 << 20;
const SHOWN_CHARACTERS = 1 << 21;
// Colours and cursor moves of terminals.
const ESCAPES = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/** What was written from `offset` on; at 0 only the end of it. {text, offset, skipped} */
async function readPart(address, offset, decoder) {
  // From the last byte that is known: a range that begins at the end could not be satisfied.
  const range = offset === 0 ? `bytes=-${FIRST_BYTES}`
    : `bytes=${offset - 1}-${offset + PART_BYTES - 1}`;
  const response = await ask(address, { headers: { Range: range } });
  if (response.status === 404) return { text: "", offset, skipped: 0 };
  if (response.status >= 500) throw new Unreachable(`HTTP ${response.status}`);
  if (!response.ok) throw new ApiError(response.status, await response.text());
  // An empty log is sent whole.
  const part = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") || "");
  const begin = part ? Number(part[1]) : 0;
  let bytes;
  try {
    bytes = await response.arrayBuffer();
  } catch {
    throw new Unreachable("the connection broke");
  }
  const fresh = new Uint8Array(bytes).subarray(Math.max(0, offset - begin));
  return {
    text: decoder.decode(fresh, { stream: true }),
    offset: begin + bytes.byteLength,
    skipped: offset === 0 ? begin : 0,
  };
}

export async function showLog(page, id, nodeId, attempt) {
  showCrumbs([["Projects", "/console"], [id.project, `/console/projects/${path(id.project)}`],
    [id.domain, listAddress(id.project, id.domain)], [id.name, executionAddress(id)],
    [`${nodeId}, attempt ${attempt + 1}`, ""]]);
  document.title = `Log of ${nodeId} · ${id.name} · Martlet`;

  const badge = phaseBadge("UNDEFINED");
  const took = element("span", { class: "number" });
  const note = element("p", { class: "quiet" });
  const whole = element("a", { hidden: true }, "whole log as text");
  const log = element("pre", {
    class: "log", tabindex: "0", role: "region", "aria-label": "Log", dir: "auto",
  });
  const bar = element("div", { class: "bar" }, badge, took, whole,
    copyButton(() => log.textContent, "the log"));
  const decoder = new TextDecoder();
  let offset = 0;
  let skipped = 0;
  let address = null;
  let shown = false;

  function append(text) {
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    log.append(text.replace(ESCAPES, ""));
    log.normalize();
    const surplus = log.firstChild.length - SHOWN_CHARACTERS;
    if (surplus > 0) {
      log.firstChild.deleteData(0, surplus);
      skipped += surplus;
    }
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  await poll(async () => {
    const reply = await get(`task_executions/${idPath(id)}/${path(nodeId)}`, { limit: 100 });
    const task = reply.task_executions.find((one) => (one.id.retry_attempt || 0) === attempt);
    if (!task) throw new ApiError(404, `node ${nodeId} of ${id.name} has no attempt ${attempt + 1}`);
    const ended = isEnded(task.closure.phase);
    if (!shown) {
      page.replaceChildren(element("h1", {}, "Log of ", foreign(nodeId),
        `, attempt ${attempt + 1}`), bar, note, log);
      shown = true;
    }
    const before = badge.dataset.phase;
    setPhase(badge, task.closure.phase);
    setTook(took, task.closure, ended);
    if (before !== "UNDEFINED" && before !== task.closure.phase) {
      announce(`Attempt: ${phaseWords(task.closure.phase)}`);
    }
    address = address || (task.closure.logs || []).map(ownLogPath).find(Boolean) || null;
    // Read after the phase: of an ended attempt this is the end of its log.
    const part = address ? await readPart(address, offset, decoder)
      : { text: "", offset, skipped: 0 };
    const grown = part.offset !== offset;
    offset = part.offset;
    skipped += part.skipped;
    if (grown) append(part.text);
    if (address) whole.href = address;
    whole.hidden = !address;
    note.textContent = [
      skipped > 0 ? "The beginning is left out." : "",
      log.textContent === "" ? (ended ? "Nothing was written." : "Nothing was written yet.") : "",
      ended ? "" : "New lines appear as they are written.",
    ].filter(Boolean).join(" ");
    return { changed: grown, done: ended && !grown };
  });
}
