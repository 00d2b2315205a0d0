"""Converts one message of ChatGPT's export to parts: every kind of content known in such exports."""

from collections.abc import Iterator
from typing import Any

from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.formats.json_access import arguments_of, dict_of, dicts_of, json_of, list_of, text_of

_CONTEXTS = ("user_editable_context", "model_editable_context")
_POINTERS = ("image_asset_pointer", "audio_asset_pointer", "video_container_asset_pointer")
_MEDIA = {
    "image_asset_pointer": "image/*",
    "audio_asset_pointer": "audio/*",
    "video_container_asset_pointer": "video/*",
}


def role_of(message: dict[str, Any]) -> str:
    """Return the role: `user`, `assistant`, `tool` or `system`."""
    return text_of(dict_of(message.get("author")).get("role"))


def is_visible(message: dict[str, Any]) -> bool:
    """Return whether ChatGPT shows the message in the conversation."""
    hidden = dict_of(message.get("metadata")).get("is_visually_hidden_from_conversation") is True
    return not hidden and role_of(message) in ("user", "assistant", "tool") and _kind(message) not in _CONTEXTS


def is_tool_call(message: dict[str, Any]) -> bool:
    return role_of(message) == "assistant" and text_of(message.get("recipient")) not in ("", "all")


def instructions_of(message: dict[str, Any]) -> list[str]:
    """Return the texts of a system message or of the user's custom instructions."""
    content, metadata = dict_of(message.get("content")), dict_of(message.get("metadata"))
    if data := dict_of(metadata.get("user_context_message_data")):
        texts = [data.get("about_user_message"), data.get("about_model_message")]
    elif _kind(message) == "user_editable_context":
        texts = [content.get("user_profile"), content.get("user_instructions")]
    elif role_of(message) == "system" and metadata.get("is_visually_hidden_from_conversation") is not True:
        texts = list_of(content.get("parts"))
    else:
        texts = []
    return [text for text in map(text_of, texts) if text.strip()]


def parts_of(message: dict[str, Any], call_id: str) -> list[Part]:
    """Return the message's parts; `call_id` is the id of the tool call that it makes or answers, if any."""
    role = role_of(message)
    if is_tool_call(message):
        return [_tool_call(message, call_id)]
    names = {text_of(file.get("id")): file for file in _files(message)}
    parts = list(_content(dict_of(message.get("content")), names))
    if role == "tool":
        parts = _tool_result(message, parts, call_id)
    if role == "user":
        parts += [_attachment(text_of(file.get("name")), file, "") for file in names.values()]
    return parts


def _kind(message: dict[str, Any]) -> str:
    return text_of(dict_of(message.get("content")).get("content_type"))


def _files(message: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts_of(dict_of(message.get("metadata")).get("attachments"))


def _tool_call(message: dict[str, Any], call_id: str) -> ToolCallPart:
    content = dict_of(message.get("content"))
    words = text_of(content.get("text")) or "\n".join(filter(None, map(text_of, list_of(content.get("parts")))))
    return ToolCallPart(call_id, text_of(message.get("recipient")), arguments_of(words), on_server=True)


def _tool_result(message: dict[str, Any], parts: list[Part], call_id: str) -> list[Part]:
    words = "\n".join(part.text for part in parts if isinstance(part, TextPart))
    others = [part for part in parts if not isinstance(part, TextPart)]
    run = text_of(dict_of(dict_of(message.get("metadata")).get("aggregate_result")).get("status"))
    is_error = _kind(message) == "system_error" or run.startswith("failed")
    return [ToolResultPart(call_id, words, is_error), *others] if words or others else []


def _content(content: dict[str, Any], names: dict[str, dict[str, Any]]) -> Iterator[Part]:
    kind = text_of(content.get("content_type"))
    match kind:
        case "code":
            language, code = text_of(content.get("language")), text_of(content.get("text"))
            language = "" if language == "unknown" else language
            yield from _text(f"```{language}\n{code}\n```" if code else "")
        case "thoughts":
            yield from _thoughts(content.get("thoughts"))
        case "reasoning_recap":
            recap = text_of(content.get("content"))
            yield from [ThinkingPart(recap)] if recap else []
        case "tether_browsing_display":
            yield from _text(text_of(content.get("result")) or text_of(content.get("summary")))
        case "tether_quote" | "sonic_webpage":
            lines = [text_of(content.get(key)) for key in ("title", "url", "text")]
            yield from _text("\n".join(line for line in lines if line))
        case _ if isinstance(content.get("parts"), list):
            yield from _pieces(list_of(content.get("parts")), names)
        case _ if text_of(content.get("text")):
            yield from _text(text_of(content.get("text")))
        case _ if kind and kind not in ("text", "execution_output", "system_error"):
            yield OtherPart(kind, Opaque("chatgpt", json_of(content)))


def _text(text: str) -> list[Part]:
    return [TextPart(text)] if text else []


def _thoughts(thoughts: object) -> Iterator[Part]:
    if words := text_of(thoughts):
        yield ThinkingPart(words)
    for thought in dicts_of(thoughts):
        summary, words = text_of(thought.get("summary")), text_of(thought.get("content"))
        heading = f"**{summary}**" if summary else ""
        if message := "\n\n".join(filter(None, (heading, words))):
            yield ThinkingPart(message)


def _pieces(pieces: list[Any], names: dict[str, dict[str, Any]]) -> Iterator[Part]:
    """Yield the parts of a list of content; consecutive texts are joined."""
    words: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            words += [text_of(piece)] if piece else []
            continue
        yield from _text("\n".join(words))
        words = []
        yield from _piece(dict_of(piece), names)
    yield from _text("\n".join(words))


def _piece(piece: dict[str, Any], names: dict[str, dict[str, Any]]) -> Iterator[Part]:
    kind = text_of(piece.get("content_type"))
    if kind in _POINTERS:
        file_id = text_of(piece.get("asset_pointer")).rpartition("//")[2]
        yield _attachment(file_id, names.pop(file_id, {}), _media_type(piece))
    elif kind == "real_time_user_audio_video_asset_pointer":
        for key in ("audio_asset_pointer", "video_container_asset_pointer"):
            yield from _piece(dict_of(piece.get(key)), names)
    elif text := text_of(piece.get("text")):
        yield TextPart(text)
    elif piece:
        yield OtherPart(kind or "unknown", Opaque("chatgpt", json_of(piece)))


def _media_type(piece: dict[str, Any]) -> str:
    kind, form = text_of(piece.get("content_type")), text_of(piece.get("format"))
    return f"audio/{form}" if kind == "audio_asset_pointer" and form else _MEDIA[kind]


def _attachment(name: str, file: dict[str, Any], media_type: str) -> AttachmentPart:
    texts = text_of(file.get("mime_type")) or text_of(file.get("mimeType"))
    return AttachmentPart(text_of(file.get("name")) or name, texts or media_type or "application/octet-stream")
