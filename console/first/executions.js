// Executions of a project and domain, newest first: filtered by phase, page by page.

import { executionAddress, get, listAddress, path } from "./api.js";
import { element, foreign, isEnded, phaseBadge, setPhase, showCrumbs } from "./dom.js";
import { listedHeadline } from "./failure.js";
import { poll } from "./poll.js";
import { setTook, timeElement } from "./time.js";

const PAGE_ROWS = 50;
// What the address calls a choice, what people read, and the API's filter.
const CHOICES = [
  ["", "All", ""],
  ["unfinished", "Unfinished", "value_in(phase,UNDEFINED;QUEUED;RUNNING;SUCCEEDING;FAILING;ABORTING)"],
  ["succeeded", "Succeeded", "eq(phase,SUCCEEDED)"],
  ["failed", "Failed", "value_in(phase,FAILED;TIMED_OUT)"],
  ["aborted", "Aborted", "eq(phase,ABORTED)"],
];

function phaseChoices(project, domain, chosen) {
  const list = element("ul", { class: "chips" });
  for (const [name, words] of CHOICES) {
    list.append(element("li", {}, element("a", {
      href: listAddress(project, domain, name ? { phase: name } : {}),
      "aria-current": name === chosen ? "true" : null,
    }, words)));
  }
  return element("nav", { "aria-label": "Filter by phase" }, list);
}

function nothingHere(project, domain, filtered) {
  if (filtered) return element("p", { class: "empty" }, "No execution is in this phase.");
  return element("div", { class: "empty" },
    element("p", {}, "Nothing has run here yet. Run a workflow of a file:"),
    element("pre", { tabindex: "0" },
      `pyflyte run --remote --project ${project} --domain ${domain} FILE.py WORKFLOW`));
}

class Row {
  constructor(id) {
    this.phase = phaseBadge("UNDEFINED");
    this.took = element("td", { class: "number", "data-label": "Took" });
    this.started = element("td", { "data-label": "Created" });
    this.workflow = element("td", { "data-label": "Workflow" });
    this.why = element("p", { class: "why" });
    this.line = element("tr", {},
      element("td", {}, element("a", { href: executionAddress(id) }, foreign(id.name)), this.why),
      element("td", { "data-label": "Phase" }, this.phase),
      this.workflow, this.started, this.took);
  }

  update({ spec, closure }) {
    const ran = closure.workflow_id || spec.launch_plan;
    setPhase(this.phase, closure.phase);
    setTook(this.took, closure, isEnded(closure.phase));
    this.started.replaceChildren(timeElement(closure.created_at) || "");
    this.workflow.replaceChildren(foreign(ran.name), " ",
      element("span", { class: "quiet" }, foreign(ran.version)));
    const why = closure.error ? listedHeadline(closure.error) : closure.abort_metadata?.cause;
    this.why.replaceChildren(why ? foreign(why) : "");
  }
}

export async function showExecutions(page, project, domain, query) {
  const chosen = CHOICES.find(([name]) => name === query.get("phase")) || CHOICES[0];
  const token = query.get("token") || "";
  showCrumbs([["Projects", "/console"], [project, `/console/projects/${path(project)}`],
    [domain, ""]]);
  document.title = `${project} / ${domain} · Martlet`;

  const body = element("tbody");
  const table = element("table", { class: "list" },
    element("caption", { class: "unseen" }, "Executions, newest first"),
    element("thead", {}, element("tr", {}, ...["Execution", "Phase", "Workflow", "Created", "Took"]
      .map((name) => element("th", { scope: "col" }, name)))), body);
  const content = element("div", {}, element("p", { class: "quiet" }, "Loading …"));
  const pages = element("nav", { class: "pages", "aria-label": "Pages" });
  page.replaceChildren(element("h1", {}, "Executions"), phaseChoices(project, domain, chosen[0]),
    content, pages);

  const rows = new Map();
  let shown = "";
  await poll(async () => {
    const reply = await get(`executions/${path(project, domain)}`, {
      limit: PAGE_ROWS, token, filters: chosen[2],
      "sort_by.key": "created_at", "sort_by.direction": "DESCENDING",
    });
    const state = JSON.stringify(reply);
    const changed = state !== shown;
    const unfinished = reply.executions.some(({ closure }) => !isEnded(closure.phase));
    // Only the first page gets new rows; the others are history once all of theirs have ended.
    const done = token !== "" && !unfinished;
    if (!changed) return { changed, done };
    shown = state;
    const lines = reply.executions.map((execution) => {
      const name = execution.id.name;
      if (!rows.has(name)) rows.set(name, new Row(execution.id));
      rows.get(name).update(execution);
      return rows.get(name).line;
    });
    arrange(body, lines);
    const view = lines.length > 0 ? table : nothingHere(project, domain, chosen[0] || token);
    if (content.firstChild !== view) content.replaceChildren(view);
    showPages(pages, project, domain, chosen[0], token, reply.token);
    return { changed, done };
  });
}

/** Puts `lines` into `body` in their order, moving only those that stand elsewhere. */
function arrange(body, lines) {
  lines.forEach((line, index) => {
    if (body.children[index] !== line) body.insertBefore(line, body.children[index] || null);
  });
  while (body.children.length > lines.length) body.lastChild.remove();
}

function showPages(pages, project, domain, phase, token, next) {
  const of = (query) => listAddress(project, domain, phase ? { phase, ...query } : query);
  const links = [];
  if (token) links.push(element("a", { href: of({}) }, "Newest"));
  if (next) links.push(element("a", { href: of({ token: next }), rel: "next" }, "Older"));
  if (pages.children.length !== links.length ||
      links.some((link, index) => link.href !== pages.children[index].href)) {
    pages.replaceChildren(...links);
  }
}
