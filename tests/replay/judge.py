"""Decides whether an answer is the recorded one."""

from __future__ import annotations

from typing import Any

from google.protobuf import message

from tests.replay import normalise, texts
from tests.replay.compare import Difference, differences
from tests.replay.normalise import Substitution
from tests.replay.paths import VALUE, Vary
from tests.replay.recording import Step
from tests.replay.transports import Answer, status_document

_UNKNOWN_STATUS = 500
_UNKNOWN_CODE = 2


def judge(step: Step, answer: Answer, substitution: Substitution) -> list[Difference]:
    """Every difference between the recording of a step and what a server answered."""
    if step.transport in ("grpc", "grpc-stream"):
        return _grpc(step, answer, substitution)
    if step.transport == "rest":
        return _rest(step, answer, substitution)
    if step.transport == "signed-url":
        return differences(step.record["status"], answer.parts.get("status"), Vary(), ("status",))
    return []


def _grpc(step: Step, answer: Answer, substitution: Substitution) -> list[Difference]:
    vary = step.vary()
    recorded_error = step.record.get("error")
    received_error = answer.parts.get("error")
    if recorded_error is None and received_error is None:
        return _values(
            substitution.expected(step.record.get("response")),
            answer.parts.get("response"),
            vary.at("response"),
            "response",
        )
    if recorded_error is None:
        return [Difference("$.error", "an answer", _short(received_error))]
    if received_error is None:
        return [Difference("$.error", _short(recorded_error), "an answer")]
    return _errors(substitution.expected(recorded_error), received_error, vary.at("error"))


def _errors(recorded: dict, received: dict, vary: Vary) -> list[Difference]:
    if recorded["code"] == "UNKNOWN":
        if received["code"] == "UNKNOWN":
            return [Difference("$.error.code", "any code but UNKNOWN", "UNKNOWN")]
        return []
    found = differences(recorded["code"], received["code"], Vary(), ("error", "code"))
    found += differences(
        recorded.get("details", []), received.get("details", []), vary.at("details"),
        ("error", "details"),
    )  # fmt: skip
    if VALUE not in vary.at("message").suffixes:
        found += _texts(recorded.get("message", ""), received.get("message", ""), "$.error.message")
    return found


def _rest(step: Step, answer: Answer, substitution: Substitution) -> list[Difference]:
    vary = step.vary()
    recorded_status, status = step.record["status"], answer.parts["status"]
    recorded_body = substitution.expected(step.record.get("body"))
    body = answer.parts.get("body")
    if isinstance(recorded_body, str) and _is_binary_error(step):
        recorded_body = _binary_status(recorded_body)
    if recorded_status == _UNKNOWN_STATUS and _code(recorded_body) == _UNKNOWN_CODE:
        return _never_unknown(status, body)
    found = differences(recorded_status, status, Vary(), ("status",))
    found += _headers(step, answer, vary.at("response_headers"))
    if _is_html(step):
        return found
    if isinstance(recorded_body, dict) and isinstance(body, dict) and "message" in recorded_body:
        if recorded_status >= 400:
            recorded_body, body = dict(recorded_body), dict(body)
            found += _texts(
                str(recorded_body.pop("message")), str(body.pop("message", "")), "$.body.message"
            )
    if isinstance(recorded_body, str) and isinstance(body, str) and recorded_status >= 300:
        return found + _texts(recorded_body, body, "$.body")
    return found + _values(recorded_body, body, vary.at("body"), "body")


def _never_unknown(status: int, body: Any) -> list[Difference]:
    if status < 400:
        return [Difference("$.status", "an error", str(status))]
    if _code(body) == _UNKNOWN_CODE:
        return [Difference("$.body.code", "any code but UNKNOWN", "UNKNOWN")]
    return []


def _headers(step: Step, answer: Answer, vary: Vary) -> list[Difference]:
    recorded = normalise.rest_headers(step.record.get("response_headers", {}))
    received = normalise.rest_headers(answer.parts.get("response_headers", {}))
    # Headers that the recording leaves out were judged not to matter.
    kept = {key: value for key, value in received.items() if key in recorded}
    return differences(recorded, kept, vary, ("response_headers",))


def _values(recorded: Any, received: Any, vary: Vary, name: str) -> list[Difference]:
    recorded, received = normalise.engine_progress(recorded, received)
    recorded, received = normalise.server_version(recorded, received)
    recorded, received = normalise.services_superset(recorded, received)
    return differences(recorded, received, vary, (name,))


def _texts(recorded: str, received: str, at: str) -> list[Difference]:
    if texts.matches(recorded, received):
        return []
    return [Difference(f"{at} ({texts.level(recorded)})", _short(recorded), _short(received))]


def _is_binary_error(step: Step) -> bool:
    content_type = step.record.get("response_headers", {}).get("content-type", "")
    return step.record["status"] >= 400 and content_type.startswith("application/octet-stream")


def _binary_status(body: str) -> Any:
    """The recorder kept some binary errors as text; their bytes are a google.rpc.Status."""
    try:
        return status_document(body.encode())
    except message.DecodeError:
        return body


def _is_html(step: Step) -> bool:
    content_type = step.record.get("response_headers", {}).get("content-type", "")
    return content_type.startswith("text/html")


def _code(body: Any) -> Any:
    return body.get("code") if isinstance(body, dict) else None


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 300 else text[:300] + "…"
