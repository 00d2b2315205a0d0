"""Returns the blocks of a reply as plain text: tool results and citations. Knows no stream."""

from typing import Any

from tui_chat.providers.values import text_of

_ERROR_ENDINGS = ("_error", "_tool_result_error")


def result_text(content: object) -> str:
    """Return a tool result as text, for any tool; empty where it has no text."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(filter(None, map(result_text, content)))
        case dict():
            return _mapping_text(content)
        case _:
            return ""


def _mapping_text(content: dict[str, Any]) -> str:
    if isinstance(code := content.get("error_code"), str):
        return ": ".join(filter(None, (code, text_of(content.get("error_message")))))
    if isinstance(url := content.get("url"), str):
        head = " — ".join(filter(None, (text_of(content.get("title")), url)))
        return "\n".join(filter(None, (head, result_text(content.get("content")))))
    if "stdout" in content or "stderr" in content:
        exit_code = content.get("return_code")
        return "\n".join(
            filter(
                None,
                (
                    text_of(content.get("stdout")).rstrip("\n"),
                    text_of(content.get("stderr")).rstrip("\n"),
                    f"exit code {exit_code}" if exit_code else "",
                ),
            )
        )
    for key in ("text", "content", "tool_references", "lines", "tool_name", "file_id"):
        if text := result_text(content.get(key)):
            return text
    if isinstance(source := content.get("source"), dict) and source.get("type") == "text":
        return "\n".join(filter(None, (text_of(content.get("title")), text_of(source.get("data")))))
    return text_of(content.get("title"))


def is_failed_result(block: dict[str, Any]) -> bool:
    """Return whether a tool result reports a failure of the tool."""
    if block.get("is_error") is True:
        return True
    content = block.get("content")
    return isinstance(content, dict) and str(content.get("type", "")).endswith(_ERROR_ENDINGS)


def citation_text(citation: dict[str, Any]) -> str:
    """Return the source of a cited passage in one line."""
    title = text_of(citation.get("document_title")) or text_of(citation.get("title"))
    where = text_of(citation.get("url")) or text_of(citation.get("source"))
    if isinstance(page := citation.get("start_page_number"), int):
        where = f"page {page}"
    return " — ".join(filter(None, (title, where))) or text_of(citation.get("type"))
