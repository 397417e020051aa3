"""A gRPC proxy that loses the first message of every method, for clients that must survive it."""

from __future__ import annotations

import threading
from concurrent import futures

import grpc

from tests.conformance import wire
from tests.conformance.clients import FLYTEKIT_CHANNEL_OPTIONS

REQUEST = "request"  # it never reaches the server
REPLY = "reply"  # the server has done it, the client does not learn so


class FaultyProxy:
    """Forwards unary calls as bytes. Loses one message per method, then behaves.

    To the client a lost message is UNAVAILABLE, which flytekit answers by sending again.
    """

    def __init__(self, target: str, lost: str) -> None:
        self.lost_methods: set[str] = set()
        self._lost = lost
        self._lock = threading.Lock()
        self._target = grpc.insecure_channel(
            target, options=[*FLYTEKIT_CHANNEL_OPTIONS, ("grpc.max_send_message_length", -1)]
        )
        self._server = grpc.server(
            futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)]
        )
        self._server.add_generic_rpc_handlers((_Forward(self),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> "FaultyProxy":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._target.close()

    def forward(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        with self._lock:
            loses = method not in self.lost_methods
            self.lost_methods.add(method)
        if loses and self._lost == REQUEST:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the request was lost")
        try:
            reply = wire.raw(self._target, method)(request, timeout=60)
        except grpc.RpcError as error:
            if not loses:
                context.abort(error.code(), error.details() or "")
        if loses:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the reply was lost")
        return reply


class _Forward(grpc.GenericRpcHandler):
    def __init__(self, proxy: FaultyProxy) -> None:
        self._proxy = proxy

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._proxy.forward(details.method, request, context)
        )
