"""No web page may use the server of whoever visits it: Host and Origin are checked everywhere."""

import pytest
from flyteidl.admin import project_pb2
from tests.conformance import routes

FOREIGN = "http://evil.example"
REFUSED = (403, 421)

WRITES = [route for route in routes.all_routes() if route.changes_state]
READS = [route for route in routes.all_routes() if not route.changes_state]


def ids(route):
    return f"{route.verb} {route.template}"


def test_the_routes_are_read_from_the_wire_definitions():
    assert len(WRITES) >= 20
    assert len(READS) >= 40
    assert "POST /api/v1/tasks" in [ids(route) for route in WRITES]


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_a_write_from_a_foreign_page_is_refused(rest, route):
    answer = rest.raw(route.verb, route.path(), json={}, headers={"Origin": FOREIGN})
    assert answer.status_code in REFUSED, answer.text
    assert "access-control-allow-origin" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_a_write_under_a_foreign_host_name_is_refused(rest, route):
    # What a browser sends after a DNS name was pointed at the loopback.
    answer = rest.raw(route.verb, route.path(), json={}, headers={"Host": "evil.example"})
    assert answer.status_code in REFUSED, answer.text


@pytest.mark.parametrize("route", READS, ids=ids)
def test_a_read_under_a_foreign_host_name_is_refused(rest, route):
    answer = rest.raw("GET", route.path(), headers={"Host": "evil.example"})
    assert answer.status_code in REFUSED, answer.text


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_a_write_from_the_own_page_passes_the_check(rest, server, route):
    answer = rest.raw(route.verb, route.path(), data=b"{", headers={"Origin": server.url})
    assert answer.status_code not in REFUSED, answer.text


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1:1", "https://localhost"])
def test_a_foreign_page_leaves_no_trace(rest, stubs, origin):
    before = stubs.admin.ListProjects(project_pb2.ProjectListRequest())
    answer = rest.post(
        "/api/v1/projects", {"project": {"id": "foreign", "name": "f"}}, Origin=origin
    )
    assert answer.status_code in REFUSED, answer.text
    # A page may send such a body without asking first ("simple request").
    answer = rest.raw(
        "POST",
        "/api/v1/projects",
        data='{"project": {"id": "foreign", "name": "f"}}',
        headers={"Origin": origin, "Content-Type": "text/plain"},
    )
    assert answer.status_code in REFUSED, answer.text
    assert stubs.admin.ListProjects(project_pb2.ProjectListRequest()) == before


def test_a_preflight_allows_nothing(rest):
    answer = rest.raw(
        "OPTIONS",
        "/api/v1/tasks",
        headers={
            "Origin": FOREIGN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    allowed = [name for name in answer.headers if name.lower().startswith("access-control-allow")]
    assert not allowed


def test_localhost_and_the_address_are_both_names_of_the_server(rest, server):
    for host in (server.address, f"localhost:{server.port}"):
        assert rest.raw("GET", "/api/v1/version", headers={"Host": host}).status_code == 200
