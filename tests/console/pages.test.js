// The console in a real browser, on real executions.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { LIST, Server, VERSION, integer, launchBrowser, list, openPage, string } from "./setup.js";

const HOSTILE = "<img src=x onerror=hacked=1><script>hacked=1</script>";
const NAME = "Zoë \u202e日本語 " + HOSTILE;
const QUICK = 52;
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let server;
let browser;
let page;
let pipe;

before(async () => {
  server = await new Server().start();
  browser = await launchBrowser();
  await server.register();
  pipe = await server.pipe("running");
  await server.launch("running", "running", { pipe: string(pipe) });
  await server.launch("retried", "retried");
  await server.launch("failing", "failing", { depth: integer(40) });
  await server.launch("nested", "nested",
    { a: integer(5), name: string(NAME), words: list(string("größer"), string(HOSTILE)) });
  for (let number = 1; number <= QUICK; ++number) await server.launch(`quick-${number}`, "quick");
  await server.launch("stopped", "running", { pipe: string(await server.pipe("never")) });
  await server.abort("stopped", "enough " + HOSTILE);
  await server.launch("wide", "wide");
});

after(async () => {
  await browser?.close();
  await server?.close();
});

// Whatever a page shows, nothing of it ran and the policy was kept.
afterEach(async () => {
  if (!page) return;
  const wrongs = page.wrongs;
  const hacked = await page.evaluate(() => typeof hacked);
  await page.context().close();
  page = null;
  assert.deepEqual(wrongs, []);
  assert.equal(hacked, "undefined");
});

async function open(address, options, allowed) {
  page = await openPage(browser, options, allowed);
  await page.goto(server.url + address);
  return page;
}

const phase = () => page.locator("h1 .phase");
const row = (title) => page.locator("li", { has: page.locator(`:scope > .row >> text="${title}"`) });

async function shows(locator, text) {
  await locator.filter({ hasText: text }).first().waitFor();
}

test("an execution: phase, facts, inputs, outputs and the tree of its nodes", async () => {
  await open(`${LIST}/nested`);
  await shows(phase(), "Succeeded");
  await shows(page.locator(".facts"), "pages.nested");
  await shows(page.locator(".facts"), VERSION);
  const values = page.locator("main > .columns");
  await shows(values.locator("section", { hasText: "Inputs" }), NAME);
  await shows(values.locator("section", { hasText: "Inputs" }), "größer");
  const outputs = values.locator("section", { hasText: "Outputs" });
  await shows(outputs, "11");
  // A dataclass, which flytekit packs.
  await shows(outputs.locator("dd"), "23.5");
  // Two levels of sub-workflows stand open.
  await row("middle").locator(row("inner")).locator(row("add").nth(1)).waitFor();
  assert.equal(await page.getByText("start-node").count(), 0);
  await row("ring").locator(".took", { hasText: "s" }).waitFor();
  const plan = page.locator("li", { hasText: "pages.inner plan <b>&%2F ü" }).last();
  await plan.getByRole("button").first().click();
  await plan.getByRole("link").first().click();
  await page.waitForURL("**/executions/nested-*");
  await shows(page.locator(".facts"), "Started by");
  await shows(page.locator(".facts"), "pages.inner plan <b>&%2F ü");
});

test("a failure: one line, the whole text to read and to copy, the attempt's log", async () => {
  await open(`${LIST}/failing`, { permissions: ["clipboard-read", "clipboard-write"] });
  await shows(phase(), "Failed");
  const failure = page.locator(".failure").first();
  await shows(failure.locator(".headline"), "ValueError: the well is dry " + HOSTILE);
  assert.ok(!(await failure.locator("pre").isVisible()));
  await failure.getByText("Whole text").click();
  const text = await failure.locator("pre").textContent();
  assert.match(text, /Traceback[^]+in down[^]+the well is dry/);
  await failure.getByRole("button", { name: "Copy" }).click();
  await failure.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  // The failed node stands open, with its attempt.
  await shows(row("deep").locator(".attempts"), "Attempt 1");
  await row("deep").locator(".row").getByRole("link", { name: "log" }).click();
  const log = page.getByRole("region", { name: "Log" });
  await shows(log, `log line with ${HOSTILE} and colour, größer`);
  await page.getByRole("link", { name: "whole log as text" }).click();
  await shows(page.locator("body"), HOSTILE);
});

