// Pages of other origins, in a real browser, try to use and to read the server of whoever opens
// them. The same request from the console's own origin works, so what is refused is the origin.

import assert from "node:assert/strict";
import http from "node:http";
import { after, afterEach, before, test } from "node:test";
import { Server, launchBrowser } from "./setup.js";

const EVIL = "evil.example";
const SECRET = "flytesnacks";

let server;
let attacker;
let browser;
let context;
let page;
let relay;
let url;
let answers;
let made = 0;

before(async () => {
  server = await new Server().start();
  attacker = http.createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>evil</title><link rel=icon href=data:,>");
  });
  await listen(attacker);
  relay = relayTo(server.address);
  answers = [];
  url = `http://127.0.0.1:${await listen(relay)}`;
  browser = await launchBrowser(EVIL);
});

after(async () => {
  await browser?.close();
  attacker?.close();
  relay?.close();
  await server?.close();
});

/** Stands between browser and server and writes down what was asked and answered: `answers`. */
function relayTo(address) {
  const [host, port] = address.split(":");
  return http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const onward = http.request({ host, port, method, path, headers }, (answer) => {
      answers.push([method, answer.statusCode]);
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
}

async function listen(listener) {
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return listener.address().port;
}

/** A page of another origin. */
async function openEvil(address = `http://${EVIL}:${attacker.address().port}/`) {
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(address);
  answers = [];
  return page;
}

afterEach(async () => {
  await context?.close();
  context = null;
});

const projects = async () => {
  const reply = await server.api("GET", "projects?limit=100");
  return reply.projects.map((project) => project.id).sort();
};

/** A request that would make a project, and its name. */
function wish() {
  const id = `foreign-${++made}`;
  return [id, JSON.stringify({ project: { id, name: id } })];
}

async function unharmed(attack) {
  const before = await projects();
  await attack();
  assert.deepEqual(await projects(), before);
}

test("the console's own page may do what the others try", async () => {
  await openEvil(`${url}/console`);
  const [id, body] = wish();
  const status = await page.evaluate(async (text) => {
    const answer = await fetch("/api/v1/projects",
      { method: "POST", body: text, headers: { "Content-Type": "application/json" } });
    return answer.status;
  }, body);
  assert.equal(status, 200);
  assert.ok((await projects()).includes(id));
});

for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
  test(`fetch ${method} with JSON ends at its preflight`, async () => {
    await openEvil();
    const [, body] = wish();
    await unharmed(async () => {
      const outcome = await page.evaluate(([url, verb, text]) => fetch(url,
        { method: verb, body: text, headers: { "Content-Type": "application/json" } })
        .then((answer) => answer.status, (error) => error.name),
      [`${url}/api/v1/projects`, method, body]);
      assert.equal(outcome, "TypeError");
    });
    assert.deepEqual(answers.map(([asked]) => asked), ["OPTIONS"]);
  });
}

for (const mode of ["cors", "no-cors"]) {
  test(`fetch POST without a preflight is refused: ${mode}`, async () => {
    await openEvil();
    const [, body] = wish();
    await unharmed(async () => {
      const outcome = await page.evaluate(([url, how, text]) =>
        fetch(url, { method: "POST", mode: how, body: text })
          .then((answer) => answer.type, (error) => error.name),
      [`${url}/api/v1/projects`, mode, body]);
      assert.equal(outcome, mode === "cors" ? "TypeError" : "opaque");
    });
    assert.deepEqual(answers, [["POST", 403]]);
  });
}

test("a beacon is refused", async () => {
  await openEvil();
  const [, body] = wish();
  await unharmed(async () => {
    const asked = new Promise((resolve) => relay.once("request", (_, answer) =>
      answer.once("finish", resolve)));
    await page.evaluate(([url, text]) => navigator.sendBeacon(url, text),
      [`${url}/api/v1/projects`, body]);
    await asked;
  });
  assert.deepEqual(answers, [["POST", 403]]);
});

for (const encoding of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
  test(`a form is refused: ${encoding}`, async () => {
    await openEvil();
    // As text, name=value becomes the JSON of the request.
    const [id, body] = wish();
    await unharmed(async () => {
      await Promise.all([page.waitForURL(`${url}/**`), page.evaluate(
        ([url, type, name, value]) => {
          const form = document.createElement("form");
          Object.assign(form, { action: url, method: "post", enctype: type });
          const field = document.createElement("input");
          Object.assign(field, { name, value });
          form.append(field);
          document.body.append(form);
          form.submit();
        }, [`${url}/api/v1/projects`, encoding,
          `${body.slice(0, -1)},"x":"`, `"}`])]);
      assert.match(await page.textContent("body"), /are refused/, id);
    });
    assert.deepEqual(answers[0], ["POST", 403]);
  });
}

test("a sandboxed frame, whose origin is null, is refused", async () => {
  await openEvil();
  const [, body] = wish();
  await unharmed(async () => {
    const outcome = await page.evaluate(([url, text]) => new Promise((resolve) => {
      addEventListener("message", (event) => resolve(event.data), { once: true });
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.srcdoc = `<script>fetch(${JSON.stringify(url)}, {method: "POST", mode: "no-cors",
        body: ${JSON.stringify(text)}}).then((answer) => parent.postMessage(answer.type, "*"),
        (error) => parent.postMessage(error.name, "*"))</` + "script>";
      document.body.append(frame);
    }), [`${url}/api/v1/projects`, body]);
    assert.equal(outcome, "opaque");
  });
  assert.deepEqual(answers, [["POST", 403]]);
});

test("nothing can be read: no fetch, no script, no frame", async () => {
  await openEvil();
  for (const address of ["/api/v1/projects", "/console", "/healthcheck", "/metrics"]) {
    const outcome = await page.evaluate((url) =>
      fetch(url).then((answer) => answer.text(), (error) => error.name), url + address);
    assert.equal(outcome, "TypeError", address);
  }
  const framed = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  const loaded = await page.evaluate(([script, frame]) => new Promise((resolve) => {
    const made = document.createElement("script");
    made.onload = () => resolve("loaded");
    made.onerror = () => resolve("refused");
    made.src = script;
    const shown = document.createElement("iframe");
    shown.src = frame;
    document.body.append(made, shown);
  }), [`${url}/console/assets/main.js`, `${url}/console`]);
  assert.equal(loaded, "refused");
  await framed;
});

test("a name that was rebound to the loopback reaches nothing", async () => {
  // The attacker's name and the server's port: what the browser takes for one origin, once the
  // name leads here. The page itself was served when it still led to the attacker.
  const origin = `http://${EVIL}:${new URL(url).port}`;
  context = await browser.newContext();
  page = await context.newPage();
  await page.route(`${origin}/trap`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>evil</title><link rel=icon href=data:,>" }));
  await page.goto(`${origin}/trap`);
  const [, body] = wish();
  await unharmed(async () => {
    const seen = await page.evaluate(async (text) => {
      const results = [];
      for (const address of ["/api/v1/projects", "/console", "/metrics", "/healthcheck",
        "/api/v1/executions/flytesnacks/development?limit=1", "/logs/a/b/c/d"]) {
        const answer = await fetch(address);
        results.push([answer.status, await answer.text()]);
      }
      for (const method of ["POST", "PUT", "DELETE"]) {
        const answer = await fetch("/api/v1/projects",
          { method, body: text, headers: { "Content-Type": "application/json" } });
        results.push([answer.status, await answer.text()]);
      }
      return results;
    }, body);
    for (const [status, text] of seen) {
      assert.equal(status, 403);
      assert.match(text, /not this server/);
      assert.ok(!text.includes(SECRET));
    }
  });
  await page.goto(`${origin}/console`);
  assert.match(await page.textContent("body"), /not this server/);
});
