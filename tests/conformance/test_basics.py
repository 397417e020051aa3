"""Scenario 1 and what every client asks first: versions, projects, domains, health, reflection."""

import re

import grpc
import pytest
from flyteidl.admin import project_pb2, version_pb2
from flyteidl.service import auth_pb2, identity_pb2

from tests.conformance import wire


def test_pyflyte_info_shows_the_server(pyflyte):
    done = pyflyte("info")
    assert done.code == 0, done.output
    assert "1.16.31" in done.output, "the client's version"
    assert "Backend Version" in done.output or "control plane" in done.output.lower()


def test_the_version_has_all_three_parts(stubs, rest):
    version = stubs.admin.GetVersion(version_pb2.GetVersionRequest()).control_plane_version
    assert version.Build and version.Version and version.BuildTime
    answer = rest.get("/api/v1/version").json()
    assert answer["control_plane_version"]["Version"] == version.Version


def test_a_fresh_server_has_the_usual_project_and_domains(stubs, rest):
    projects = stubs.admin.ListProjects(project_pb2.ProjectListRequest()).projects
    assert [project.id for project in projects] == ["flytesnacks"]
    assert [d.id for d in projects[0].domains] == ["development", "staging", "production"]
    domains = stubs.admin.GetDomains(project_pb2.GetDomainRequest()).domains
    assert {d.id for d in domains} == {"development", "staging", "production"}
    listed = rest.get("/api/v1/projects").json()["projects"]
    assert [project["id"] for project in listed] == ["flytesnacks"]


def test_a_registered_project_is_listed_and_found_again(stubs):
    project = project_pb2.Project(id="basics", name="Basics", description="d")
    stubs.admin.RegisterProject(project_pb2.ProjectRegisterRequest(project=project))
    listed = stubs.admin.ListProjects(project_pb2.ProjectListRequest()).projects
    assert "basics" in [p.id for p in listed]
    with pytest.raises(grpc.RpcError) as refused:
        stubs.admin.RegisterProject(project_pb2.ProjectRegisterRequest(project=project))
    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("service", ["", "flyteadmin"])
def test_health_is_serving(stubs, service):
    request, response = wire.method_types(wire.HEALTH_CHECK)
    answer = wire.unary(stubs.channel, wire.HEALTH_CHECK)(request(service=service), timeout=5)
    assert answer.status == response.ServingStatus.Value("SERVING")


def test_http_health_is_ok(rest):
    assert rest.get("/healthcheck").status_code == 200


@pytest.mark.parametrize("method", [wire.REFLECTION_V1, wire.REFLECTION_V1ALPHA])
def test_reflection_lists_and_describes_the_services(stubs, method):
    request, _ = wire.method_types(method)
    listing, symbol, file, missing = wire.reflect(
        stubs.channel,
        [
            request(list_services=""),
            request(file_containing_symbol=wire.ADMIN),
            request(file_by_filename="flyteidl/core/literals.proto"),
            request(file_containing_symbol="nope.Nope"),
        ],
        method,
    )
    names = {service.name for service in listing.list_services_response.service}
    assert {*wire.FLYTE_SERVICES, "grpc.health.v1.Health", "martlet.v1.HistoryService"} <= names
    assert symbol.file_descriptor_response.file_descriptor_proto
    assert file.file_descriptor_response.file_descriptor_proto
    assert missing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_login_metadata_is_answered_although_nobody_has_to_log_in(stubs):
    config = stubs.auth_metadata.GetPublicClientConfig(auth_pb2.PublicClientAuthConfigRequest())
    assert config.client_id and config.redirect_uri
    stubs.auth_metadata.GetOAuth2Metadata(auth_pb2.OAuth2MetadataRequest())


def test_nobody_is_known_while_nobody_logs_in(stubs, rest):
    text = "unknown service flyteidl.service.IdentityService"
    with pytest.raises(grpc.RpcError) as refused:
        stubs.identity.UserInfo(identity_pb2.UserInfoRequest())
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert refused.value.details() == text
    reply = rest.get("/me")
    assert reply.status_code == 501
    assert reply.json()["message"] == text


def test_the_openapi_page_tells_what_rest_serves(rest):
    reply = rest.get("/api/v1/openapi")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    document = reply.json()
    assert document["swagger"] == "2.0"
    assert document["paths"]["/api/v1/version"]["get"]["operationId"] == "GetVersion"
    assert document["paths"]["/api/v1/tasks"]["post"]["parameters"][0]["in"] == "body"
    mentioned = set(re.findall(r'"#/definitions/([^"]+)"', reply.text))
    assert mentioned and mentioned == set(document["definitions"])


def test_an_unknown_method_is_unimplemented_and_named(stubs):
    with pytest.raises(grpc.RpcError) as refused:
        wire.raw(stubs.channel, f"/{wire.ADMIN}/NoSuchMethod")(b"", timeout=5)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "NoSuchMethod" in refused.value.details()
