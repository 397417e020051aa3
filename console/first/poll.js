// Looks at the server again and again: soon while things change, more rarely while they do not,
// not at all while nobody sees the page or when there is nothing left to happen.

import { button, element } from "./dom.js";
import { Unreachable } from "./api.js";

const FIRST_MS = 500;
const QUIET_MS_MAX = 8000;
const TROUBLE_MS_MAX = 15000;
const SLOWER = 1.6;

const trouble = document.getElementById("trouble");

let wake = null;
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && wake) wake();
});

function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => { clearTimeout(timer); resolve(); };
  });
}

function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => { wake = resolve; });
}

function showTrouble(error) {
  const again = button("Try now", () => wake && wake());
  const words = `Martlet does not answer (${error.message}). What is below may be old; ` +
    "this page goes on trying. ";
  if (!trouble.hidden && trouble.firstChild.textContent === words) return;
  trouble.replaceChildren(element("span", {}, words), again);
  trouble.hidden = false;
}

/**
 * Calls `look` until it says done. It returns {changed, done}, and throws Unreachable to be called
 * again later; any other error ends the looking and is the caller's.
 */
export async function poll(look) {
  let delay = FIRST_MS;
  for (;;) {
    await seen();
    try {
      const { changed, done } = await look();
      trouble.hidden = true;
      if (done) return;
      delay = changed ? FIRST_MS : Math.min(delay * SLOWER, QUIET_MS_MAX);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      showTrouble(error);
      delay = Math.min(delay * SLOWER, TROUBLE_MS_MAX);
    }
    await pause(delay);
  }
}
