"""Pages beside the API: the console's files and the logs of attempts, byte for byte."""

import http.client

import pytest

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT, WAIT

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "require-trusted-types-for": "'script'",
}


@pytest.fixture(scope="module")
def log(rest, pyflyte):
    """Path of a log that has an end."""
    done = pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *WAIT, "talking.py", "talking")
    assert done.code == 0, done.output
    name = executions.name_in(done.output)
    nodes = f"/api/v1/task_executions/{PROJECT}/{DOMAIN}/{name}"
    reply = rest.get(f"{nodes}/n0", limit="10").json()
    uri = reply["task_executions"][0]["closure"]["logs"][0]["uri"]
    assert uri.startswith(rest.url)
    return uri.removeprefix(rest.url)


def policy(answer):
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: " ".join(values) for name, *values in parts}


@pytest.mark.parametrize(
    "path", ["/console", "/console/projects/p/domains/d/executions/n", "/console/assets/main.js"]
)
def test_the_console_allows_itself_nothing_but_its_own_files(rest, path):
    answer = rest.raw("GET", path)
    assert answer.status_code == 200
    assert policy(answer).items() >= POLICY.items()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("name", ["nothing.js", "", "main.js/x", "%2e%2e/index.html"])
def test_a_file_that_the_console_has_not_is_not_found(rest, name):
    # This client sends dots as they are.
    connection = http.client.HTTPConnection(rest.url.removeprefix("http://"), timeout=30)
    connection.request("GET", f"/console/assets/{name}")
    assert connection.getresponse().status == 404
    connection.close()


def test_a_log_is_text_and_nothing_else(rest, log):
    answer = rest.raw("GET", log)
    assert answer.status_code == 200
    assert "one größer three" in answer.content.decode()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert policy(answer).items() >= POLICY.items()
    head = rest.raw("HEAD", log)
    assert int(head.headers["Content-Length"]) == len(answer.content)


def test_a_log_is_read_from_where_the_last_look_ended(rest, log):
    whole = rest.raw("GET", log).content
    size = len(whole)
    for asked, begin, end in [
        ("bytes=0-3", 0, 3),
        (f"bytes={size - 1}-", size - 1, size - 1),
        (f"bytes={size - 1}-{size + 1000}", size - 1, size - 1),
        ("bytes=-5", size - 5, size - 1),
        (f"bytes=-{size + 5}", 0, size - 1),
    ]:
        answer = rest.raw("GET", log, headers={"Range": asked})
        assert answer.status_code == 206, asked
        assert answer.headers["Content-Range"] == f"bytes {begin}-{end}/{size}"
        assert answer.content == whole[begin : end + 1]
    answer = rest.raw("GET", log, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


def test_an_empty_log_is_sent_whole_whatever_part_is_asked_for(rest, log, server):
    # Nothing can be a part of it, and who follows it must learn where to begin.
    path = next(server.data.glob("logs/**/*.log"))
    path.write_bytes(b"")
    for asked in ("bytes=-100", "bytes=0-"):
        answer = rest.raw("GET", log, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, b""), asked


@pytest.mark.parametrize("path", ["a/b/c/d", "a/b/c", "..%2f..%2fa/b/c/d", "a/b/../../x", "a/b/c/.d"])
def test_what_is_no_log_is_not_found(rest, path):
    assert rest.raw("GET", f"/logs/{path}").status_code == 404
