"""How strictly the text of an error is compared; codes and details are always compared exactly.

Levels, first that fits the recorded text:
  free    a library or a build of Flyte made it from some place on (Postgres, AWS, protojson, Go's
          struct dumps and parsers, gRPC's own): the answer must carry some text and begin with
          what stands before that place;
  exact   clients match on it: equal after `normalise.text`;
  prefix  all others: the answer must begin with the recorded text after `normalise.text`, so that
          Martlet may add what to try.
"""

from __future__ import annotations

import re

from tests.replay import normalise

FREE = "free"
EXACT = "exact"
PREFIX = "prefix"

# Where a text stops being Flyte's own.
_FREE = [
    # protojson and the wire decoder (the blank after the colon is a no-break space)
    r"proto:[\s\u00a0]", r"unexpected token", r"cannot parse invalid wire-format",
    # Postgres and gorm
    r"\bpq:", r"SQLSTATE", r"(ERROR: )?duplicate key value", r"\bWHERE conditions required",
    r"syntax error at or near", r"invalid input syntax for", r"out of range for type",
    # the AWS SDK
    r"InvalidPresignExpireError", r"NoCredentialProviders", r"InvalidParameter", r"NoSuchKey",
    r"MissingRegion", r"RequestError", r"SignatureDoesNotMatch",
    # values printed by Go
    r"&\{", r"<nil>", r"0xc0[0-9a-f]+", r"%!", r"map\[", r"\[\[?\d+ \d+ \d+", r"\{\{\S+ \S+ \S+\}",
    r"strconv\.", r"json: ", r"reflect:", r"\bgob:", r"parsing time ",
    r"time: (invalid|missing|unknown)", r"timestamp: ", r"unmarshal", r"quantities must match",
    r"\{\d+ 0001-", r"unexpected error type for", r"\{ +[A-Z_]+\}",
    # the comparison of registered entities, by paths through Go structures
    r"\(Please register a new version of the [a-z ]+\):",
    # Kubernetes' and gRPC's own
    r"^unknown (service|method)\b", r"grpc: ", r"Stream removed", r"RST_STREAM",
    r"a lowercase RFC 1123", r"a qualified name", r"must consist of", r"must be no more than",
    r"name part must",
]  # fmt: skip
_FREE_PATTERN = re.compile("|".join(_FREE))

# Texts that a known client compares or shows as its whole answer.
_EXACT = [
    r"^missing entity of type ",
    r"^Cannot abort an already terminated workflow execution$",
    r"^entity with the same id already exists",
    r"^execution with this name already exists",
]
_EXACT_PATTERN = re.compile("|".join(_EXACT))


def level(recorded: str) -> str:
    """Which level a recorded text is compared at."""
    if _FREE_PATTERN.search(recorded):
        return FREE
    return EXACT if _EXACT_PATTERN.search(recorded) else PREFIX


def matches(recorded: str, actual: str) -> bool:
    """Whether an answer's text is acceptable for a recorded one."""
    if not recorded:
        return True
    left, right = normalise.text(recorded), normalise.text(actual)
    if free := _FREE_PATTERN.search(recorded):
        own = normalise.text(recorded[: free.start()]).rstrip(" ([{:,.")
        return bool(right) and right.startswith(own)
    return left == right if level(recorded) == EXACT else right.startswith(left)
