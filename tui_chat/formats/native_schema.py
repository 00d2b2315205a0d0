"""The schema of the native JSON, versions 1 and 2: the one place where its keys are listed and checked.

A value that is no number or no date is refused. A number or date out of bounds is read as unknown: the conversation
is worth more than its figures.
"""

import base64
import binascii
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    field_validator,
)

from tui_chat.core.bounds import (
    UNKNOWN_MOMENT,
    count_in_bounds,
    dollars_in_bounds,
    milliseconds_in_bounds,
    moment_in_bounds,
)
from tui_chat.core.conversation import Conversation, Options, Origin, SideRequest, TitleSource
from tui_chat.core.error import Fault, FormatError
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolStatus,
)
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE, Cost, Price, Usage

FORMAT = "tui-chat"
VERSION = 2
VERSION_WITHOUT_BLOBS = 1
_UNKNOWN = Decimal("NaN")
"""An amount out of bounds; whatever depends on it becomes unknown."""


def _date_from(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a date must be text such as 2026-01-31T12:00:00+00:00")
    date = datetime.fromisoformat(value)
    if date.tzinfo is None:
        raise ValueError("a date must have its offset from UTC, such as +00:00")
    return moment_in_bounds(value) or UNKNOWN_MOMENT


def _money_from(value: object) -> Decimal:
    """Return the amount; `_UNKNOWN` if it is out of bounds."""
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or amount.is_nan():
        raise ValueError('an amount must be text such as "0.0125"')
    return _UNKNOWN if (usd := dollars_in_bounds(value)) is None else usd


def _bytes_from(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("bytes must be base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is not base64") from None


def _whole(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half a character (a lone surrogate), which cannot be kept") from None
    return text


Unicode = Annotated[str, AfterValidator(_whole)]
Date = Annotated[datetime, BeforeValidator(_date_from)]
Money = Annotated[Decimal, PlainValidator(_money_from)]
Milliseconds = Annotated[int | None, AfterValidator(milliseconds_in_bounds)]
Count = Annotated[int | None, AfterValidator(count_in_bounds)]
_NO_FIELDS = ("type", "format", "version", "blobs")
"""Keys of the JSON that are no field of a value of `core`."""


class _Shape(BaseModel):
    """An object of the JSON, with the fields of a class of `core` and under their names."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    core: ClassVar[type]

    def to_core(self) -> Any:
        return self.core(**{name: _value(item) for name, item in vars(self).items() if name not in _NO_FIELDS})


def _value(item: Any) -> Any:
    if isinstance(item, list):
        return tuple(map(_value, item))
    return item.to_core() if hasattr(item, "to_core") else item


class _Opaque(_Shape):
    wire: Unicode
    json_: Unicode = Field(alias="json")

    def to_core(self) -> Opaque:
        return Opaque(self.wire, self.json_)


class _Part(_Shape):
    opaque: _Opaque | None = None


class _Text(_Part):
    core = TextPart
    type: Literal["text"]
    text: Unicode


class _Thinking(_Part):
    core = ThinkingPart
    type: Literal["thinking"]
    text: Unicode


class _ToolCall(_Part):
    core = ToolCallPart
    type: Literal["tool_call"]
    call_id: Unicode
    name: Unicode
    input_json: Unicode
    on_server: bool = False


class _ToolResult(_Part):
    core = ToolResultPart
    type: Literal["tool_result"]
    call_id: Unicode
    text: Unicode
    is_error: bool = False
    status: ToolStatus = Field(ToolStatus.DONE, strict=False)
    duration_ms: Milliseconds = None


class _Attachment(_Part):
    core = AttachmentPart
    type: Literal["attachment"]
    name: Unicode
    media_type: Unicode
    data: Annotated[bytes, BeforeValidator(_bytes_from)] = b""
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    size: Annotated[int, AfterValidator(lambda size: count_in_bounds(size) or 0)] = 0


class _Other(_Part):
    core = OtherPart
    type: Literal["other"]
    kind: Unicode


class _Usage(_Shape):
    input_tokens: int | None = 0
    cache_read_tokens: int | None = 0
    cache_write_5m_tokens: int | None = 0
    cache_write_1h_tokens: int | None = 0
    output_tokens: int | None = 0
    thinking_tokens: int | None = 0
    web_searches: int | None = 0
    estimated: bool = False
    billed_usd: Money | None = None

    def to_core(self) -> Usage:
        """Return the usage; with unknown tokens where a count is `null` or out of bounds."""
        counts = dict(self)
        estimated, billed_usd = counts.pop("estimated"), _known(counts.pop("billed_usd"))
        if any(count_in_bounds(count) is None for count in counts.values()):
            return replace(UNKNOWN_USAGE, billed_usd=billed_usd)
        return Usage(**counts, estimated=estimated, billed_usd=billed_usd)


class _Price(_Shape):
    input_usd: Money
    output_usd: Money
    cache_read_usd: Money
    cache_write_5m_usd: Money
    cache_write_1h_usd: Money
    web_search_usd: Money = Decimal(0)
    source: Unicode = ""
    thinking_usd: Money | None = None
    request_usd: Money = Decimal(0)

    def to_core(self) -> Price | None:
        price = Price(**dict(self))
        return price if price.is_in_bounds else None


class _Cost(_Shape):
    total_usd: Money
    estimated: bool = False
    price: _Price | None = None
    billed: bool = False

    def to_core(self) -> Cost | None:
        if (total_usd := _known(self.total_usd)) is None:
            return None
        price = None if self.price is None else self.price.to_core()
        return Cost(total_usd, self.estimated, price, self.billed)


def _known(amount: Decimal | None) -> Decimal | None:
    return None if amount is None or amount.is_nan() else amount


class _Round(_Part):
    core = RoundPart
    type: Literal["round"]
    usage: _Usage | None = None
    cost: _Cost | None = None
    ttft_ms: Milliseconds = None
    duration_ms: Milliseconds = None


class _Fault(_Shape):
    core = Fault
    kind: Unicode
    message: Unicode
    request_id: Unicode | None = None
    detail: Unicode = ""
    status: int | None = None
    retry_after_s: float | None = None
    attempts: int = 1


class _Turn(_Shape):
    core = Turn
    id: Unicode
    parent_id: Unicode | None
    role: Role = Field(strict=False)
    status: TurnStatus = Field(TurnStatus.COMPLETE, strict=False)
    created_at: Date
    model: Unicode = ""
    parts: list[
        Annotated[
            _Text | _Thinking | _ToolCall | _ToolResult | _Round | _Attachment | _Other, Field(discriminator="type")
        ]
    ]
    usage: _Usage | None = None
    cost: _Cost | None = None
    stop_reason: Unicode | None = None
    stop_detail: Unicode = ""
    fault: _Fault | None = None
    request_id: Unicode | None = None
    ttft_ms: Milliseconds = None
    duration_ms: Milliseconds = None


class _SideRequest(_Shape):
    core = SideRequest
    id: Unicode
    purpose: Unicode
    model: Unicode = ""
    created_at: Date
    usage: _Usage
    cost: _Cost | None = None


class _Options(_Shape):
    core = Options
    max_tokens: Count = None
    temperature: float | None = None
    effort: Unicode | None = None
    thinking: bool | None = None
    tools: list[Unicode] = []


class _Origin(_Shape):
    core = Origin
    conversation_id: Unicode = ""
    turn_id: Unicode = ""
    source: Unicode = ""
    foreign_id: Unicode = ""


class _Conversation(_Shape):
    format: Literal["tui-chat"]
    version: Literal[1, 2]
    id: Unicode = Field(min_length=1)
    title: Unicode = ""
    title_source: TitleSource = Field(TitleSource.PROMPT, strict=False)
    created_at: Date
    updated_at: Date
    archived_at: Date | None = None
    deleted_at: Date | None = None
    model: Unicode = ""
    system: Unicode = ""
    options: _Options = Field(default_factory=_Options)
    origin: _Origin | None = None
    head: Unicode | None = None
    turns: list[_Turn] = []
    errands: list[_SideRequest] = []
    left_out: list[Unicode] = []
    left_out_at: Date | None = None
    pinned: bool = False
    tags: list[Unicode] = []
    blobs: dict[str, Annotated[bytes, BeforeValidator(_bytes_from)]] = {}

    @field_validator("blobs")
    @classmethod
    def _check_hashes(cls, blobs: dict[str, bytes]) -> dict[str, bytes]:
        for digest, data in blobs.items():
            if sha256(data).hexdigest() != digest:
                raise ValueError(f"the bytes under {digest[:12]}… have another SHA-256")
        return blobs

    def to_core(self) -> Conversation:
        fields = {name: _value(item) for name, item in vars(self).items() if name not in _NO_FIELDS}
        fields["turns"] = tuple(_with_bytes(turn, self.blobs) for turn in fields["turns"])
        side_requests, left_out = fields.pop("errands"), frozenset(fields.pop("left_out"))
        return Conversation(**fields, side_requests=side_requests, left_out=left_out)


def _with_bytes(turn: Turn, blobs: dict[str, bytes]) -> Turn:
    """Return a turn whose attachments have their bytes; the hash was checked and is not needed with them."""

    def filled(part: Part) -> Part:
        if not isinstance(part, AttachmentPart) or part.sha256 not in blobs:
            return part
        return replace(part, data=blobs[part.sha256], sha256="")

    if not any(isinstance(part, AttachmentPart) for part in turn.parts):
        return turn
    return replace(turn, parts=tuple(map(filled, turn.parts)))


def is_conversation(value: dict[str, Any]) -> bool:
    """Return whether the object is marked as this format."""
    return bool(value.get("format") == FORMAT)


def conversation_from(value: object) -> Conversation:
    """Return the conversation in a JSON value, or `FormatError` naming the first place that is wrong."""
    _check_version(value)
    try:
        conversation = _Conversation.model_validate(value).to_core()
    except ValidationError as error:
        first, *more = error.errors(include_url=False, include_input=False, include_context=False)
        others = f" (and {len(more)} more)" if more else ""
        raise FormatError(f"{_place(first['loc'])}: {_what_is_wrong(first)}{others}") from None
    _check_tree(conversation)
    return conversation


def _check_version(value: object) -> None:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise FormatError(f'not a conversation of this program: "format": "{FORMAT}" is missing')
    version = value.get("version")
    if isinstance(version, int) and version > VERSION:
        raise FormatError(f"written by a newer tui-chat (version {version} of the format; this one knows {VERSION})")


def _check_tree(conversation: Conversation) -> None:
    seen: set[str | None] = {None}
    for index, turn in enumerate(conversation.turns):
        if turn.id in seen:
            raise FormatError(f"turns[{index}].id: another turn has the same id {turn.id}")
        if turn.parent_id not in seen:
            raise FormatError(f"turns[{index}].parent_id: no turn before it has the id {turn.parent_id}")
        seen.add(turn.id)
    request_ids: set[str] = set()
    for index, request in enumerate(conversation.side_requests):
        if request.id in request_ids:
            raise FormatError(f"errands[{index}].id: another errand has the same id {request.id}")
        request_ids.add(request.id)
    if conversation.head not in seen:
        raise FormatError(f"head: no turn has the id {conversation.head}")


def _place(steps: tuple[int | str, ...]) -> str:
    place = ""
    for index, step in enumerate(steps):
        if isinstance(step, int):
            place += f"[{step}]"
        elif index < 2 or steps[index - 2] != "parts":
            # Between a part's number and its key is its type, which is no key.
            place += f".{step}" if place else step
    return place or "conversation"


def _what_is_wrong(error: Any) -> str:
    match error["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return "no such key is known"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
    message = str(error["msg"])
    return message[:1].lower() + message[1:]
