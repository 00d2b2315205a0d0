"""Conversations, turns, usage and search hits as JSON of the native API. Knows no request."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tui_chat.core.conversation import Conversation, ConversationSummary, SearchHit
from tui_chat.core.error import Fault
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.provider import Model
from tui_chat.core.tool import Approval
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Cost, Usage
from tui_chat.storage.conversation_list import Cursor
from tui_chat.wording import explain

Json = dict[str, Any]


def conversation_json(conversation: Conversation) -> Json:
    cost = conversation.cost
    return {
        "id": conversation.id,
        "title": conversation.title,
        "model": conversation.model,
        "system": conversation.system,
        "created_at": moment(conversation.created_at),
        "updated_at": moment(conversation.updated_at),
        "archived_at": moment(conversation.archived_at),
        "deleted_at": moment(conversation.deleted_at),
        "head": conversation.head,
        "path": [turn.id for turn in conversation.path],
        "turns": [turn_json(turn) for turn in conversation.turns],
        "cost_usd": dollars(cost.total_usd) if cost.known_replies else None,
        "cost_estimated": cost.estimated or cost.unknown_replies > 0,
    }


def summary_json(summary: ConversationSummary) -> Json:
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "turns": summary.turns,
        "created_at": moment(summary.created_at),
        "updated_at": moment(summary.updated_at),
        "archived_at": moment(summary.archived_at),
        "deleted_at": moment(summary.deleted_at),
        "cost_usd": dollars(summary.cost_usd),
        "cost_estimated": summary.cost_estimated,
        "is_live": summary.is_live,
    }


def cursor_text(cursor: Cursor | None) -> str | None:
    """Return the place at which the next page of the list starts."""
    return None if cursor is None else f"{cursor.used}.{cursor.seq}"


def turn_json(turn: Turn) -> Json:
    """Return a turn; attachments without their bytes."""
    speed = turn.tokens_per_s
    return {
        "id": turn.id,
        "parent_id": turn.parent_id,
        "role": turn.role.value,
        "status": turn.status.value,
        "created_at": moment(turn.created_at),
        "model": turn.model,
        "text": turn.text,
        "thinking": turn.thinking,
        "parts": [_part(part) for part in turn.parts],
        "usage": usage_json(turn.usage),
        **cost_json(turn.cost),
        "stop_reason": turn.stop_reason,
        "error": fault_json(turn.fault),
        "ttft_ms": turn.ttft_ms,
        "duration_ms": turn.duration_ms,
        "tokens_per_s": None if speed is None else round(speed, 1),
    }


def _part(part: Part) -> Json:
    match part:
        case TextPart(text):
            return {"type": "text", "text": text}
        case ThinkingPart(text):
            return {"type": "thinking", "text": text}
        case ToolCallPart(call_id, name, input_json, on_server):
            return {
                "type": "tool_call",
                "call_id": call_id,
                "name": name,
                "input_json": input_json,
                "on_server": on_server,
            }
        case ToolResultPart(call_id, text, is_error):
            return {
                "type": "tool_result",
                "call_id": call_id,
                "text": text,
                "is_error": is_error,
                "status": part.status.value,
            }
        case RoundPart(usage):
            return {"type": "round", "usage": usage_json(usage)}
        case AttachmentPart():
            return {
                "type": "attachment",
                "name": part.name,
                "media_type": part.media_type,
                "size": part.size,
                "sha256": part.sha256,
            }
        case OtherPart(kind):
            return {"type": "other", "kind": kind}


def usage_json(usage: Usage | None) -> Json | None:
    """Return token counts; null where they are unknown."""
    if usage is None or usage.unknown:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "thinking_tokens": usage.thinking_tokens,
        "estimated": usage.estimated,
    }


def cost_json(cost: Cost | None) -> Json:
    """Return a cost in exact dollars; null where it is unknown."""
    return {
        "cost_usd": dollars(None if cost is None else cost.total_usd),
        "cost_estimated": cost is not None and cost.estimated,
    }


def fault_json(fault: Fault | None) -> Json | None:
    """Return an error with the sentence and the next step."""
    if fault is None:
        return None
    words = explain(fault)
    return {
        "kind": fault.kind,
        "detail": fault.detail,
        "sentence": words.sentence,
        "message": fault.message or words.sentence,
        "next_step": words.next_step,
        "request_id": fault.request_id,
    }


def approval_json(approval: Approval) -> Json:
    """Return a tool call that waits for an answer."""
    return {
        "call_id": approval.call.call_id,
        "name": approval.call.name,
        "summary": approval.review.summary,
        "details": approval.review.details,
        "warning": approval.review.warning,
    }


def hit_json(hit: SearchHit) -> Json:
    """Return a search hit; `marks` are the start and the end of each match in the snippet."""
    return {
        "conversation_id": hit.conversation_id,
        "turn_id": hit.turn_id,
        "title": hit.title,
        "role": hit.role.value,
        "model": hit.model,
        "created_at": moment(hit.created_at),
        "snippet": hit.snippet,
        "marks": [list(mark) for mark in hit.marks],
    }


def model_json(model: Model) -> Json:
    return {
        "id": model.ref,
        "name": model.name or model.ref,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "can_think": model.can_think,
    }


def moment(value: datetime | None) -> str | None:
    """Return a moment in ISO 8601 and UTC."""
    return None if value is None else value.astimezone(UTC).isoformat()


def dollars(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
