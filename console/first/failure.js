// Why something failed: one line first, the whole text after it, to read and to copy.

import { copyButton, element, foreign } from "./dom.js";

const HEADLINE_CHARACTERS = 200;
// How much of an error's text the API puts into lists.
const LISTED_CHARACTERS = 100;
const SHORT_LINES = 12;

/** The line that says what happened; flytekit puts it below "Message:", tracebacks at the end. */
export function headline(message) {
  const parts = message.split(/^Message:\s*$/m);
  const lines = parts[parts.length - 1].trim().split("\n").map((line) => line.trim());
  const line = (parts.length > 1 ? lines[0] : lines.filter(Boolean).pop()) || "";
  return line.length > HEADLINE_CHARACTERS ? line.slice(0, HEADLINE_CHARACTERS) + " …" : line;
}

/** One line for a list, whose error texts the API cuts short: its beginning, if that says anything. */
export function listedHeadline({ code, message }) {
  if (message.startsWith("Trace:")) return code;
  return headline(message) + (message.length === LISTED_CHARACTERS ? " …" : "");
}

/** An ExecutionError of the API, or nothing. */
export function failureBlock(error) {
  if (!error) return null;
  const text = error.message || "";
  const whole = element("pre", { tabindex: "0", role: "group", "aria-label": "Error text" }, text);
  const lines = text.trimEnd().split("\n").length;
  return element("div", { class: "failure" },
    element("div", { class: "bar" },
      element("strong", {}, foreign(error.code || "Error")),
      error.kind ? element("span", { class: "quiet" }, `${error.kind.toLowerCase()} error`) : null,
      copyButton(() => text, "the error text")),
    lines > 1 ? element("p", { class: "headline" }, foreign(headline(text))) : null,
    lines <= SHORT_LINES ? whole : element("details", {},
      element("summary", {}, `Whole text, ${lines} lines`), whole));
}
