"""Sends one recorded step to a server and returns the answer in the recordings' shape."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import pathlib
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, json_format, message
from google.rpc import status_pb2

from tests.conformance import wire
from tests.replay import normalise
from tests.replay.normalise import Substitution
from tests.replay.recording import Step

CALL_SECONDS = 30.0
_OWN_METADATA = {"user-agent", "content-type", "te"}


class NotReplayable(Exception):
    """A step that this replayer leaves out; the text is the reason shown in the counts."""


@dataclass
class Answer:
    """What a server said: a part per key of the recording (`response`, `error`, `status`, …)."""

    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def unserved(self) -> bool:
        """The server says that it does not have this method (yet)."""
        error = self.parts.get("error")
        return bool(error and error["code"] == "UNIMPLEMENTED") or self.parts.get("status") == 501

    @property
    def message(self) -> str:
        if "error" in self.parts:
            return self.parts["error"].get("message", "")
        body = self.parts.get("body")
        return body.get("message", "") if isinstance(body, dict) else str(body or "")


class Connection:
    """One server as the recorded clients saw it: gRPC, HTTP and the object store behind them."""

    def __init__(
        self, address: str, storage_folder: pathlib.Path | None = None, http_address: str = ""
    ) -> None:
        # A Martlet serves both on one port; a stand-in may not.
        self._http_address = http_address or address
        # Where the built-in object store keeps its objects, for `object-store` steps.
        self.storage_folder = storage_folder
        self.channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_metadata_size", 32 * 1024),
                ("grpc.max_receive_message_length", 64 << 20),
                ("grpc.max_send_message_length", -1),
            ],
        )
        self._signed_url = ""

    def close(self) -> None:
        self.channel.close()

    def storage_root(self) -> str:
        """Asks where uploads go: everything before the project is the storage root.

        Empty when the server does not say; the recordings' URIs are then sent as they are.
        """
        call = wire.unary(self.channel, f"/{wire.DATA_PROXY}/CreateUploadLocation")
        request, _ = wire.method_types(f"/{wire.DATA_PROXY}/CreateUploadLocation")
        probe = request(
            project="flytesnacks", domain="development", filename="probe", filename_root="probe"
        )
        try:
            url = call(probe, timeout=CALL_SECONDS).native_url
        except grpc.RpcError:
            return ""
        ending = "/flytesnacks/development/probe/probe"
        return url.removesuffix(ending) if url.endswith(ending) else ""

    def send(self, step: Step, substitution: Substitution) -> Answer:
        """Sends a step; NotReplayable when the replayer cannot."""
        senders = {
            "grpc": self._grpc,
            "grpc-stream": self._reflection,
            "rest": self._rest,
            "signed-url": self._signed,
            "object-store": self._object,
            "control": self._control,
        }
        if step.transport in ("cli", "flytekit"):
            raise NotReplayable("what a client printed; its calls are replayed as gRPC steps")
        if step.transport == "note":
            raise NotReplayable("an observation, not a request")
        if step.transport not in senders:
            raise NotReplayable(f"needs a Kubernetes API ({step.transport})")
        answer = senders[step.transport](step, substitution)
        answer.parts = substitution.answer(answer.parts)
        return answer

    def _grpc(self, step: Step, substitution: Substitution) -> Answer:
        document = normalise.expand(substitution.request(step.record["request"]))
        try:
            request_class, response_class = wire.method_types(step.method)
        except KeyError:
            # The recording calls a method that nobody defines; any bytes do.
            return self._call(step, b"", bytes)
        request = json_format.ParseDict(document, request_class())
        return self._call(step, request.SerializeToString(), response_class)

    def _call(self, step: Step, request: bytes, response_class: Any) -> Answer:
        metadata = [
            (key.lower(), value)
            for key, value in step.record.get("metadata", {}).items()
            if key.lower() not in _OWN_METADATA and not key.startswith(("grpc-", ":"))
        ]
        call = wire.raw(self.channel, step.method)
        try:
            received = call(request, timeout=CALL_SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            return Answer({"error": _grpc_error(error)})
        if response_class is bytes:
            return Answer({"response": received})
        response = response_class.FromString(received)
        if "signed_url" in response.DESCRIPTOR.fields_by_name and response.signed_url:
            url = response.signed_url
            self._signed_url = url if isinstance(url, str) else url[0]
        return Answer({"response": to_json(response)})

    def _reflection(self, step: Step, _: Substitution) -> Answer:
        try:
            (response,) = wire.reflect(self.channel, [step.record["request"]], step.method)
        except grpc.RpcError as error:
            return Answer({"error": _grpc_error(error)})
        document = to_json(response)
        if "file_descriptor_response" in document:
            document = {"files": _file_names(response)}
        # An empty answer list is an answer too.
        if response.HasField("list_services_response"):
            document.setdefault("list_services_response", {})
        return Answer({"response": document})

    def _rest(self, step: Step, substitution: Substitution) -> Answer:
        record = step.record
        path = substitution.request(record["path"])
        headers = dict(record.get("request_headers", {}))
        body = _rest_body(record, substitution)
        status, received_headers, received = self._http(
            record["http_method"], self._http_address, path, headers, body
        )
        return Answer(
            {
                "status": status,
                "response_headers": received_headers,
                "body": _rest_answer(record, received_headers, received),
            }
        )

    def _signed(self, step: Step, _: Substitution) -> Answer:
        record = step.record
        if not self._signed_url:
            raise NotReplayable("no signed URL was given before this step")
        url = urllib.parse.urlsplit(self._signed_url)
        target = url.path + (f"?{url.query}" if url.query else "")
        status, _, _ = self._http(
            record["http_method"],
            url.netloc,
            target,
            dict(record.get("request_headers", {})),
            base64.b64decode(record.get("request_b64") or ""),
        )
        return Answer({"status": status})

    def _object(self, step: Step, substitution: Substitution) -> Answer:
        if self.storage_folder is None:
            raise NotReplayable("the object store of this server is not a folder here")
        record = step.record
        content = substitution.request(record["request"])
        if record.get("object_proto"):
            kind = wire.message_class(record["object_proto"])
            data = json_format.ParseDict(content, kind()).SerializeToString()
        else:
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        target = self.storage_folder / record["object_key"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return Answer()

    def _control(self, step: Step, _: Substitution) -> Answer:
        if step.record["control"] == "sleep":
            # The recorded wait itself is the step: something expires on the server meanwhile.
            time.sleep(float(step.record["request"]["seconds"]))
            return Answer()
        raise NotReplayable("makes a Kubernetes API fail, which this server does not use")

    def _http(
        self, method: str, netloc: str, target: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Plain HTTP with exactly these headers and exactly this path."""
        connection = http.client.HTTPConnection(netloc, timeout=CALL_SECONDS)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in ("host", "content-length"):
                    connection.putheader(name, value)
            if body is not None or method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        except (OSError, http.client.HTTPException) as error:
            # A refused or broken connection is an answer that differs, and the replay goes on.
            return 0, {}, f"no HTTP answer: {error}".encode()
        finally:
            connection.close()


