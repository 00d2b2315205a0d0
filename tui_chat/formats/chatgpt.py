"""Reads conversations of ChatGPT's data export: a map of nodes, each with its parent, children and content."""

from collections.abc import Iterator, Mapping
from typing import Any

from tui_chat.core.error import Fault, FormatError
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.formats.chatgpt_content import instructions_of, is_tool_call, is_visible, parts_of, role_of
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, to_conversation
from tui_chat.formats.json_access import date_of, dict_of, list_of, model_ref, text_of

SOURCE = "chatgpt"
_ENDINGS = {"interrupted": TurnStatus.CANCELLED, "in_progress": TurnStatus.INTERRUPTED, "error": TurnStatus.FAILED}

Nodes = Mapping[str, dict[str, Any]]


def is_conversation(value: dict[str, Any]) -> bool:
    return "mapping" in value or {"conversation_id", "create_time"} <= value.keys()


def conversation_from(value: dict[str, Any]) -> Imported:
    """Return one conversation of the export; its messages are taken out of the value, which may be very large."""
    usual_model = _model(value.get("default_model_slug"))
    mapping = dict_of(value.get("mapping"))
    if not mapping:
        raise FormatError("its messages (`mapping`) are missing")
    first = text_of(next(iter(mapping)))
    messages, instructions = _read(mapping, usual_model)
    return to_conversation(
        ForeignConversation(
            source=SOURCE,
            id=text_of(value.get("conversation_id")) or text_of(value.get("id")) or first,
            messages=messages,
            title=text_of(value.get("title")),
            created_at=date_of(value.get("create_time")),
            updated_at=date_of(value.get("update_time")),
            model=usual_model,
            system="\n\n".join(instructions),
            head=text_of(value.get("current_node")),
            is_archived=value.get("is_archived") is True,
        )
    )


def _read(mapping: dict[str, Any], usual_model: str) -> tuple[list[Message], list[str]]:
    """Return the messages and the instructions in the map of nodes, which is empty afterwards."""
    nodes = {text_of(key): dict_of(node) for key, node in mapping.items()}
    mapping.clear()
    order, calls, instructions = list(_in_order(nodes)), _calls_answered(nodes), _instructions(nodes)
    return [_message(key, nodes.pop(key), usual_model, calls) for key in order], instructions


def _in_order(nodes: Nodes) -> Iterator[str]:
    """Yield every node's key, with children in the order that their parent lists."""
    listed = (child for node in nodes.values() for child in list_of(node.get("children")))
    yield from dict.fromkeys((*(child for child in listed if isinstance(child, str) and child in nodes), *nodes))


def _message(key: str, node: dict[str, Any], usual_model: str, calls: Mapping[str, str]) -> Message:
    message, parent = dict_of(node.get("message")), text_of(node.get("parent")) or None
    role = role_of(message)
    parts = parts_of(message, calls.get(key, key)) if is_visible(message) else []
    if not parts:
        return Message(key, parent, None)
    created = date_of(message.get("create_time"))
    if role == "user":
        return Message(key, parent, Role.USER, parts, created)
    metadata = dict_of(message.get("metadata"))
    ending = text_of(dict_of(metadata.get("finish_details")).get("type"))
    status = _ENDINGS.get(ending) or _ENDINGS.get(text_of(message.get("status")), TurnStatus.COMPLETE)
    return Message(
        id=key,
        parent_id=parent,
        role=Role.ASSISTANT,
        parts=parts,
        created_at=created,
        model=_model(metadata.get("model_slug")) or usual_model,
        continues=True,
        status=status,
        stop_reason=ending or None,
        fault=Fault("provider", "marked as failed by ChatGPT") if status is TurnStatus.FAILED else None,
    )


def _calls_answered(nodes: Nodes) -> dict[str, str]:
    """Map each tool result to the node of its call; several results may follow one call."""
    above: dict[str, str | None] = {}
    for key in nodes:
        results: dict[str, None] = {}
        at: str | None = key
        while at is not None and at not in above and at not in results and role_of(_message_at(at, nodes)) == "tool":
            results[at] = None
            at = _parent(at, nodes)
        above |= dict.fromkeys(results, above.get(at, at) if at is not None else None)
    return {key: at for key, at in above.items() if at is not None and is_tool_call(_message_at(at, nodes))}


def _instructions(nodes: Nodes) -> list[str]:
    """Return the system messages and custom instructions, each text once."""
    texts = (text for key in nodes for text in instructions_of(_message_at(key, nodes)))
    return list(dict.fromkeys(texts))


def _message_at(key: str, nodes: Nodes) -> dict[str, Any]:
    return dict_of(nodes.get(key, {}).get("message"))


def _parent(key: str, nodes: Nodes) -> str | None:
    return text_of(nodes[key].get("parent")) or None if key in nodes else None


def _model(slug: object) -> str:
    return "" if slug == "auto" else model_ref(slug, "openai")
