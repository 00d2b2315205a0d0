"""Convert rows to the bodies of records that travel, and back. Knows no table.

The names in a body are its own, and stay when a column is renamed. A body that this version cannot read raises
`ValueError` or the like; a key it does not know is ignored, so what must survive an old program needs another format.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tui_chat.core.bounds import MOST_COUNTER, UNKNOWN_MOMENT, milliseconds_in_bounds, moment_in_bounds
from tui_chat.core.conversation import Origin, SideRequest
from tui_chat.core.error import Fault
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE
from tui_chat.storage.figures_codec import cost_from_json, cost_to_json, dump, usage_from_json, usage_to_json
from tui_chat.storage.part_codec import part_from_json, part_to_json

PIECE_BYTES = 512 * 1024
"""Attached files travel in pieces of this size; it is part of the format."""
_SIZE_BYTES = 8
_PART_TYPES = {"text", "thinking", "tool_call", "tool_result", "round", "attachment", "other"}


@dataclass(frozen=True, slots=True)
class Birth:
    """A conversation without its turns and fields."""

    created_at: datetime
    used_at: datetime
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class PlacedTurn:
    """A turn, and its place in the order that is the same on every machine."""

    turn: Turn
    made: int
    author: bytes


def birth_to_body(birth: Birth) -> bytes:
    origin = birth.origin
    fields = None if origin is None else {name: getattr(origin, name) for name in Origin.__slots__}
    return _encode(
        {"created_at": birth.created_at.isoformat(), "used_at": birth.used_at.isoformat(), "origin": fields}
    )


def birth_from_body(body: bytes) -> Birth:
    item = _decode(body)
    origin = item["origin"]
    if origin is not None:
        origin = Origin(*(_text(origin[name]) for name in Origin.__slots__))
    return Birth(_moment(item["created_at"]), _moment(item["used_at"]), origin)


def turn_to_body(placed: PlacedTurn) -> bytes:
    """Return a finished turn; attached files travel apart from it."""
    turn = placed.turn
    return _encode(
        {
            "parent": turn.parent_id,
            "made": placed.made,
            "author": placed.author.hex(),
            "role": turn.role.value,
            "status": turn.status.value,
            "created_at": turn.created_at.isoformat(),
            "model": turn.model,
            "parts": [part_to_json(part) for part in turn.parts],
            "usage": None if turn.usage is None else usage_to_json(turn.usage),
            "cost": None if turn.cost is None else cost_to_json(turn.cost),
            "stop_reason": turn.stop_reason,
            "stop_detail": turn.stop_detail,
            "fault": None if turn.fault is None else turn.fault.as_dict,
            "request_id": turn.request_id,
            "ttft_ms": turn.ttft_ms,
            "duration_ms": turn.duration_ms,
        }
    )


def turn_from_body(turn_id: str, body: bytes) -> PlacedTurn:
    item = _decode(body)
    status, made, author = TurnStatus(item["status"]), item["made"], bytes.fromhex(item["author"])
    if status is TurnStatus.STREAMING or not _is_count(made) or len(author) != 8:
        raise ValueError("no finished turn")
    if not all(part["type"] in _PART_TYPES for part in item["parts"]):
        raise ValueError("a part of an unknown type")
    turn = Turn(
        turn_id,
        _text_or_none(item["parent"]),
        Role(item["role"]),
        tuple(part_from_json(part) for part in item["parts"]),
        status,
        _moment(item["created_at"]),
        _text(item["model"]),
        None if item["usage"] is None else usage_from_json(item["usage"]),
        None if item["cost"] is None else cost_from_json(item["cost"]),
        _text_or_none(item["stop_reason"]),
        _text(item["stop_detail"]),
        None if item["fault"] is None else Fault(**item["fault"]),
        _text_or_none(item["request_id"]),
        milliseconds_in_bounds(item["ttft_ms"]),
        milliseconds_in_bounds(item["duration_ms"]),
    )
    return PlacedTurn(turn, made, author)


def side_request_to_body(side_request: SideRequest) -> bytes:
    return _encode(
        {
            "purpose": side_request.purpose,
            "model": side_request.model,
            "created_at": side_request.created_at.isoformat(),
            "usage": usage_to_json(side_request.usage),
            "cost": None if side_request.cost is None else cost_to_json(side_request.cost),
        }
    )


def side_request_from_body(request_id: str, body: bytes) -> SideRequest:
    item = _decode(body)
    return SideRequest(
        request_id,
        _text(item["purpose"]),
        _text(item["model"]),
        _moment(item["created_at"]),
        usage_from_json(item["usage"]) or UNKNOWN_USAGE,
        None if item["cost"] is None else cost_from_json(item["cost"]),
    )


def field_to_body(value: object, **more: object) -> bytes:
    return _encode({"value": value, **more})


def field_from_body(body: bytes) -> Mapping[str, Any]:
    item = _decode(body)
    if "value" not in item:
        raise KeyError("value")
    return item


def piece_to_body(size: int, data: bytes) -> bytes:
    return size.to_bytes(_SIZE_BYTES, "big") + data


def piece_from_body(body: bytes) -> tuple[int, bytes]:
    size = int.from_bytes(body[:_SIZE_BYTES], "big")
    return size, body[_SIZE_BYTES:]


def pieces_of(size: int) -> int:
    """Return in how many pieces a file of that size travels."""
    return max(1, -(-size // PIECE_BYTES))


def _encode(item: dict[str, object]) -> bytes:
    return dump(item).encode()


def _decode(body: bytes) -> dict[str, Any]:
    item = json.loads(body)
    if not isinstance(item, dict):
        raise ValueError("no object")
    if b"\\ud" in body.lower():  # half a surrogate pair, which no row can hold
        dump(item).encode()
    return item


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _moment(value: object) -> datetime:
    return moment_in_bounds(value) or UNKNOWN_MOMENT


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTER
