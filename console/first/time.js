// Points in time and how long things took.

import { element } from "./dom.js";

const two = (number) => String(number).padStart(2, "0");

/** Seconds as people read them: "412 ms", "12.3 s", "3 min 05 s", "2 h 03 min". */
export function durationWords(seconds) {
  if (seconds < 0) return "0 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A time of the server, in the reader's zone; the exact one is its tooltip. */
export function timeElement(text) {
  if (!text) return null;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return element("span", {}, text);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const hour = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return element("time", { datetime: text, title: text }, `${day} ${hour}`);
}

/** Duration of what has a `duration` ("1.5s") or is under way since `started_at`. */
export function setTook(cell, closure, ended) {
  delete cell.dataset.since;
  if (closure.duration && ended) {
    cell.textContent = durationWords(Number.parseFloat(closure.duration));
  } else if (closure.started_at && !ended) {
    cell.dataset.since = closure.started_at;
    tick(cell);
  } else {
    cell.textContent = "";
  }
}

function tick(cell) {
  const seconds = (Date.now() - Date.parse(cell.dataset.since)) / 1000;
  // Tenths would flicker, and say more than is known between two looks at the server.
  cell.textContent = seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s` : durationWords(seconds);
}

setInterval(() => {
  if (document.hidden) return;
  for (const cell of document.querySelectorAll("[data-since]")) tick(cell);
}, 1000);
