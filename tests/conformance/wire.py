"""Access to services by name: message types from descriptors, raw calls, health and reflection.

Health and reflection are described here rather than imported, so that the tests need no packages
beyond the ones flytekit brings.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import flyteidl.datacatalog.datacatalog_pb2  # noqa: F401  registers its descriptors
import flyteidl.service.admin_pb2  # noqa: F401
import flyteidl.service.auth_pb2  # noqa: F401
import flyteidl.service.dataproxy_pb2  # noqa: F401
import flyteidl.service.identity_pb2  # noqa: F401
import flyteidl.service.signal_pb2  # noqa: F401
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

ADMIN = "flyteidl.service.AdminService"
DATA_PROXY = "flyteidl.service.DataProxyService"
SIGNAL = "flyteidl.service.SignalService"
AUTH_METADATA = "flyteidl.service.AuthMetadataService"
IDENTITY = "flyteidl.service.IdentityService"
FLYTE_SERVICES = (ADMIN, DATA_PROXY, SIGNAL, AUTH_METADATA, IDENTITY)

HEALTH_CHECK = "/grpc.health.v1.Health/Check"
REFLECTION_V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
REFLECTION_V1ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

_FIELD = descriptor_pb2.FieldDescriptorProto
_STRING, _INT32, _BYTES, _MESSAGE = (
    _FIELD.TYPE_STRING, _FIELD.TYPE_INT32, _FIELD.TYPE_BYTES, _FIELD.TYPE_MESSAGE,
)  # fmt: skip


def message_class(full_name: str) -> type[message.Message]:
    """The Python class of a message in the published wire definitions."""
    descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(descriptor)


def method_types(method: str) -> tuple[type[message.Message], type[message.Message]]:
    """Request and response class of `/package.Service/Method`; KeyError when nobody defines it."""
    if method == HEALTH_CHECK:
        return _own("health.HealthCheckRequest"), _own("health.HealthCheckResponse")
    if method in (REFLECTION_V1, REFLECTION_V1ALPHA):
        return _own("reflection.Request"), _own("reflection.Response")
    _, service, name = method.split("/")
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return (
        message_factory.GetMessageClass(descriptor.input_type),
        message_factory.GetMessageClass(descriptor.output_type),
    )


def unary(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable:
    """A call by name, for typed messages."""
    _, response = method_types(method)
    return channel.unary_unary(
        method,
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response.FromString,
    )


def raw(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable:
    """A call by name, for bytes as they are."""
    return channel.unary_unary(
        method, request_serializer=lambda sent: sent, response_deserializer=lambda got: got
    )


def reflect(
    channel: grpc.Channel, requests: Iterable[Any], method: str = REFLECTION_V1, timeout: float = 10
) -> list[Any]:
    """Sends reflection requests over one stream and returns the answers in order."""
    request_class, response_class = method_types(method)
    messages = [r if isinstance(r, request_class) else request_class(**r) for r in requests]
    stream = channel.stream_stream(
        method,
        request_serializer=request_class.SerializeToString,
        response_deserializer=response_class.FromString,
    )
    return list(stream(iter(messages), timeout=timeout))


def _own(name: str) -> type[message.Message]:
    return message_factory.GetMessageClass(
        _own_pool().FindMessageTypeByName(f"martlet.tests.{name}")
    )


@functools.cache
def _own_pool() -> descriptor_pool.DescriptorPool:
    """Wire-equal twins of grpc/health/v1/health.proto and grpc/reflection/v1/reflection.proto."""
    file = descriptor_pb2.FileDescriptorProto(
        name="martlet/tests/wire.proto", package="martlet.tests", syntax="proto3"
    )
    health = file.message_type.add(name="health")
    _message(health, "HealthCheckRequest", [("service", 1, _STRING)])
    status = _message(health, "HealthCheckResponse", [("status", 1, _FIELD.TYPE_ENUM)])
    values = status.enum_type.add(name="ServingStatus")
    for number, label in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")):
        values.value.add(name=label, number=number)
    status.field[0].type_name = ".martlet.tests.health.HealthCheckResponse.ServingStatus"

    own = ".martlet.tests.reflection."
    reflection = file.message_type.add(name="reflection")
    request = _message(
        reflection,
        "Request",
        [
            ("host", 1, _STRING),
            ("file_by_filename", 3, _STRING),
            ("file_containing_symbol", 4, _STRING),
            ("list_services", 7, _STRING),
        ],
    )
    request.oneof_decl.add(name="message_request")
    for field in request.field[1:]:
        field.oneof_index = 0
    _message(reflection, "Files", [("file_descriptor_proto", 1, _BYTES, "repeated")])
    _message(reflection, "Service", [("name", 1, _STRING)])
    _message(reflection, "Services", [("service", 1, _MESSAGE, "repeated", own + "Service")])
    _message(reflection, "Error", [("error_code", 1, _INT32), ("error_message", 2, _STRING)])
    _message(
        reflection,
        "Response",
        [
            ("valid_host", 1, _STRING),
            ("file_descriptor_response", 4, _MESSAGE, "", own + "Files"),
            ("list_services_response", 6, _MESSAGE, "", own + "Services"),
            ("error_response", 7, _MESSAGE, "", own + "Error"),
        ],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _message(parent: Any, name: str, fields: list[tuple]) -> Any:
    made = parent.nested_type.add(name=name)
    for field_name, number, kind, *rest in fields:
        repeated = bool(rest) and rest[0] == "repeated"
        made.field.add(
            name=field_name,
            number=number,
            type=kind,
            label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL,
            type_name=rest[1] if len(rest) > 1 else None,
        )
    return made
