// The tree of node executions. A level is read when it is opened; the attempts of a node when its
// row comes into view: an execution of thousands of nodes costs what is looked at.

import { get, executionAddress, idPath, path } from "./api.js";
import { attemptList, logLinks } from "./attempts.js";
import { button, element, foreign, isEnded, phaseBadge, setPhase } from "./dom.js";
import { failureBlock } from "./failure.js";
import { scopeOf } from "./names.js";
import { setTook } from "./time.js";
import { valueBlocks } from "./values.js";

const READ_ROWS = 100;
const LEVEL_ROWS = 500;
// Levels up to this size show their sub-workflows open.
const OPEN_ROWS = 20;
// Every workflow has these two; they do nothing.
const HIDDEN = new Set(["start-node", "end-node"]);

let made = 0;

class NodeRow {
  constructor(tree, level, node) {
    this.tree = tree;
    this.level = level;
    this.id = node.id.node_id;
    this.specId = node.metadata?.spec_node_id || this.id;
    this.tasks = [];
    this.tasksOf = "";
    this.visible = false;
    this.children = null;

    this.place = level.scope.placeOf(this.specId);
    const { title, runs } = level.scope.describe(this.specId);
    this.badge = phaseBadge("UNDEFINED");
    this.took = element("span", { class: "number took" });
    this.attempts = element("span", { class: "count" });
    this.logs = element("span", { class: "logs" });
    this.body = element("div", { class: "body", id: `node-${++made}`, hidden: true });
    this.toggle = button(foreign(title), () => this.open(this.body.hidden), {
      class: "toggle", "aria-expanded": "false", "aria-controls": this.body.id,
    });
    this.line = element("li", {},
      element("div", { class: "row" },
        element("div", { class: "name" }, this.toggle, " ",
          element("span", { class: "quiet" }, foreign(this.specId), runs && runs !== title ? " · " : "",
            runs && runs !== title ? foreign(runs) : "")),
        this.attempts, this.logs, this.badge, this.took),
      this.body);
    this.line.row = this;
    tree.watcher.observe(this.line);
    this.update(node);
  }

  /** Takes over a newer state of the node. */
  update(node) {
    this.node = node;
    const { closure } = node;
    setPhase(this.badge, closure.phase);
    setTook(this.took, closure, isEnded(closure.phase));
    if (!this.body.hidden) this.fill();
  }

  isTask() {
    return !this.node.metadata?.is_parent_node && !this.node.closure.workflow_node_metadata;
  }

  /** Whether the attempts on the page may be older than the node. */
  wantsTasks() {
    if (!this.isTask() || !(this.visible || !this.body.hidden)) return false;
    return this.tasksOf !== this.node.closure.updated_at || this.node.closure.phase === "RUNNING";
  }

  async readTasks() {
    const of = this.node.closure.updated_at;
    const reply = await get(`task_executions/${idPath(this.tree.id)}/${path(this.id)}`,
      { limit: READ_ROWS });
    const changed = JSON.stringify(reply.task_executions) !== JSON.stringify(this.tasks);
    this.tasks = reply.task_executions;
    this.tasksOf = of;
    if (!changed) return false;
    const count = this.tasks.length;
    this.attempts.textContent = count > 1 ? `${count} attempts` : "";
    this.logs.replaceChildren(
      ...(count > 0 ? logLinks(this.tree.id, this.id, this.tasks[count - 1], "log") : []));
    if (!this.body.hidden) this.fill();
    return true;
  }

  async open(yes) {
    this.body.hidden = !yes;
    this.toggle.setAttribute("aria-expanded", String(yes));
    if (!yes) return;
    this.fill();
    await this.tree.careful(async () => {
      if (this.node.metadata?.is_parent_node && !this.children) {
        this.children = new Level(this.tree, this.id, this.level.scope.below(this.specId));
        this.body.append(this.children.root);
        await this.children.look();
      }
      await this.catchUp();
    });
  }

  /** Brings what an open row shows up to date. */
  async catchUp() {
    if (this.wantsTasks()) await this.readTasks();
    await this.readError();
    if (this.isTask() || this.inside?.open) await this.readValues();
  }

  /** The error as it is; a list of nodes gives its beginning only. */
  async readError() {
    const { closure } = this.node;
    if (!closure.error || this.errorOf === closure.updated_at) return;
    const whole = await get(`node_executions/${idPath(this.tree.id)}/${path(this.id)}`);
    this.errorOf = closure.updated_at;
    this.error = whole.closure.error;
    this.fill();
  }

  /** Shows what is known; a part that says the same as before stays, with what is selected in it. */
  fill() {
    const { closure } = this.node;
    const error = closure.error ? this.error : null;
    const state = JSON.stringify([this.tasks, error, closure.workflow_node_metadata]);
    if (this.filled === state) return;
    this.filled = state;
    if (!this.report) {
      this.report = element("div");
      this.values = element("div", { class: "columns" });
      this.body.prepend(this.report, this.isTask() ? this.values : this.makeInside());
    }
    const child = closure.workflow_node_metadata?.executionId;
    const said = error && this.tasks.some((task) => task.closure.error?.message === error.message);
    this.report.replaceChildren(
      child ? element("p", {}, "Runs the execution ",
        element("a", { href: executionAddress(child) }, foreign(child.name)), ".") : "",
      this.tasks.length > 0 ? attemptList(this.tree.id, this.id, this.tasks) : "",
      said ? "" : failureBlock(error) || "");
  }

  /** Inputs and outputs of what has nodes below, which are what its reader wants to see first. */
  makeInside() {
    this.inside = element("details", {}, element("summary", {}, "Inputs and outputs"), this.values);
    this.inside.addEventListener("toggle", () => this.tree.careful(() => this.catchUp()));
    return this.inside;
  }

