"""Protobuf's wire format, as much of it as Martlet's own messages need."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Malformed(Exception):
    """The bytes are no message."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a number that does not end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value & (2**64 - 1), at


def fields(data: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """(number, value, the field's own bytes) of each field in order."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _varint(data, at)
        elif kind == BYTES:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
            value, at = data[at : at + size], at + size
        else:
            raise Malformed(f"wire type {kind}")
        if number == 0 or at > len(data):
            raise Malformed("a field that is cut off")
        yield number, value, data[begin:at]


def last(data: bytes) -> dict[int, int | bytes]:
    """Fields by number; of repeated ones the last counts, as the format demands of single ones."""
    return {number: value for number, value, _ in fields(data)}


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def text(message: dict[int, int | bytes], number: int) -> str:
    value = message.get(number, b"")
    if not isinstance(value, bytes):
        raise Malformed(f"field {number} is not text")
    return value.decode()


def integer(message: dict[int, int | bytes], number: int) -> int:
    value = message.get(number, 0)
    if not isinstance(value, int):
        raise Malformed(f"field {number} is not a number")
    return signed(value)


def numbers(data: bytes, number: int) -> tuple[int, ...]:
    """A repeated number, packed or not."""
    found: list[int] = []
    for field, value, _ in fields(data):
        if field != number:
            continue
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            found.append(one)
    return tuple(found)
