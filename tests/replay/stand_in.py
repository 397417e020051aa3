"""A server that answers each request with its recording: what a perfect server would do.

It exists to test the replayer over real sockets, and to prove that a whole folder of recordings
compares equal with itself.
"""

from __future__ import annotations

import http.server
import json
import threading
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, json_format
from google.rpc import status_pb2

from tests.conformance import wire
from tests.replay import normalise
from tests.replay.recording import Step


class StandIn:
    """Serves the steps of one family in order, gRPC and HTTP on two ports of the loopback.

    `change` may alter a record before it is answered, to provoke differences.
    """

    def __init__(self, steps: list[Step], change: Any = lambda record: record) -> None:
        self._grpc_steps = iter([s for s in steps if s.transport in ("grpc", "grpc-stream")])
        self._http_steps = iter([s for s in steps if s.transport == "rest"])
        self._change = change
        self._server = grpc.server(
            futures.ThreadPoolExecutor(1),
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_metadata_size", 65536)],
        )
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._http = http.server.HTTPServer(("127.0.0.1", 0), _http_handler(self))
        self.http_address = f"127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> "StandIn":
        self._server.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None)
        self._http.shutdown()
        self._http.server_close()

    def next_grpc(self) -> dict[str, Any]:
        return self._change(next(self._grpc_steps).record)

    def next_http(self) -> dict[str, Any]:
        return self._change(next(self._http_steps).record)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        if details.method in (wire.REFLECTION_V1, wire.REFLECTION_V1ALPHA):
            return grpc.stream_stream_rpc_method_handler(self._reflect)
        return grpc.unary_unary_rpc_method_handler(self._unary)

    def _unary(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        record = self._stand_in.next_grpc()
        if error := record.get("error"):
            if error.get("details"):
                status = _status(error)
                context.set_trailing_metadata(
                    (("grpc-status-details-bin", status.SerializeToString()),)
                )
            context.abort(grpc.StatusCode[error["code"]], error.get("message", ""))
        _, response_class = wire.method_types(record["method"])
        return json_format.ParseDict(record["response"], response_class()).SerializeToString()

    def _reflect(self, requests: Any, _: grpc.ServicerContext) -> Any:
        for _ in requests:
            record = self._stand_in.next_grpc()
            _, response_class = wire.method_types(record["method"])
            response = response_class()
            recorded = record["response"]
            if "files" in recorded:
                response.file_descriptor_response.file_descriptor_proto.extend(
                    descriptor_pb2.FileDescriptorProto(name=name).SerializeToString()
                    for name in recorded["files"]
                )
            else:
                json_format.ParseDict(recorded, response)
            yield response.SerializeToString()


def _status(error: dict[str, Any]) -> status_pb2.Status:
    status = status_pb2.Status(
        code=grpc.StatusCode[error["code"]].value[0], message=error.get("message", "")
    )
    for detail in error["details"]:
        name = detail["@type"].rsplit("/", 1)[-1]
        value = json_format.ParseDict(detail["value"], wire.message_class(name)())
        packed = status.details.add()
        packed.Pack(value)
    return status


def _http_handler(stand_in: StandIn) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass  # the default writes each request to stderr

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            record = stand_in.next_http()
            body = _body(record)
            self.send_response(record["status"])
            headers = normalise.rest_headers(record.get("response_headers", {}))
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _answer

    return Handler


def _body(record: dict[str, Any]) -> bytes:
    body = record.get("body")
    if body is None:
        return b""
    if record.get("body_proto"):
        message = wire.message_class(record["body_proto"])()
        return json_format.ParseDict(body, message).SerializeToString()
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body).encode()