  async readValues() {
    const { phase } = this.node.closure;
    if (this.valuesOf === phase) return;
    const data = await get(`data/node_executions/${idPath(this.tree.id)}/${path(this.id)}`);
    this.valuesOf = phase;
    this.values.replaceChildren(...valueBlocks(data, phase, "h3"));
  }

  isEnded() {
    return isEnded(this.node.closure.phase) && (!this.children || this.children.isEnded());
  }
}

/** The nodes below one node, or below the execution. */
class Level {
  constructor(tree, parent, scope) {
    this.tree = tree;
    this.parent = parent;
    this.scope = scope;
    this.rows = new Map();
    this.newest = "";
    this.token = "";
    this.max = LEVEL_ROWS;
    this.list = element("ol", { class: "nodes" });
    this.more = button("Show more nodes", () => {
      this.max += LEVEL_ROWS;
      this.tree.careful(() => this.readFrom(this.token));
    }, { class: "small", hidden: true });
    this.empty = element("p", { class: "quiet" }, "No node has begun yet.");
    this.root = element("div", {}, this.list, this.more, this.empty);
  }

  async readPage(query) {
    const reply = await get(`node_executions/${idPath(this.tree.id)}`, {
      limit: READ_ROWS, "sort_by.key": "created_at", "sort_by.direction": "ASCENDING", ...query,
      ...(this.parent ? { unique_parent_id: this.parent } : {}),
    });
    let changed = false;
    for (const node of reply.node_executions) {
      if (node.closure.updated_at > this.newest) this.newest = node.closure.updated_at;
      if (!HIDDEN.has(node.metadata?.spec_node_id || node.id.node_id)) changed = this.put(node) || changed;
    }
    return { changed, token: reply.token };
  }

  put(node) {
    const row = this.rows.get(node.id.node_id);
    if (!row) {
      const fresh = new NodeRow(this.tree, this, node);
      this.rows.set(fresh.id, fresh);
      // As the workflow lists them, for nodes begin in any order; nearly always at the end.
      let next = null;
      for (let line = this.list.lastElementChild; line && line.row.place > fresh.place;
        line = line.previousElementSibling) next = line;
      this.list.insertBefore(fresh.line, next);
      return true;
    }
    if (JSON.stringify(row.node) === JSON.stringify(node)) return false;
    row.update(node);
    return true;
  }

  /** Reads rows in the order of their making until there are `max`. */
  async readFrom(token) {
    let changed = false;
    do {
      const read = await this.readPage({ token });
      changed = changed || read.changed;
      token = read.token;
    } while (token !== "" && this.rows.size < this.max);
    this.token = token;
    this.more.hidden = token === "";
    this.empty.hidden = this.rows.size > 0;
    return changed;
  }

  /** What changed since the last look; true if anything did. */
  async look() {
    let changed;
    if (this.rows.size === 0 || this.token !== "") {
      changed = await this.readFrom("");
    } else {
      changed = false;
      let token = "";
      do {
        const read = await this.readPage({ token, filters: `gte(updated_at,${this.newest})` });
        changed = changed || read.changed;
        token = read.token;
      } while (token !== "");
    }
    await this.openFirst();
    for (const row of this.rows.values()) {
      if (row.children && !row.childrenEnded) {
        const ended = row.isEnded();
        changed = (await row.children.look()) || changed;
        // Looked at once more after the end was seen.
        row.childrenEnded = ended;
      }
      if (!row.body.hidden) await row.catchUp();
    }
    return changed;
  }

  /** Opens what a reader looks for first: sub-workflows of small levels, and failures. */
  async openFirst() {
    let failures = 0;
    for (const row of this.rows.values()) {
      const parent = row.node.metadata?.is_parent_node;
      const failed = row.node.closure.phase === "FAILED" && ++failures <= 3;
      const asked = row.id === this.tree.asked;
      if (row.opened || !(asked || failed || (parent && this.rows.size <= OPEN_ROWS))) continue;
      row.opened = true;
      await row.open(true);
      if (asked) row.line.scrollIntoView({ block: "start" });
    }
  }

  isEnded() {
    return [...this.rows.values()].every((row) => row.isEnded());
  }
}

export class NodeTree {
  /** `asked` is the id of the node to show open. */
  constructor(id, asked) {
    this.id = id;
    this.asked = asked;
    this.root = element("div");
    this.watcher = new IntersectionObserver((entries) => this.seen(entries),
      { rootMargin: "200px" });
  }

  /** Gets the nodes' names; without the workflow their ids serve. */
  async learnNames(workflowId) {
    let workflow = null;
    try {
      if (workflowId) {
        workflow = await get(`workflows/${idPath(workflowId)}/${path(workflowId.version)}`);
      }
    } catch (error) {
      if (error.status === undefined) throw error;
    }
    this.level = new Level(this, "", scopeOf(workflow));
    this.root.replaceChildren(this.level.root);
  }

  seen(entries) {
    for (const entry of entries) {
      const row = entry.target.row;
      row.visible = entry.isIntersecting;
      if (row.wantsTasks()) this.careful(() => row.readTasks());
    }
  }

  /** For what a person or the browser starts; the next look finds out what is wrong. */
  async careful(read) {
    try {
      await read();
    } catch (error) {
      if (error.status === undefined && error.name === "TypeError") throw error;
    }
  }

  async look() {
    const changed = await this.level.look();
    const wanting = [...this.root.querySelectorAll("li")].map((line) => line.row)
      .filter((row) => row && row.wantsTasks());
    const read = await Promise.all(wanting.map((row) => row.readTasks()));
    return changed || read.some(Boolean);
  }

  isEnded() {
    return this.level.isEnded();
  }
}