test("a running task: its log grows as it is written, and looking ends with it", async () => {
  await open(`${LIST}/running`);
  await shows(phase(), "Running");
  // Opening blocks until the task reads.
  const writer = await fs.promises.open(pipe, "w");
  await row("follow").getByRole("link", { name: "log" }).click();
  const log = page.getByRole("region", { name: "Log" });
  await writer.write("the first line\n");
  await shows(log, "the first line");
  await shows(page.locator(".bar .phase"), "Running");
  await writer.write("the second line, größer\n");
  await shows(log, "the second line, größer");
  await writer.close();
  await shows(page.locator(".bar .phase"), "Succeeded");
  assert.equal((await log.textContent()).trim(), "the first line\nthe second line, größer");
  await page.getByRole("link", { name: "running", exact: true }).click();
  await shows(phase(), "Succeeded");
});

test("retries are shown as attempts, each with its end", async () => {
  await open(`${LIST}/retried`);
  await shows(phase(), "Succeeded");
  await shows(row("flaky").locator(".count"), "2 attempts");
  await row("flaky").getByRole("button").first().click();
  const attempts = row("flaky").locator(".attempts > li");
  await shows(attempts.nth(0), "the first attempt fails");
  await shows(attempts.nth(0).locator(".phase"), "Failed");
  await shows(attempts.nth(1).locator(".phase"), "Succeeded");
});

test("an abort shows who asked and why", async () => {
  await open(`${LIST}/stopped`);
  await shows(phase(), "Aborted");
  await shows(page.locator(".failure"), "enough " + HOSTILE);
});

test("two hundred nodes: all there, in order, asking only for what is seen", async () => {
  await open(`${LIST}/wide`);
  await shows(phase(), "Succeeded");
  await page.waitForFunction(() => document.querySelectorAll(".nodes > li").length === 210);
  const ids = await page.locator(".nodes .name .quiet").allTextContents();
  assert.deepEqual(ids.map((text) => text.split(" ")[0]),
    Array.from({ length: 210 }, (_, number) => `n${number}`));
  await page.reload();
  await page.locator(".nodes > li").nth(209).waitFor({ state: "attached" });
  await row("add").first().getByRole("link", { name: "log" }).waitFor();
  const early = page.requests.filter((url) => url.includes("/n209")).length;
  await page.locator(".nodes > li").nth(209).scrollIntoViewIfNeeded();
  await page.locator(".nodes > li").nth(209).getByRole("link", { name: "log" }).waitFor();
  // The same node had been asked for at most while the execution grew, before the reload.
  assert.ok(page.requests.filter((url) => url.includes("/n209")).length > early);
});

test("the list: filter by phase, older pages by token, errors in a line", async () => {
  await open(`${LIST}`);
  await page.locator("tbody tr").nth(49).waitFor();
  assert.equal(await page.locator("tbody tr").count(), 50);
  const newest = await page.locator("tbody tr a").allTextContents();
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("link", { name: "Newest" }).waitFor();
  const older = await page.locator("tbody tr a").allTextContents();
  assert.ok(older.length >= QUICK + 6 - 50, older);
  assert.deepEqual(older.filter((name) => newest.includes(name)), []);
  await page.getByRole("link", { name: "Failed" }).click();
  await page.waitForURL("**phase=failed");
  await shows(page.locator("tbody tr"), "USER:");
  assert.deepEqual(await page.locator("tbody tr a").allTextContents(), ["failing"]);
  await page.getByRole("link", { name: "Aborted" }).click();
  await page.waitForURL("**phase=aborted");
  await shows(page.locator("tbody tr"), "enough " + HOSTILE);
});

test("nothing here: an empty list says how to begin, a filter says that nothing fits", async () => {
  await open("/console/projects/flytesnacks/domains/staging/executions");
  await shows(page.locator("main"), "pyflyte run --remote --project flytesnacks --domain staging");
  await page.getByRole("link", { name: "Failed" }).click();
  await shows(page.locator("main"), "No execution is in this phase.");
});

