// What the nodes of a workflow are called and what they run, from its compiled closure.

function short(name) {
  return name.slice(name.lastIndexOf(".") + 1);
}

function sameId(left, right) {
  return ["project", "domain", "name", "version"].every((field) => left[field] === right[field]);
}

/** All nodes of a template, those inside branches as well. */
function* nodesOf(nodes) {
  for (const node of nodes) {
    yield node;
    const branch = node.branch_node?.if_else;
    if (!branch) continue;
    const cases = [branch.case, ...(branch.other || [])].map((one) => one?.then_node);
    yield* nodesOf([...cases, branch.else_node].filter(Boolean));
  }
}

/** Names of one workflow's nodes; a sub-workflow's are another scope. */
export class Scope {
  constructor(closure, template) {
    this.closure = closure;
    this.nodes = new Map();
    this.places = new Map();
    for (const node of nodesOf(template?.nodes || [])) {
      this.places.set(node.id, this.places.size);
      this.nodes.set(node.id, node);
    }
  }

  /** Where the workflow lists the node; nodes that it does not list come last. */
  placeOf(specNodeId) {
    return this.places.get(specNodeId) ?? this.places.size;
  }

  /** What people read: {title, runs}; `runs` is the whole name of what it runs, or what it is. */
  describe(specNodeId) {
    const node = this.nodes.get(specNodeId);
    if (!node) return { title: specNodeId, runs: "" };
    const reference = node.task_node?.reference_id || node.workflow_node?.sub_workflow_ref ||
      node.workflow_node?.launchplan_ref;
    const kinds = [["branch_node", "branch"], ["gate_node", "gate"], ["array_node", "map task"]];
    const runs = reference?.name || kinds.find(([field]) => node[field])?.[1] || "";
    return { title: node.metadata?.name || (reference && short(reference.name)) || specNodeId, runs };
  }

  /** The scope of the nodes below this one. */
  below(specNodeId) {
    const reference = this.nodes.get(specNodeId)?.workflow_node?.sub_workflow_ref;
    if (!reference) return this;
    const found = (this.closure.sub_workflows || []).find(
      ({ template }) => sameId(template.id, reference));
    return new Scope(this.closure, found?.template);
  }
}

/** The scope of a workflow from GET /workflows; of nothing when there is none. */
export function scopeOf(workflow) {
  const closure = workflow?.closure?.compiled_workflow || {};
  return new Scope(closure, closure.primary?.template);
}
