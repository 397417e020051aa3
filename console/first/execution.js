// One execution: its state, why it failed, what went in and came out, its nodes.

import { executionAddress, get, idPath, listAddress, path } from "./api.js";
import {
  announce, element, facts, foreign, isEnded, phaseBadge, phaseWords, setPhase, showCrumbs,
} from "./dom.js";
import { failureBlock } from "./failure.js";
import { NodeTree } from "./nodes.js";
import { poll } from "./poll.js";
import { setTook, timeElement } from "./time.js";
import { valueBlocks } from "./values.js";

// How often an ended execution is looked at again for nodes that still report their end.
const LOOKS_AFTER_END = 8;

function link(id) {
  return element("a", { href: executionAddress(id) }, foreign(id.name));
}

function factsOf({ spec, closure }, took) {
  const ran = closure.workflow_id || spec.launch_plan;
  const labels = Object.entries(spec.labels?.values || {}).map(([key, value]) => `${key}=${value}`);
  const parent = spec.metadata?.parent_node_execution;
  const origin = spec.metadata?.reference_execution;
  return facts([
    ["Workflow", foreign(ran.name)],
    ["Version", foreign(ran.version)],
    ["Launch plan", spec.launch_plan.name === ran.name ? null : foreign(spec.launch_plan.name)],
    ["Created", timeElement(closure.created_at)],
    ["Took", took],
    ["Started by", parent && element("span", {}, link(parent.execution_id), ", node ",
      foreign(parent.node_id))],
    ["Made from", origin && link(origin)],
    ["User", spec.metadata?.principal && foreign(spec.metadata.principal)],
    ["Labels", labels.length > 0 && foreign(labels.join(", "))],
    ["Tags", spec.tags?.length > 0 && foreign(spec.tags.join(", "))],
  ]);
}

function abortBlock(abort) {
  if (!abort) return null;
  return element("div", { class: "failure aborted" },
    element("strong", {}, "Aborted"), abort.principal ? " by " : "",
    abort.principal ? foreign(abort.principal) : "", ": ",
    foreign(abort.cause || "no reason given"));
}

/** Fills the page and keeps it up to date; `nodeId` is shown open. */
export async function showExecution(page, id, nodeId) {
  showCrumbs([["Projects", "/console"], [id.project, `/console/projects/${path(id.project)}`],
    [id.domain, listAddress(id.project, id.domain)], [id.name, ""]]);
  document.title = `${id.name} · Martlet`;

  const badge = phaseBadge("UNDEFINED");
  const took = element("span");
  const summary = element("div");
  const failure = element("div");
  const values = element("div", { class: "columns" });
  const tree = new NodeTree(id, nodeId);
  let shown = "";
  let phase = "";
  let looksLeft = LOOKS_AFTER_END;

  async function showValues(phase) {
    const data = await get(`data/executions/${idPath(id)}`);
    values.replaceChildren(...valueBlocks(data, phase, "h2"));
  }

  function fill(execution) {
    const { closure } = execution;
    if (shown === "") {
      page.replaceChildren(element("h1", {}, foreign(id.name), " ", badge), summary, failure, values,
        element("section", {}, element("h2", {}, "Nodes"), tree.root));
    }
    setPhase(badge, closure.phase);
    setTook(took, closure, isEnded(closure.phase));
    summary.replaceChildren(factsOf(execution, took));
    failure.replaceChildren(failureBlock(closure.error) || abortBlock(closure.abort_metadata) || "");
    document.title = `${phaseWords(closure.phase)}: ${id.name} · Martlet`;
    if (phase !== "") announce(`${id.name}: ${phaseWords(closure.phase)}`);
  }

  await poll(async () => {
    const execution = await get(`executions/${idPath(id)}`);
    const { closure } = execution;
    const ended = isEnded(closure.phase);
    const state = JSON.stringify(execution);
    const changed = state !== shown;
    if (changed) fill(execution);
    if (shown === "") await tree.learnNames(closure.workflow_id);
    if (shown === "" || (ended && !isEnded(phase))) await showValues(closure.phase);
    shown = state;
    phase = closure.phase;
    // Read after the execution: what it shows of an ended one is the end.
    const grown = await tree.look();
    if (ended) looksLeft -= 1;
    return { changed: changed || grown, done: ended && (tree.isEnded() || looksLeft <= 0) };
  });
}
