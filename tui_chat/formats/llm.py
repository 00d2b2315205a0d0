"""Reads llm's logs.db: its first tables (a row for each response) and its newer ones (a tree of shared messages).

A conversation that was started in the first tables and continued in the newer ones becomes one conversation.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from tui_chat.core.bounds import count_in_bounds, milliseconds_in_bounds
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
from tui_chat.core.turn import Role
from tui_chat.core.usage import UNKNOWN_USAGE, Usage
from tui_chat.formats.foreign_database import ForeignDatabase, json_in
from tui_chat.formats.import_tree import ForeignConversation, Imported, Message, to_conversation
from tui_chat.formats.json_access import count_of, date_of, dict_of, dicts_of, json_of, model_ref, text_of

SOURCE = "llm"
TABLES = {"responses", "conversations"}
"""The first tables; a newer database has them too."""


def conversation_ids(database: ForeignDatabase) -> Iterator[str]:
    """Yield the ids of conversations, threads and lone responses; they start with their time."""
    queries = ["SELECT id FROM conversations", "SELECT coalesce(conversation_id, id) FROM responses"]
    if "threads" in database.tables:
        queries.append("SELECT id FROM threads")
    rows = database.every_row(" UNION ".join(queries) + " ORDER BY 1")
    return (text_of(next(iter(row.values()))) for row in rows)


def conversation(database: ForeignDatabase, conversation_id: str) -> Imported:
    query = "SELECT * FROM responses WHERE coalesce(conversation_id, id) = ? ORDER BY datetime_utc, id"
    responses = list(database.rows(query, conversation_id))
    named = next(database.rows("SELECT * FROM conversations WHERE id = ?", conversation_id), {})
    messages = _response_messages(database, responses)
    system_texts = [_system_of(database, response) for response in responses]
    head = messages[-1].id if messages else None
    if "threads" in database.tables:
        thread = _Thread(database, conversation_id, history=head)
        thread.follow({text_of(response["id"]) for response in responses})
        named = thread.row | named
        messages += thread.messages
        system_texts += thread.system
        head = thread.head or head
    return to_conversation(
        ForeignConversation(
            source=SOURCE,
            id=conversation_id,
            messages=messages,
            title=text_of(named.get("name")),
            model=model_ref(named.get("model")),
            system="\n\n".join(text for text in dict.fromkeys(system_texts) if text),
            head=head,
        )
    )


def _response_messages(database: ForeignDatabase, responses: list[dict[str, Any]]) -> list[Message]:
    """Return prompt and reply of each response, one after another."""
    messages: list[Message] = []
    for response in responses:
        key, created = text_of(response["id"]), date_of(response.get("datetime_utc"))
        before = messages[-1].id if messages else None
        if prompt := list(_prompt(database, response)):
            messages.append(Message(f"{key}:prompt", before, Role.USER, prompt, created))
            before = f"{key}:prompt"
        if reply := list(_reply(database, response)):
            messages.append(
                Message(
                    id=f"{key}:reply",
                    parent_id=before,
                    role=Role.ASSISTANT,
                    parts=reply,
                    created_at=created,
                    model=model_ref(response.get("model")),
                    continues=not prompt,
                    usage=_usage_of(response),
                    duration_ms=milliseconds_in_bounds(response.get("duration_ms")) or None,
                )
            )
    return messages


def _system_of(database: ForeignDatabase, response: dict[str, Any]) -> str:
    return _with_fragments(database, "system_fragments", response, "system")


def _prompt(database: ForeignDatabase, response: dict[str, Any]) -> Iterator[Part]:
    if text := _with_fragments(database, "prompt_fragments", response, "prompt"):
        yield TextPart(text)
    if "prompt_attachments" in database.tables:
        query = """
            SELECT attachments.* FROM prompt_attachments JOIN attachments ON attachments.id = attachment_id
            WHERE response_id = ? ORDER BY "order" """
        yield from map(_attachment_of, database.rows(query, response["id"]))


def _reply(database: ForeignDatabase, response: dict[str, Any]) -> Iterator[Part]:
    """Yield the reply, after the results of the tools that the previous reply called."""
    if "tool_results" in database.tables:
        for row in database.rows("SELECT * FROM tool_results WHERE response_id = ? ORDER BY id", response["id"]):
            failed = text_of(row.get("exception"))
            yield ToolResultPart(_call_id(row), text_of(row.get("output")) or failed, bool(failed))
    if thinking := text_of(response.get("reasoning")):
        yield ThinkingPart(thinking)
    if text := text_of(response.get("response")):
        yield TextPart(text)
    if "tool_calls" in database.tables:
        for row in database.rows("SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id", response["id"]):
            yield ToolCallPart(_call_id(row), text_of(row.get("name")), text_of(row.get("arguments")) or "{}")


def _call_id(row: dict[str, Any]) -> str:
    return text_of(row.get("tool_call_id")) or text_of(row.get("name"))


def _with_fragments(database: ForeignDatabase, table: str, response: dict[str, Any], column: str) -> str:
    """Return a prompt as the model read it: after the files and snippets given with it."""
    texts = []
    if table in database.tables:
        query = f"""
            SELECT content FROM {table} JOIN fragments ON fragments.id = fragment_id
            WHERE response_id = ? ORDER BY "order" """
        texts = [text_of(row["content"]) for row in database.rows(query, response["id"])]
    return "\n".join(text for text in (*texts, text_of(response.get(column))) if text)


class _Thread:
    """Converts one thread to messages, call by call; `history` is its last message in the first tables."""

    def __init__(self, database: ForeignDatabase, thread_id: str, history: str | None) -> None:
        self._database = database
        self._history = history
        self._known: dict[str, str | None] = {}
        """Hash of a message to its id here; for a hidden message, the id of the one before it."""
        self.row = next(database.rows("SELECT * FROM threads WHERE id = ?", thread_id), {})
        self.messages: list[Message] = []
        self.system: list[str] = []

    @property
    def head(self) -> str | None:
        """The last message of the thread."""
        return self._known.get(text_of(self.row.get("tip_message_hash")))

    def follow(self, logged: set[str]) -> None:
        """Read every call to a model, except those that the first tables have logged too."""
        query = "SELECT * FROM turns WHERE thread_id = ? ORDER BY datetime_utc, id"
        for call in self._database.rows(query, self.row.get("id")):
            if (call_id := text_of(call["id"])) in logged:
                new, _ = self._new_up_to(call.get("tip_message_hash"))
                self._known |= {text_of(link["hash"]): f"{call_id}:reply" for link in new}
            else:
                self._take(call)
        self._take({"tip_message_hash": self.row.get("tip_message_hash")})

    def _new_up_to(self, tip: object) -> tuple[list[dict[str, Any]], str | None]:
        """Return the messages up to `tip` that no earlier call had, and the hash of the message before them."""
        new: dict[str, dict[str, Any]] = {}
        key = text_of(tip)
        while key and key not in self._known and key not in new:
            link = next(self._database.rows("SELECT hash, parent_hash, role FROM messages WHERE hash = ?", key), None)
            if link is None:
                break
            new[key] = link
            key = text_of(link["parent_hash"])
        return list(reversed(new.values())), key if key in self._known else None

    def _take(self, call: dict[str, Any]) -> None:
        new, above = self._new_up_to(call.get("tip_message_hash"))
        hashes, sent = [text_of(link["hash"]) for link in new], text_of(call.get("parent_message_hash"))
        replies_from = hashes.index(sent) + 1 if sent in hashes else 0
        start, before = 0, self._known[above] if above else self._history
        if above is None and self._history is not None:
            # The messages of the first tables are repeated here; new is only what was asked last.
            start = replies_from
            while start and new[start - 1]["role"] != "assistant":
                start -= 1
            self._known |= dict.fromkeys(hashes[:start], self._history)
        for at in range(start, len(new)):
            own = call if at >= replies_from and "id" in call else {}
            before = self._add(new[at], before, own, call.get("datetime_utc"))

    def _add(self, link: dict[str, Any], before: str | None, call: dict[str, Any], date: object) -> str | None:
        key, role = text_of(link["hash"]), text_of(link["role"])
        parts = [part for row in self._parts(key) for part in self._part(row)]
        if role == "system":
            self.system += [part.text for part in parts if isinstance(part, TextPart)]
        if role == "system" or not parts:
            self._known[key] = before
            return before
        is_reply = role != "user"
        source = call if call or not is_reply else self._call_that_gave(key)
        self.messages.append(
            Message(
                id=key,
                parent_id=before,
                role=Role.ASSISTANT if is_reply else Role.USER,
                parts=parts,
                created_at=date_of(source.get("datetime_utc")) or date_of(date),
                model=model_ref(source.get("model")),
                continues=is_reply,
                # What another thread's call used is counted there.
                usage=_usage_of(call) if is_reply else None,
                duration_ms=milliseconds_in_bounds(call.get("duration_ms")) or None if is_reply else None,
            )
        )
        self._known[key] = key
        return key

    def _call_that_gave(self, key: str) -> dict[str, Any]:
        """Return the call, of another thread, that a shared message comes from."""
        return next(self._database.rows("SELECT * FROM turns WHERE tip_message_hash = ? LIMIT 1", key), {})

    def _parts(self, key: str) -> list[dict[str, Any]]:
        return list(self._database.rows("SELECT * FROM parts WHERE message_hash = ? ORDER BY position", key))

    def _part(self, row: dict[str, Any]) -> Iterator[Part]:
        kind, payload = text_of(row.get("type")), dict_of(json_in(row.get("payload")))
        call_id = text_of(payload.get("tool_call_id")) or text_of(row.get("tool_name"))
        match kind:
            case "text":
                yield TextPart(self._text(row, payload))
            case "reasoning":
                yield ThinkingPart(self._text(row, payload))
            case "tool_call":
                arguments, on_server = json_of(payload.get("arguments") or {}), bool(payload.get("server_executed"))
                yield ToolCallPart(call_id, text_of(row.get("tool_name")), arguments, on_server)
            case "tool_result":
                failed = text_of(payload.get("exception"))
                yield ToolResultPart(call_id, text_of(payload.get("output")) or failed, bool(failed))
            case "attachment":
                pass
            case _:
                yield OtherPart(kind or "unknown", Opaque("llm", json_of(payload)))
        query = """
            SELECT attachments.* FROM part_attachments JOIN attachments ON attachments.id = attachment_id
            WHERE part_id = ? ORDER BY "order" """
        yield from map(_attachment_of, self._database.rows(query, row.get("id")))

    def _text(self, row: dict[str, Any], payload: dict[str, Any]) -> str:
        """Return a text, which may consist of shared snippets."""
        pieces = dicts_of(payload.get("text_ref"))
        if not pieces:
            return text_of(row.get("text"))
        return "".join(
            text_of(piece["literal"]) if "literal" in piece else self._fragment(piece.get("fragment"))
            for piece in pieces
        )

    def _fragment(self, fragment_id: object) -> str:
        found = self._database.rows("SELECT content FROM fragments WHERE id = ?", fragment_id)
        return text_of(next(found, {}).get("content"))


def _usage_of(row: dict[str, Any]) -> Usage | None:
    """Return the reported tokens of a response; unknown where a count is out of bounds."""
    counts = [row[name] for name in ("input_tokens", "output_tokens") if row.get(name) is not None]
    if not counts:
        return None
    if any(isinstance(count, int) and count_in_bounds(count) is None for count in counts):
        return UNKNOWN_USAGE
    details = dict_of(json_in(row.get("token_details")))
    cached = count_of(dict_of(details.get("prompt_tokens_details")).get("cached_tokens"))
    thought = count_of(dict_of(details.get("completion_tokens_details")).get("reasoning_tokens"))
    total = count_of(row.get("input_tokens"))
    cached = min(cached, total)
    return Usage(
        input_tokens=total - cached,
        cache_read_tokens=cached,
        output_tokens=count_of(row.get("output_tokens")),
        thinking_tokens=thought,
    )


def _attachment_of(row: dict[str, Any]) -> AttachmentPart:
    """Return an attachment, with its bytes if the database has them; paths and URLs are not opened."""
    place = text_of(row.get("path")) or text_of(row.get("url"))
    name = PurePath(place).name or place or text_of(row.get("id"))[:12]
    data = row.get("content")
    media_type = text_of(row.get("type")) or "application/octet-stream"
    return AttachmentPart(name, media_type, data if isinstance(data, bytes) else b"")
