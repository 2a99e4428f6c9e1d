"""Reads tensors from an ONNX file and writes an ONNX graph: the small part of the format that the embedding needs.

ONNX is a protocol buffer; the field numbers below are those of onnx.proto (format version 9). The package `onnx` would
bring 35 MB and leave 30 MB more in every process that scores, to copy tensors whose bytes are pinned by digest anyway.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# TensorProto.DataType
_NUMBER_OF = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9}
_TYPE_OF = {number: np.dtype(name) for name, number in _NUMBER_OF.items()}
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


def tensors(content: memoryview) -> dict[str, Array]:
    """The tensors of a model's graph by name, as views into `content`. Raises ValueError for anything else."""
    found = {}
    for number, graph in _fields(content):
        if number != 7 or not isinstance(graph, memoryview):
            continue
        for inner, tensor in _fields(graph):
            if inner == 5 and isinstance(tensor, memoryview):
                name, array = _tensor(tensor)
                found[name] = array
    return found


def _tensor(content: memoryview) -> tuple[str, Array]:
    shape: list[int] = []
    name, kind, raw = "", 0, memoryview(b"")
    for number, value in _fields(content):
        if number == 1:
            shape += [value] if isinstance(value, int) else _packed(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, memoryview):
            name = bytes(value).decode()
        elif number == 9 and isinstance(value, memoryview):
            raw = value
    if kind not in _TYPE_OF:
        raise ValueError(f"tensor {name!r} is of type {kind}, which is not read here")
    return name, np.frombuffer(raw, _TYPE_OF[kind]).reshape(shape)


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind, -1)
        if kind == _BYTES:
            size, place = _varint(content, place)
        if size < 0 or place + size > len(content):
            raise ValueError("not a protocol buffer")
        yield key >> 3, content[place : place + size]
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(content):
        byte = content[place]
        value |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            return value, place
    raise ValueError("not a protocol buffer")


def _packed(content: memoryview) -> list[int]:
    numbers, place = [], 0
    while place < len(content):
        number, place = _varint(content, place)
        numbers.append(number)
    return numbers


class Graph:
    """A graph that grows node by node: `constant` and `node` return the name of what they add."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._given: list[bytes] = []

    def given(self, name: str, kind: str, shape: Sequence[str | int]) -> str:
        """An input; a dimension is a number or, where it may be any, a name."""
        self._given.append(_part(11, _value(name, kind, shape)))
        return name

    def constant(self, name: str, array: Array) -> str:
        """A tensor with a fixed value."""
        tensor = b"".join(_number(1, size) for size in array.shape) + _number(2, _NUMBER_OF[array.dtype.name])
        raw = np.ascontiguousarray(array).tobytes()
        self._constants[name] = b"".join((tensor, _part(8, name.encode()), _part(9, raw)))
        return name

    def node(
        self,
        operation: str,
        takes: Sequence[str],
        gives: str | Sequence[str],
        domain: str = "",
        **settings: int | float,
    ) -> str:
        """An operation; returns the first of the names that it gives. Settings are whole numbers or floats."""
        names = [gives] if isinstance(gives, str) else list(gives)
        parts = [_part(1, name.encode()) for name in takes] + [_part(2, name.encode()) for name in names]
        parts += [_part(4, operation.encode())] + [_part(5, _setting(*one)) for one in settings.items()]
        self._nodes.append(_part(1, b"".join([*parts, _part(7, domain.encode())])))
        return names[0]

    def finished(self, result: str, kind: str, shape: Sequence[str | int], opsets: Mapping[str, int]) -> bytes:
        """The model as a file holds it, with one result."""
        pieces = [*self._nodes, _part(2, b"graph")]
        pieces += [_part(5, tensor) for tensor in self._constants.values()]
        pieces += [*self._given, _part(12, _value(result, kind, shape))]
        head = _number(1, 9)  # the version of the format
        head += b"".join(
            _part(8, _part(1, domain.encode()) + _number(2, version)) for domain, version in opsets.items()
        )
        return b"".join((head, _head(7, sum(map(len, pieces))), *pieces))


def _value(name: str, kind: str, shape: Sequence[str | int]) -> bytes:
    sizes = [_number(1, size) if isinstance(size, int) else _part(2, size.encode()) for size in shape]
    tensor = _number(1, _NUMBER_OF[kind]) + _part(2, b"".join(_part(1, size) for size in sizes))
    return _part(1, name.encode()) + _part(2, _part(1, tensor))


def _setting(name: str, value: int | float) -> bytes:
    if isinstance(value, int):
        return _part(1, name.encode()) + _number(3, value) + _number(20, 2)
    return _part(1, name.encode()) + _coded(2 << 3 | _FOUR_BYTES) + struct.pack("<f", value) + _number(20, 1)


def _part(number: int, content: bytes) -> bytes:
    return _head(number, len(content)) + content


def _head(number: int, size: int) -> bytes:
    return _coded(number << 3 | _BYTES) + _coded(size)


def _number(number: int, value: int) -> bytes:
    return _coded(number << 3 | _VARINT) + _coded(value)


def _coded(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as their complement
    coded = bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    coded.append(value)
    return bytes(coded)
