"""Convert conversations and turns to rows and back. Knows the columns, runs no statement.

A number or a date out of range is read as unknown: it must not keep its row from being read.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple, make_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from tui_chat.core.bounds import (
    MOST_MS,
    MOST_TOKENS,
    UNKNOWN_MOMENT,
    count_in_bounds,
    dollars_in_bounds,
    moment_in_bounds,
)
from tui_chat.core.conversation import Conversation, ConversationSummary, Options, Origin, SideRequest, TitleSource
from tui_chat.core.error import Fault
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import COUNTS, UNKNOWN_USAGE, Cost, Price, Usage
from tui_chat.storage.figures_codec import dump, dump_price, format_money, parse_money, parse_price, parse_sum
from tui_chat.storage.part_codec import dump_parts, load_parts

Row = tuple[Any, ...]
UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, IndexError, RecursionError)
"""What reading a damaged row may raise."""

USAGE_COLUMNS = f"{', '.join(COUNTS)}, usage_estimated, billed_usd"
COST_COLUMNS = "cost_usd, cost_estimated, price, cost_billed"
TURN_COLUMNS = (
    f"id, role, status, created_at, model, {USAGE_COLUMNS}, {COST_COLUMNS},"
    " stop_reason, stop_detail, fault, request_id, ttft_ms, duration_ms, text, parts"
)
"""The columns of a turn, except those that place it in a conversation."""
SIDE_REQUEST_COLUMNS = f"id, purpose, model, created_at, {USAGE_COLUMNS}, {COST_COLUMNS}"
CONVERSATION_COLUMNS = (
    "id, title, title_key, title_source, model, system, options, created_at, updated_at, archived_at, deleted_at,"
    " origin_conversation, origin_turn, origin_source, origin_foreign_id"
)
SUMMARY_COLUMNS = (
    "id, title, model, turns, created_at, updated_at, cost_usd, known_replies, unknown_replies, estimated_replies,"
    " archived_at, deleted_at, kept_here, seq"
)
_ROLES = {role.value: role for role in Role}
_STATUSES = {status.value: status for status in TurnStatus}
UNKNOWN_COUNT = -1
"""The value in the token columns where something was used and the number is unknown."""
_NO_USAGE = (None,) * 9
_NO_COST = (None,) * 4


def placeholders(columns: str) -> str:
    """Return as many question marks as there are columns."""
    return ", ".join("?" * (columns.count(",") + 1))


def turn_values(turn: Turn) -> Row:
    """Return a turn as the values of `TURN_COLUMNS`."""
    return (
        turn.id,
        turn.role.value,
        turn.status.value,
        turn.created_at.isoformat(),
        turn.model,
        *_usage_values(turn.usage),
        *_cost_values(turn.cost),
        turn.stop_reason,
        turn.stop_detail,
        None if turn.fault is None else dump(turn.fault.as_dict),
        turn.request_id,
        turn.ttft_ms,
        turn.duration_ms,
        stored_text(turn),
        dump_parts(turn.parts),
    )


def stored_text(turn: Turn) -> str:
    """Return a turn's whole prose as it is stored, with nothing between its parts."""
    return "".join([part.text for part in turn.parts if isinstance(part, TextPart)])


def turn_reader(ids: Mapping[int | None, str]) -> Callable[[Row], Turn]:
    """Return a function that makes turns of rows of `parent, TURN_COLUMNS`; `ids` maps row numbers to ids.

    Opening a long conversation reads ten thousand rows, so columns that are mostly NULL are checked for that first.
    """
    read_cost = cost_reader()
    new_turn: Callable[..., Turn] = fast_maker(Turn)
    new_text: Callable[..., TextPart] = fast_maker(TextPart)

    def read(row: Row) -> Turn:
        parent, turn_id, role, status, created_at, model = row[:6]
        stop_reason, stop_detail, fault, request_id, ttft, duration, text, parts = row[19:27]
        return new_turn(
            turn_id,
            ids.get(parent),
            _ROLES[role],
            (new_text(text, None),) if parts is None else load_parts(text, parts),
            _STATUSES[status],
            moment_in_bounds(created_at) or UNKNOWN_MOMENT,
            model,
            None if row[6] is None else usage_of(row[6:15]),
            None if row[15] is None else read_cost(row[15:19]),
            stop_reason,
            stop_detail,
            None if fault is None else Fault(**json.loads(fault)),
            request_id,
            ttft if ttft is None or 0 <= ttft <= MOST_MS else None,
            duration if duration is None or 0 <= duration <= MOST_MS else None,
        )

    return read


def side_request_values(side_request: SideRequest) -> Row:
    """Return a side request as the values of `SIDE_REQUEST_COLUMNS`."""
    about = (side_request.id, side_request.purpose, side_request.model, side_request.created_at.isoformat())
    return (*about, *_usage_values(side_request.usage), *_cost_values(side_request.cost))


def side_request_of(row: Row) -> SideRequest:
    """Return a side request from a row of `SIDE_REQUEST_COLUMNS`."""
    errand_id, purpose, model, created_at = row[:4]
    usage = usage_of(row[4:13]) or UNKNOWN_USAGE
    return SideRequest(errand_id, purpose, model, parse_required_time(created_at), usage, cost_reader()(row[13:17]))


def _usage_values(usage: Usage | None) -> Row:
    if usage is None:
        return _NO_USAGE
    billed = format_money(usage.billed_usd)
    if usage.unknown:
        return (*(UNKNOWN_COUNT,) * 7, True, billed)
    return (*usage.counts, usage.estimated, billed)


