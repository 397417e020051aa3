// Finds the page of an address and shows it. Every page is a document of its own.

import { ApiError, listAddress } from "./api.js";
import { element, foreign, showCrumbs, showMessage } from "./dom.js";
import { showExecution } from "./execution.js";
import { showExecutions } from "./executions.js";
import { showLog } from "./log.js";
import { showProjects } from "./projects.js";

const page = document.getElementById("page");

function pageOf(names, query) {
  const [projects, project, domains, domain, kind, name, ...rest] = names;
  if (names.length === 0) return showProjects(page);
  if (projects !== "projects" || (domains !== undefined && domains !== "domains")) return null;
  if (domain === undefined) return showProjects(page, project);
  if (kind === undefined || (kind === "executions" && name === undefined)) {
    return showExecutions(page, project, domain, query);
  }
  if (kind !== "executions") return null;
  const id = { project, domain, name };
  const [part, nodeId, attempts, attempt, log] = rest;
  if (part === "nodes" && attempts === "attempts" && log === "log") {
    return showLog(page, id, nodeId, Number(attempt));
  }
  // "nodeId/…/nodes" is the address that Flyte gives to tasks as FLYTE_EXECUTION_URL.
  if (part === undefined || part === "nodeId") return showExecution(page, id, nodeId);
  return null;
}

function listLink(project, domain) {
  return element("p", {}, element("a", { href: listAddress(project, domain) }, "Executions of ",
    foreign(`${project} / ${domain}`)));
}

function noSuchPage(names) {
  const [, project, , domain] = names;
  showCrumbs([["Projects", "/console"], ["No such page", ""]]);
  showMessage(page, "No such page",
    element("p", {}, "The console has no page at ",
      element("code", {}, foreign(decodeURIComponent(location.pathname))), " yet."),
    domain === undefined ? element("p", {}, element("a", { href: "/console" }, "All projects"))
      : listLink(project, domain));
}

async function start() {
  let names;
  try {
    names = location.pathname.split("/").filter(Boolean).map(decodeURIComponent).slice(1);
  } catch {
    return showMessage(page, "No such page", element("p", {}, "The address is not well written."));
  }
  try {
    const shown = pageOf(names, new URLSearchParams(location.search));
    if (shown === null) return noSuchPage(names);
    await shown;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [, project, , domain] = names;
    showMessage(page, error.status === 404 ? "Not found" : "The server refused",
      element("p", {}, "The server says:"),
      element("pre", { tabindex: "0" }, error.message),
      domain === undefined ? "" : listLink(project, domain));
  }
}

start();
