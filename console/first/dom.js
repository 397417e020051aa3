// Small pieces of page. Text from the server goes through here, as text and never as markup.

/** Makes an element. Attributes that are null or false are left out, true ones are empty. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A foreign text in a line of ours: its direction cannot turn its neighbours around. */
export function foreign(text) {
  return element("bdi", {}, text);
}

export function button(label, onClick, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", onClick);
  return made;
}

/** Says something to who cannot see the page change. */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}

const COPIED_MS = 1500;

/** A button that copies `text()`. */
export function copyButton(text, what) {
  const made = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = "Copied";
    } catch {
      made.textContent = "Not allowed by the browser";
    }
    announce(`${what}: ${made.textContent}`);
    setTimeout(() => { made.textContent = "Copy"; }, COPIED_MS);
  }, { class: "small", "aria-label": `Copy ${what}` });
  return made;
}

const ENDED = new Set(["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "SKIPPED", "RECOVERED"]);

export function isEnded(phase) {
  return ENDED.has(phase);
}

/** "TIMED_OUT" as people write it. */
export function phaseWords(phase) {
  const words = (phase || "UNDEFINED").toLowerCase().replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** Phase as colour, sign and word: none of them alone. */
export function phaseBadge(phase) {
  const badge = element("span", { class: "phase" });
  setPhase(badge, phase);
  return badge;
}

export function setPhase(badge, phase) {
  if (badge.dataset.phase === phase) return;
  badge.dataset.phase = phase;
  badge.textContent = phaseWords(phase);
}

/** A list of names and contents; entries without content are left out. */
export function facts(entries) {
  const list = element("dl", { class: "facts" });
  for (const [name, content] of entries) {
    if (!content) continue;
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, content)));
  }
  return list;
}

/** The way here: [text, address] each; the last is where we are. */
export function showCrumbs(crumbs) {
  document.getElementById("crumbs").replaceChildren(...crumbs.map(([text, href], index) =>
    element("li", {}, index + 1 === crumbs.length
      ? element("span", { "aria-current": "page" }, foreign(text))
      : element("a", { href }, foreign(text)))));
}

export function showMessage(page, title, ...content) {
  document.title = `${title} · Martlet`;
  page.replaceChildren(element("h1", {}, title), ...content);
}
