// A real server, the real pyflyte, and a real browser.

import { spawn, execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const martlet = path.resolve(root, process.env.MARTLET_BIN || "build/release/martlet");
const python = path.join(root, ".venv/bin/python");

export const VERSION = 'v1 <i>&"%2F ü';
export const LIST = "/console/projects/flytesnacks/domains/development/executions";

/** `martlet serve` on a folder of its own. */
export class Server {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "martlet-console-"));
    this.data = path.join(this.folder, "data");
    this.address = "127.0.0.1:0";
  }

  /** Resolves once it serves; a second start takes the same port. */
  async start() {
    this.process = spawn(martlet, ["serve", "--data", this.data, "--listen", this.address,
      "--python", python, "--task-slots", "4"], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    this.address = await new Promise((resolve, reject) => {
      this.process.stdout.on("data", (part) => {
        said += part;
        const found = /serves on (\S+)/.exec(said);
        if (found) resolve(found[1]);
      });
      this.process.on("exit", (code) => reject(new Error(`the server ended with ${code}\n${said}`)));
    });
    this.url = `http://${this.address}`;
    return this;
  }

  async kill() {
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await gone;
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    await run(martlet, ["stop", "--tasks", "--data", this.data]);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async api(method, address, body) {
    const response = await fetch(`${this.url}/api/v1/${address}`, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${address}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Registers workflows/pages.py as a user would. */
  async register() {
    const sources = path.join(this.folder, "sources");
    fs.mkdirSync(sources);
    fs.copyFileSync(path.join(here, "workflows/pages.py"), path.join(sources, "pages.py"));
    const config = path.join(this.folder, "config.yaml");
    fs.writeFileSync(config, `admin:\n  endpoint: dns:///${this.address}\n  insecure: true\n`);
    await run(path.join(root, ".venv/bin/pyflyte"),
      ["-c", config, "register", "--version", VERSION, "pages.py"],
      { cwd: sources, env: { ...process.env, HOME: this.folder, FLYTECTL_CONFIG: config } });
  }

  /** Starts workflow `name` of pages.py as execution `execution`; `inputs` are literals. */
  launch(execution, name, inputs = {}) {
    return this.api("POST", "executions", {
      project: "flytesnacks", domain: "development", name: execution,
      spec: { launch_plan: { resource_type: "LAUNCH_PLAN", project: "flytesnacks",
        domain: "development", name: `pages.${name}`, version: VERSION } },
      inputs: { literals: inputs },
    });
  }

  abort(execution, cause) {
    return this.api("DELETE", `executions/flytesnacks/development/${execution}`, { cause });
  }

  /** A named pipe for `pages.running`: the task prints what is written to it. */
  async pipe(name) {
    const at = path.join(this.folder, name);
    await run("mkfifo", [at]);
    return at;
  }
}

export const integer = (value) => ({ scalar: { primitive: { integer: String(value) } } });
export const string = (value) => ({ scalar: { primitive: { string_value: value } } });
export const list = (...values) => ({ collection: { literals: values } });

/** Headless chromium; names of hosts in `mapped` lead to the loopback. */
export function launchBrowser(...mapped) {
  const rules = mapped.map((host) => `MAP ${host} 127.0.0.1`).join(",");
  return chromium.launch({
    executablePath: process.env.MARTLET_CHROMIUM || "/usr/bin/chromium",
    // Chromium's own guard of the loopback is switched off: other browsers have none, and ours is
    // what is tested.
    args: ["--no-proxy-server", "--disable-features=LocalNetworkAccessChecks", ...(rules ? [`--host-resolver-rules=${rules}`] : [])],
  });
}

/**
 * A page that keeps what must not happen on it: violations of the content policy, errors, dialogs.
 * `allowed` are texts that may occur in the console's errors.
 */
export async function openPage(browser, options = {}, allowed = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.wrongs = [];
  page.requests = [];
  const wrong = (text) => {
    if (!allowed.some((one) => text.includes(one))) page.wrongs.push(text);
  };
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation",
    (event) => console.error(`violated ${event.violatedDirective}: ${event.blockedURI}`)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong(message.text());
  });
  page.on("pageerror", (error) => wrong(String(error)));
  page.on("dialog", (dialog) => { wrong(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => page.requests.push(request.url()));
  return page;
}
