// The first console: executions of a project, and one execution with its nodes, errors and logs.
// Everything that comes from the server is put into the page as text, never as markup.
"use strict";

const REFRESH_MS = 1000;
const LIST_LIMIT = 100;
const TERMINAL = new Set(["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "SKIPPED", "RECOVERED"]);
const page = document.getElementById("page");

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

async function get(path) {
  const response = await fetch("/api/v1" + path, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message || `HTTP ${response.status}`);
  return body;
}

async function getAll(path, field) {
  const items = [];
  let token = "";
  do {
    const joint = path.includes("?") ? "&" : "?";
    const reply = await get(`${path}${joint}limit=${LIST_LIMIT}&token=${encodeURIComponent(token)}`);
    items.push(...(reply[field] || []));
    token = reply.token || "";
  } while (token !== "");
  return items;
}

function phaseText(phase) {
  return element("span", { class: "phase " + phase }, phase || "UNDEFINED");
}

function seconds(duration) {
  return duration ? Number.parseFloat(duration).toFixed(3) + " s" : "";
}

function errorBlock(error) {
  if (!error) return null;
  return element("pre", {}, `${error.code} (${error.kind})\n${error.message}`);
}

function executionPath(id) {
  const part = encodeURIComponent;
  return `${part(id.project)}/${part(id.domain)}/${part(id.name)}`;
}

function executionLink(id) {
  const part = encodeURIComponent;
  const href = `/console/projects/${part(id.project)}/domains/${part(id.domain)}/executions/${part(id.name)}`;
  return element("a", { href }, id.name);
}

async function nodeRows(id, parent, depth, rows) {
  const query = parent ? `?unique_parent_id=${encodeURIComponent(parent)}` : "";
  const nodes = await getAll(`/node_executions/${executionPath(id)}${query}`, "node_executions");
  nodes.sort((a, b) => a.closure.created_at.localeCompare(b.closure.created_at));
  for (const node of nodes) {
    const nodeId = node.id.node_id;
    const tasks = await getAll(
      `/task_executions/${executionPath(id)}/${encodeURIComponent(nodeId)}`, "task_executions");
    const attempts = element("td");
    for (const task of tasks) {
      const line = element("div", {}, `attempt ${task.id.retry_attempt || 0}: `,
        phaseText(task.closure.phase), " ");
      for (const log of task.closure.logs || []) {
        line.append(element("a", { href: log.uri, rel: "noreferrer" }, "log"), " ");
      }
      attempts.append(line);
    }
    const child = node.closure.workflow_node_metadata;
    if (child && child.executionId) attempts.append("runs ", executionLink(child.executionId));
    rows.append(element("tr", { class: "depth" + Math.min(depth, 3) },
      element("td", {}, nodeId),
      element("td", {}, phaseText(node.closure.phase)),
      element("td", {}, seconds(node.closure.duration)),
      attempts,
      element("td", {}, errorBlock(node.closure.error) || "")));
    if (node.metadata && node.metadata.is_parent_node) await nodeRows(id, nodeId, depth + 1, rows);
  }
}

function head(...names) {
  return element("thead", {}, element("tr", {}, ...names.map((name) => element("th", {}, name))));
}

async function showExecution(id) {
  const execution = await get(`/executions/${executionPath(id)}`);
  const closure = execution.closure;
  const rows = element("tbody");
  await nodeRows(id, "", 0, rows);
  const abort = closure.abort_metadata;
  page.replaceChildren(
    element("h1", {}, id.name, " ", phaseText(closure.phase)),
    element("p", { class: "quiet" },
      `${closure.workflow_id.name} ${closure.workflow_id.version} · created ${closure.created_at} ${seconds(closure.duration)}`),
    errorBlock(closure.error) || "",
    abort ? element("pre", {}, "aborted: " + (abort.cause || "no cause given")) : "",
    element("table", {}, head("Node", "Phase", "Took", "Attempts", "Error"), rows));
  return !TERMINAL.has(closure.phase);
}

async function showExecutions(project, domain) {
  const part = encodeURIComponent;
  const reply = await get(`/executions/${part(project)}/${part(domain)}?limit=${LIST_LIMIT}` +
    "&sort_by.key=created_at&sort_by.direction=DESCENDING");
  const rows = element("tbody");
  for (const execution of reply.executions || []) {
    rows.append(element("tr", {},
      element("td", {}, executionLink(execution.id)),
      element("td", {}, phaseText(execution.closure.phase)),
      element("td", {}, execution.closure.workflow_id.name),
      element("td", {}, execution.closure.created_at),
      element("td", {}, seconds(execution.closure.duration))));
  }
  page.replaceChildren(
    element("h1", {}, `${project} / ${domain}`),
    element("table", {}, head("Execution", "Phase", "Workflow", "Created", "Took"), rows));
  return true;
}

async function showProjects() {
  const reply = await get("/projects");
  const list = element("ul");
  for (const project of reply.projects || []) {
    for (const domain of project.domains || []) {
      const part = encodeURIComponent;
      list.append(element("li", {}, element("a",
        { href: `/console/projects/${part(project.id)}/domains/${part(domain.id)}/executions` },
        `${project.name} / ${domain.name}`)));
    }
  }
  page.replaceChildren(element("h1", {}, "Projects"), list);
  return false;
}

function route() {
  const parts = location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const [, projects, project, domains, domain, executions, name] = parts;
  if (projects === "projects" && domains === "domains" && executions === "executions") {
    if (name) return () => showExecution({ project, domain, name });
    return () => showExecutions(project, domain);
  }
  if (parts.length <= 1) return showProjects;
  return () => {
    page.replaceChildren(element("p", {}, "There is no such page here yet."));
    return false;
  };
}

async function run(show) {
  let again = true;
  try {
    again = await show();
  } catch (error) {
    page.replaceChildren(element("pre", {}, String(error.message || error)));
  }
  if (again) setTimeout(() => run(show), REFRESH_MS);
}

run(route());
