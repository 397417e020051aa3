// Projects and their domains: where to begin.

import { get, listAddress } from "./api.js";
import { element, foreign, showCrumbs, showMessage } from "./dom.js";
import { poll } from "./poll.js";

const PROJECTS_MAX = 200;

export async function showProjects(page, only) {
  showCrumbs(only ? [["Projects", "/console"], [only, ""]] : [["Projects", "/console"]]);
  await poll(async () => {
    const reply = await get("projects", { limit: PROJECTS_MAX });
    const projects = reply.projects.filter((project) => !only || project.id === only);
    const list = element("ul", { class: "cards" });
    for (const project of projects) {
      list.append(element("li", {},
        element("h2", {}, foreign(project.name || project.id)),
        project.description ? element("p", { class: "quiet" }, foreign(project.description)) : null,
        element("ul", { class: "chips" }, ...project.domains.map((domain) => element("li", {},
          element("a", { href: listAddress(project.id, domain.id) }, foreign(domain.name)))))));
    }
    showMessage(page, only || "Projects", projects.length > 0 ? list : element("p", {},
      only ? "There is no such project. " : "There are no projects. ",
      element("a", { href: "/console" }, "All projects")));
    return { changed: false, done: true };
  });
}