test("what is not there is said, with a way on", async () => {
  await open(`${LIST}/no-such-one`, {}, ["404"]);
  await shows(page.locator("h1"), "Not found");
  await shows(page.locator("pre"), "no-such-one");
  await page.getByRole("link", { name: "Executions of flytesnacks / development" }).click();
  await page.locator("tbody tr").first().waitFor();
  await page.goto(`${server.url}/console/projects/p/domains/d/workflow/${encodeURIComponent(HOSTILE)}`);
  await shows(page.locator("main"), HOSTILE);
  await page.goto(`${server.url}/console/%zz`);
  await shows(page.locator("h1"), "No such page");
});

test("by keyboard alone: from the projects to a node's attempt", async () => {
  await server.api("POST", "projects", { project: { id: "hostile", name: HOSTILE } });
  await open("/console");
  await shows(page.locator(".cards"), HOSTILE);
  const reach = async (text) => {
    for (let presses = 0; presses < 150; ++presses) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => document.activeElement.textContent);
      if (focused === text) return page.keyboard.press("Enter");
    }
    assert.fail(`Tab never comes to ${text}`);
  };
  await reach("Skip to the content");
  await reach("development");
  await page.waitForURL(`**${LIST}`);
  await page.locator("tbody tr").first().waitFor();
  await reach("Failed");
  await page.waitForURL("**phase=failed");
  await page.locator("tbody tr").first().waitFor();
  await reach("failing");
  await row("deep").locator(".attempts").waitFor();
  await reach("deep");
  assert.ok(await row("deep").locator(".body").isHidden());
  await page.keyboard.press("Enter");
  await row("deep").locator(".attempts").waitFor();
});

for (const [scheme, width] of [["light", 1280], ["dark", 400]]) {
  test(`accessible and within the window: ${scheme}, ${width} pixels`, async () => {
    const options = { colorScheme: scheme, viewport: { width, height: 850 } };
    await open(LIST, options);
    for (const [address, awaited] of [["/console", ".cards"], [LIST, "tbody tr"],
      [`${LIST}/nested`, ".nodes .nodes .nodes"], [`${LIST}/failing`, ".attempts .failure"],
      [`${LIST}/failing/nodes/n0/attempts/0/log`, ".log"], [`${LIST}/stopped`, ".aborted"]]) {
      await page.goto(server.url + address);
      await page.locator(awaited).first().waitFor();
      await page.evaluate(fs.readFileSync(axe, "utf8"));
      const found = await page.evaluate(() => axe.run());
      assert.deepEqual(found.violations.map((one) =>
        `${address}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        `${address} is wider than ${width} pixels`);
      const shots = process.env.MARTLET_SCREENSHOTS;
      if (shots) {
        const name = `${awaited.replace(/\W+/g, "")}-${scheme}-${width}.png`;
        await page.screenshot({ path: path.join(shots, name) });
      }
    }
  });
}

test("looks soon while things change, rarely while not, and no more after the end", async () => {
  const still = await server.pipe("still");
  await server.launch("still", "running", { pipe: string(still) });
  page = await openPage(browser);
  await page.clock.install();
  await page.goto(`${server.url}${LIST}/still`);
  await shows(phase(), "Running");
  // Opening succeeds once the task reads, from when on nothing changes.
  const writer = await fs.promises.open(still, "w");
  const looks = () => page.requests.filter((url) =>
    url.endsWith("/api/v1/executions/flytesnacks/development/still")).length;
  const pass = async (seconds) => {
    for (let second = 0; second < seconds; ++second) {
      await page.clock.runFor(1000);
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    }
  };
  await pass(20);
  const before = looks();
  await pass(60);
  const perMinute = looks() - before;
  assert.ok(perMinute >= 4 && perMinute <= 12, `${perMinute} looks in a quiet minute`);
  await writer.close();
  while (!(await phase().textContent()).includes("Succeeded")) await pass(1);
  await pass(20);
  const ended = page.requests.length;
  await pass(30);
  assert.equal(page.requests.length, ended);
});

test("a server that is away is said so, and found again", async () => {
  const away = await server.pipe("away");
  await server.launch("away", "running", { pipe: string(away) });
  await open(`${LIST}/away`, {}, ["ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE"]);
  await shows(phase(), "Running");
  const writer = await fs.promises.open(away, "w");
  await server.kill();
  await shows(page.getByRole("alert"), "Martlet does not answer");
  // What was known stays.
  await shows(phase(), "Running");
  await writer.close();
  await server.start();
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByRole("alert").waitFor({ state: "hidden" });
  await shows(phase(), "Succeeded");
});
