"""An agent of the Agent Client Protocol: each session is a conversation of the library. Knows no pipe."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import NotFound
from tui_chat.core.event import TextDelta, ThinkingDelta, TurnEnded, TurnStarted, UsageChanged
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.gateway.acp.json_rpc import JsonRpc
from tui_chat.gateway.acp.tool_calls import ToolCalls
from tui_chat.gateway.body import Body, cursor_from
from tui_chat.gateway.dialects.data_url import attachment_of, from_base64
from tui_chat.gateway.json_values import Json, cursor_text, moment
from tui_chat.gateway.problem import Problem, failure_of, not_found, wrong_field
from tui_chat.service.chat import ChatService
from tui_chat.service.joining_reader import JoiningReader
from tui_chat.service.model_catalog import ModelCatalog
from tui_chat.service.reply import Reply
from tui_chat.storage.store import Store

PROTOCOL_VERSION = 1
_MODEL = "model"
_PAGE = 50
_STOPPED = {"max_tokens": "max_tokens", "length": "max_tokens", "refusal": "refusal", "content_filter": "refusal"}


@dataclass(frozen=True, slots=True)
class Library:
    """What the agent works with."""

    service: ChatService
    store: Store
    catalog: ModelCatalog
    default_model: str
    system: str
    folder: str
    """Named as the folder of every session: a conversation has none."""
    version: str


class AcpAgent:
    def __init__(self, library: Library, write: Callable[[str], Awaitable[None]]) -> None:
        self._library = library
        self._service = library.service
        self._new: dict[str, Conversation] = {}
        """Sessions without a prompt yet: what is stored has one. Also the model that a session has chosen."""
        self.rpc = JsonRpc(
            {
                "initialize": self._initialize,
                "authenticate": self._nothing,
                "session/new": self._start,
                "session/load": self._load,
                "session/resume": self._resume,
                "session/list": self._list,
                "session/fork": self._fork,
                "session/close": self._close,
                "session/delete": self._delete,
                "session/prompt": self._prompt,
                "session/cancel": self._cancel,
                "session/set_config_option": self._set_option,
            },
            write,
        )

    async def _initialize(self, params: Json) -> Json:
        capabilities = {
            "loadSession": True,
            "promptCapabilities": {"image": True, "audio": False, "embeddedContext": True},
            "sessionCapabilities": {"list": {}, "resume": {}, "fork": {}, "close": {}, "delete": {}},
        }
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "agentCapabilities": capabilities,
            "agentInfo": {"name": "tui-chat", "title": "tui-chat", "version": self._library.version},
            "authMethods": [],
        }

    async def _nothing(self, params: Json) -> Json:
        return {}

    async def _start(self, params: Json) -> Json:
        conversation = self._service.new_conversation(self._library.default_model, system=self._library.system)
        self._new[conversation.id] = conversation
        return {"sessionId": conversation.id, "configOptions": await self._options(conversation)}

    async def _load(self, params: Json) -> Json:
        """Send the shown branch as if it came in now."""
        conversation = await self._conversation(params)
        for turn in conversation.path:
            kind = "user_message_chunk" if turn.role is Role.USER else "agent_message_chunk"
            if turn.thinking:
                await self._update(conversation.id, "agent_thought_chunk", content=_text(turn.thinking))
            if turn.text:
                await self._update(conversation.id, kind, content=_text(turn.text))
        return {"configOptions": await self._options(conversation)}

    async def _resume(self, params: Json) -> Json:
        return {"configOptions": await self._options(await self._conversation(params))}

    async def _list(self, params: Json) -> Json:
        body = Body(params)
        page = await self._library.store.summaries(limit=_PAGE, after=cursor_from(body.text("cursor"), "nextCursor"))
        folder = body.text("cwd") or self._library.folder
        sessions = [
            {
                "sessionId": summary.id,
                "cwd": folder,
                "title": summary.title or None,
                "updatedAt": moment(summary.updated_at),
            }
            for summary in page
        ]
        return {"sessions": sessions, "nextCursor": cursor_text(page.end)}

    async def _fork(self, params: Json) -> Json:
        conversation = await self._conversation(params)
        if conversation.head is None:
            return await self._start(params)
        forked = await self._service.fork(conversation.id, conversation.head)
        return {"sessionId": forked.id, "configOptions": await self._options(forked)}

    async def _close(self, params: Json) -> Json:
        session_id = Body(params).required_text("sessionId")
        if (reply := self._service.reply_in(session_id)) is not None:
            reply.cancel()
        self._new.pop(session_id, None)
        return {}

    async def _delete(self, params: Json) -> Json:
        conversation = await self._conversation(params)
        if self._new.pop(conversation.id, None) is None or conversation.turns:
            await self._library.store.delete(conversation.id)
        return {}

    async def _cancel(self, params: Json) -> None:
        reply = self._service.reply_in(Body(params).required_text("sessionId"))
        if reply is not None:
            reply.cancel()

    async def _set_option(self, params: Json) -> Json:
        body = Body(params)
        conversation = await self._conversation(params)
        if body.text("configId") != _MODEL:
            raise wrong_field("configId", f"must be {_MODEL}")
        conversation = replace(conversation, model=body.required_text("value"))
        if conversation.turns:
            await self._library.store.set_model(conversation.id, conversation.model)
        else:
            self._new[conversation.id] = conversation
        return {"configOptions": await self._options(conversation)}

    async def _options(self, conversation: Conversation) -> list[Json]:
        models = {model.ref: model.name or model.ref for model in (await self._library.catalog.last_seen()).models}
        models.setdefault(conversation.model, conversation.model)
        choices = [{"value": ref, "name": name} for ref, name in models.items()]
        option = {"type": "select", "id": _MODEL, "name": "Model", "category": "model"}
        return [{**option, "currentValue": conversation.model, "options": choices}]

    async def _conversation(self, params: Json) -> Conversation:
        session_id = Body(params).required_text("sessionId")
        if (new := self._new.get(session_id)) is not None:
            return new
        try:
            conversation = await self._service.open(session_id)
        except NotFound:
            raise not_found() from None
        return replace(conversation, model=conversation.model or self._library.default_model)

    # The prompt

    async def _prompt(self, params: Json) -> Json:
        conversation = await self._conversation(params)
        text, attachments = _content(Body(params))
        reply = await self._service.send(conversation, text, attachments)
        self._new.pop(conversation.id, None)
        turn = await self._relay(reply)
        if (failure := failure_of(turn)) is not None:
            raise failure
        if len(conversation.turns) == 0:
            stored = await self._service.open(conversation.id)
            await self._update(conversation.id, "session_info_update", title=stored.title)
        answer: Json = {"stopReason": _stop_reason(turn)}
        return answer | ({"usage": _usage(turn.usage)} if turn.usage is not None and not turn.usage.unknown else {})

    async def _relay(self, reply: Reply) -> Turn:
        """Send the reply as it comes in; return its turn at the end."""
        reader = JoiningReader()
        calls = ToolCalls(reply, self.rpc, partial(self._update, reply.conversation_id))
        detach = reply.add_reader(reader)
        try:
            while True:
                item = await reader.get()
                match item[1] if item is not None else None:
                    case TurnStarted(_, turn) if turn.text:
                        await self._chunk(reply, "agent_message_chunk", turn.text)
                    case TextDelta(text):
                        await self._chunk(reply, "agent_message_chunk", text)
                    case ThinkingDelta(text) if text:
                        await self._chunk(reply, "agent_thought_chunk", text)
                    case UsageChanged(usage, cost):
                        await self._show_usage(reply, usage, cost)
                    case TurnEnded(turn):
                        return turn
                    case event if event is not None:
                        await calls.show(event)
        finally:
            calls.close()
            detach()

    async def _chunk(self, reply: Reply, kind: str, text: str) -> None:
        await self._update(reply.conversation_id, kind, content=_text(text))

    async def _show_usage(self, reply: Reply, usage: Usage, cost: Cost | None) -> None:
        """Send how full the context is, where its size is known, and the cost."""
        models = (await self._library.catalog.last_seen()).models
        size = next((model.context_window for model in models if model.ref == reply.turn.model), None)
        if size is None or usage.unknown:
            return
        price: Json = {} if cost is None else {"cost": {"amount": float(cost.total_usd), "currency": "USD"}}
        await self._update(reply.conversation_id, "usage_update", size=size, used=usage.total_tokens, **price)

    async def _update(self, session_id: str, kind: str, **fields: Any) -> None:
        update = {"sessionUpdate": kind, **fields}
        await self.rpc.notify("session/update", {"sessionId": session_id, "update": update})


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _content(body: Body) -> tuple[str, tuple[AttachmentPart, ...]]:
    """Return the text and the files of a prompt."""
    texts: list[str] = []
    attachments: list[AttachmentPart] = []
    for block in body.objects("prompt"):
        match block.text("type"):
            case "text":
                texts.append(block.text("text"))
            case "image":
                data, kind = block.required_text("data"), block.text("mimeType")
                attachments.append(from_base64(data, kind, "", block.name("data")))
            case "resource":
                attachments.append(_resource(block.inner("resource")))
            case "resource_link":
                texts.append(f"[{block.text('name')}]({block.text('uri')})")
            case _:
                raise wrong_field(block.name("type"), "must be text, image, resource or resource_link")
    text = "\n\n".join(filter(None, texts))
    if not text.strip() and not attachments:
        raise Problem(400, "invalid_request", "The prompt is empty.")
    return text, tuple(attachments)


def _resource(resource: Body) -> AttachmentPart:
    name = resource.text("uri").rstrip("/").rpartition("/")[2]
    kind = resource.text("mimeType")
    if "blob" in resource:
        return from_base64(resource.required_text("blob"), kind, name, resource.name("blob"))
    return attachment_of(resource.text("text").encode(), kind, name, resource.name("text"))


def _stop_reason(turn: Turn) -> str:
    if turn.status is not TurnStatus.COMPLETE:
        return "cancelled"
    return _STOPPED.get(turn.stop_reason or "", "end_turn")


def _usage(usage: Usage) -> Json:
    return {
        "totalTokens": usage.total_tokens,
        "inputTokens": usage.total_input_tokens,
        "outputTokens": usage.output_tokens,
        "thoughtTokens": usage.thinking_tokens,
        "cachedReadTokens": usage.cache_read_tokens,
        "cachedWriteTokens": usage.cache_write_tokens,
    }