def to_json(value: message.Message) -> Any:
    """Proto JSON as the recordings have it: original field names, defaults left out."""
    return json_format.MessageToDict(value, preserving_proto_field_name=True)


def _grpc_error(error: grpc.RpcError) -> dict[str, Any]:
    document: dict[str, Any] = {"code": error.code().name, "message": error.details() or ""}
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            details = [_detail(detail) for detail in status.details]
            if details:
                document["details"] = details
    return document


def _detail(detail: Any) -> dict[str, Any]:
    name = detail.type_url.rsplit("/", 1)[-1]
    try:
        value = to_json(wire.message_class(name).FromString(detail.value))
    except KeyError:
        value = base64.b64encode(detail.value).decode()
    return {"@type": detail.type_url, "value": value}


def _file_names(response: Any) -> list[str]:
    return [
        descriptor_pb2.FileDescriptorProto.FromString(data).name
        for data in response.file_descriptor_response.file_descriptor_proto
    ]


def _rest_body(record: dict[str, Any], substitution: Substitution) -> bytes | None:
    if "request_b64" in record:
        if record.get("request_proto") and normalise.BUCKET in json.dumps(record["request"]):
            kind = wire.message_class(record["request_proto"])
            document = substitution.request(record["request"])
            return json_format.ParseDict(document, kind()).SerializeToString()
        return base64.b64decode(record["request_b64"])
    if "request_text" in record:
        return normalise.expand(substitution.request(record["request_text"])).encode()
    if "request" in record:
        return json.dumps(normalise.expand(substitution.request(record["request"]))).encode()
    return None


def _rest_answer(record: dict[str, Any], headers: dict[str, str], received: bytes) -> Any:
    recorded = record.get("body")
    if not received:
        return None
    if isinstance(recorded, dict) and recorded.keys() == {"sha256", "length"}:
        return {"sha256": hashlib.sha256(received).hexdigest(), "length": len(received)}
    content_type = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if content_type.startswith("application/octet-stream"):
        return _binary_answer(record, received)
    if content_type.startswith("application/json"):
        try:
            return json.loads(received)
        except ValueError:
            return received.decode("utf-8", "replace")
    return received.decode("utf-8", "replace")


def _binary_answer(record: dict[str, Any], received: bytes) -> Any:
    """Protobuf: the recorded type, or google.rpc.Status for errors."""
    name = record.get("body_proto")
    try:
        if name:
            return to_json(wire.message_class(name).FromString(received))
        if record["status"] >= 400:
            return status_document(received)
    except (message.DecodeError, TypeError):
        pass  # another message was decoded as the recorded one, or what cannot be read is compared as text, and differs
    return received.decode("utf-8", "replace")


def status_document(data: bytes) -> dict[str, Any]:
    """A google.rpc.Status as the recordings show it."""
    return to_json(status_pb2.Status.FromString(data))
