"""The output items of the Responses API as text: names, arguments, results and sources. Knows no stream."""

import json
from collections.abc import Iterator
from typing import Any

from tui_chat.core.clean import valid_text
from tui_chat.core.part import Opaque
from tui_chat.providers.values import list_of, mapping_of, text_of

WIRE = "openai-responses"
"""The wire of every `Opaque` made here."""

Item = dict[str, Any]

_CLIENT_CALLS = ("function_call", "custom_tool_call")
_MAX_TEXTS = 2_000
"""In one item; reading more at once would block the event loop."""
_ACTION_FIELDS = ("action", "operation", "queries", "code", "revised_prompt", "input")
"""Where the server's own tools keep their arguments; the first that an item has is shown."""


def opaque_item(item: Item) -> Opaque:
    """Return the item as it is sent back."""
    return Opaque(WIRE, valid_text(json.dumps(item, ensure_ascii=False)))


def is_call(kind: str) -> bool:
    return kind.endswith("_call")


def is_client_call(kind: str) -> bool:
    """Return whether this program has to run the tool."""
    return kind in _CLIENT_CALLS


def call_id(item: Item) -> str:
    """Return the id that a result refers to."""
    return text_of(item.get("call_id")) or text_of(item.get("id"))


def call_name(item: Item) -> str:
    """Return the name of the tool: of a remote MCP server with the server's label, of a built-in one by its kind."""
    name = text_of(item.get("name"))
    if label := text_of(item.get("server_label")):
        return f"{label}.{name}" if name else label
    return name or text_of(item.get("type")).removesuffix("_call")


def arguments_of(item: Item) -> str:
    """Return the arguments of a call as JSON."""
    if isinstance(arguments := item.get("arguments"), str):
        return arguments
    for name in _ACTION_FIELDS:
        value = item.get(name)
        if isinstance(value, dict):
            return _to_json(value)
        if value:
            return _to_json({name: value})
    return "{}"


def is_failed(item: Item) -> bool:
    """Return whether the server's tool failed."""
    return bool(item.get("error")) or item.get("status") == "failed"


def result_text(item: Item) -> str:
    """Return what the server's tool found, where the item of its call holds that; empty where it does not."""
    if error := item.get("error"):
        return text_of(error) or text_of(mapping_of(error).get("message")) or _to_json(error)
    if output := item.get("output"):
        return output if isinstance(output, str) else "\n".join(_output_texts(output))
    texts = [*_output_texts(item.get("outputs")), *_output_texts(item.get("results"))]
    texts += filter(None, map(source_text, list_of(mapping_of(item.get("action")).get("sources"))))
    return "\n".join(texts)


def _output_texts(outputs: object) -> Iterator[str]:
    """Yield the texts in a list of outputs: logs, files found, standard output and error."""
    for output in list_of(outputs):
        if isinstance(output, str):
            yield output
            continue
        fields = mapping_of(output)
        if filename := text_of(fields.get("filename")):
            yield filename
        for name in ("logs", "stdout", "stderr", "text", "url"):
            if text := text_of(fields.get(name)).rstrip("\n"):
                yield text


def source_text(annotation: object) -> str:
    """Return a cited source in one line: its title and its address, or the name of a file."""
    fields = mapping_of(annotation)
    title = text_of(fields.get("title")) or text_of(fields.get("filename"))
    where = text_of(fields.get("url")) or ("" if title else text_of(fields.get("file_id")))
    return valid_text(" — ".join(filter(None, (title if title != where else "", where))))


def searches_in(item: Item) -> int:
    """Return the web searches that are billed for an item: opening a page or searching in it is not one."""
    if item.get("type") != "web_search_call":
        return 0
    return int(text_of(mapping_of(item.get("action")).get("type")) in ("", "search"))


def whole_texts(item: Item) -> Iterator[tuple[str, int, str]]:
    """Yield the texts of a finished item with the slot they belong to: its list and the place in it."""
    lists = ("summary", "content") if item.get("type") == "reasoning" else ("content",)
    for name in lists:
        for at, piece in enumerate(list_of(item.get(name))[:_MAX_TEXTS]):
            fields = mapping_of(piece)
            if text := text_of(fields.get("text")) or text_of(fields.get("refusal")):
                yield name, at, text


def _to_json(value: Any) -> str:
    try:
        return valid_text(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "{}"