def _cost_values(cost: Cost | None) -> Row:
    if cost is None:
        return _NO_COST
    return str(cost.total_usd), cost.estimated, None if cost.price is None else dump_price(cost.price), cost.billed


def usage_of(row: Row) -> Usage | None:
    """Return the usage from a row of `USAGE_COLUMNS`; `None` if there is none, unknown if a count is implausible."""
    fresh, cached, five, hour, output, thinking, searches, rough, billed = row
    if fresh is None:
        return None
    billed_usd = None if billed is None else parse_money(billed)
    try:
        # The bitwise or is no less than any count, and negative if one is.
        believable = 0 <= fresh | cached | five | hour | output | thinking | searches <= MOST_TOKENS or (
            min(row[:7]) >= 0 and max(row[:7]) <= MOST_TOKENS
        )
    except TypeError:
        believable = False
    if not believable:
        return replace(UNKNOWN_USAGE, billed_usd=billed_usd)
    return Usage(fresh, cached, five, hour, output, thinking, searches, rough != 0, billed_usd)


def cost_reader() -> Callable[[Row], Cost | None]:
    """Return a function that makes costs of rows of `COST_COLUMNS`; the few different prices are parsed once each."""
    prices: dict[str | None, Price | None] = {None: None}

    def read(row: Row) -> Cost | None:
        usd, rough, price, billed = row
        if price not in prices:
            prices[price] = parse_price(price)
        if usd is None or (total_usd := dollars_in_bounds(usd)) is None:
            return None
        return Cost(total_usd, rough != 0, prices[price], bool(billed))

    return read


def title_key(title: str) -> str:
    """Return a title as it is compared: without case."""
    return title.casefold()


def conversation_values(conversation: Conversation) -> Row:
    """Return a conversation as the values of `CONVERSATION_COLUMNS`."""
    origin = conversation.origin
    return (
        conversation.id,
        conversation.title,
        title_key(conversation.title),
        conversation.title_source.value,
        conversation.model,
        conversation.system,
        dump_options(conversation.options),
        conversation.created_at.isoformat(),
        conversation.updated_at.isoformat(),
        format_time(conversation.archived_at),
        format_time(conversation.deleted_at),
        *((None,) * 4 if origin is None else astuple(origin)),
    )


def conversation_of(
    row: Row, head: str | None, turns: Iterable[Turn], side_requests: Iterable[SideRequest] = ()
) -> Conversation:
    """Return a conversation from a row of `CONVERSATION_COLUMNS`."""
    (conversation_id, title, _, source, model, system, options, created_at, updated_at, archived_at, deleted_at,
     *origin) = row  # fmt: skip
    return Conversation(
        id=conversation_id,
        created_at=parse_required_time(created_at),
        updated_at=parse_required_time(updated_at),
        title=title,
        title_source=TitleSource(source),
        model=model,
        system=system,
        options=parse_options(options),
        turns=tuple(turns),
        head=head,
        archived_at=parse_time(archived_at),
        deleted_at=parse_time(deleted_at),
        origin=None if origin[0] is None else Origin(*origin),
        side_requests=tuple(side_requests),
    )


def summary_of(row: Row, live: set[int]) -> ConversationSummary:
    """Return a summary from a row of `SUMMARY_COLUMNS`; `live` has the row numbers of those being answered."""
    (conversation_id, title, model, turns, created_at, updated_at, cost, known, unknown, estimated, archived_at,
     deleted_at, kept_here, seq) = row  # fmt: skip
    cost_usd = parse_sum(cost) if count_in_bounds(known) else None
    return ConversationSummary(
        id=conversation_id,
        title=title,
        model=model,
        turns=turns,
        created_at=parse_required_time(created_at),
        updated_at=parse_required_time(updated_at),
        cost_usd=cost_usd,
        cost_estimated=bool(estimated or unknown or (known and cost_usd is None)),
        archived_at=parse_time(archived_at),
        deleted_at=parse_time(deleted_at),
        is_live=seq in live,
        kept_here=bool(kept_here),
    )


def dump_options(options: Options) -> str | None:
    """Return as JSON the options that are set."""
    values = {name: value for name, value in asdict(options).items() if value is not None and value != ()}
    return dump(values) if values else None


def parse_options(stored: str | None) -> Options:
    """Return options from their JSON."""
    if stored is None:
        return Options()
    values = json.loads(stored)
    return Options(**values | {"tools": tuple(map(str, values.get("tools", ())))})


def format_time(moment: datetime | None) -> str | None:
    """Return a moment as text that keeps its offset."""
    return None if moment is None else moment.isoformat()


def parse_time(stored: str | None) -> datetime | None:
    """Return a moment from its text; an invalid text gives the unknown moment, as there was a date."""
    return None if stored is None else parse_required_time(stored)


def parse_required_time(stored: str) -> datetime:
    """Return a moment from its text; an invalid text gives the unknown moment."""
    return moment_in_bounds(stored) or UNKNOWN_MOMENT


T = TypeVar("T")


@cache
def fast_maker(frozen: type[T]) -> Callable[..., T]:
    """Return a function that takes every field of a frozen class with slots and returns its value.

    The own `__init__` of such a class sets each field by a function call; a long conversation has ten thousand turns.
    The values are made as those of a class with the same slots that is not frozen, then get their class.
    """
    fillable: Any = make_dataclass(frozen.__name__, frozen.__slots__, slots=True)  # type: ignore[attr-defined]

    def make(*values: object) -> T:
        value = fillable(*values)
        value.__class__ = frozen
        return value  # type: ignore[no-any-return]

    return make
