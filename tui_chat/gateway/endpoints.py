"""The table of all routes; the OpenAPI document is made from it. To add a dialect, add its rows here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.gateway import chat_dialects, compatible, conversations, events, files, info, page, turns

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route, and what the OpenAPI document says about it."""

    method: str
    path: str
    handler: Handler
    query: tuple[str, ...] = ()
    required_query: str = ""
    body: str = ""
    """The name of the schema of the body."""
    status: int = 200
    answer: str = ""
    """The name of the schema of the answer; empty for none."""
    streams: bool = False

    @property
    def summary(self) -> str:
        """Return what the handler does."""
        return (self.handler.__doc__ or "").strip().splitlines()[0]


UNSAVED = "/unsaved"
"""Before the paths of OpenAI and Anthropic: keeps nothing."""
_CONVERSATION = "/api/v1/conversations/{id}"
_TURN = f"{_CONVERSATION}/turns/{{turn}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/", page.page),
    Endpoint("GET", "/healthz", info.health, answer="Health"),
    Endpoint(
        "GET",
        "/api/v1/conversations",
        conversations.list_conversations,
        query=("q", "shelf", "cursor", "limit"),
        answer="ConversationList",
    ),
    Endpoint(
        "POST",
        "/api/v1/conversations",
        turns.create_conversation,
        body="NewConversation",
        status=202,
        answer="Answer",
    ),
    Endpoint("GET", _CONVERSATION, conversations.get_conversation, query=("html",), answer="Conversation"),
    Endpoint("PATCH", _CONVERSATION, conversations.change_conversation, body="Change", answer="Conversation"),
    Endpoint("DELETE", _CONVERSATION, conversations.delete_conversation, status=204),
    Endpoint("POST", f"{_CONVERSATION}/turns", turns.send, body="Prompt", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/retry", turns.retry, body="Retry", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/edit", turns.edit, body="Edit", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/continue", turns.continue_, body="Continue", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/fork", turns.fork, status=201, answer="Conversation"),
    Endpoint("POST", f"{_CONVERSATION}/cancel", turns.cancel, answer="Cancelled"),
    Endpoint("POST", f"{_CONVERSATION}/approvals/{{call}}", turns.approve, body="Verdict", answer="Verdict"),
    Endpoint("POST", "/api/v1/attachments", files.upload, status=201, answer="Uploaded"),
    Endpoint("GET", f"{_CONVERSATION}/attachments/{{sha256}}", files.download),
    Endpoint("GET", f"{_CONVERSATION}/events", events.conversation_events, streams=True),
    Endpoint("GET", "/api/v1/events", events.all_events, query=("conversations",), streams=True),
    Endpoint(
        "GET",
        "/api/v1/search",
        conversations.search,
        query=("limit", "offset"),
        required_query="q",
        answer="SearchHits",
    ),
    Endpoint("GET", "/api/v1/usage", conversations.usage, query=("since",), answer="Usage"),
    Endpoint("GET", "/api/v1/models", info.models, query=("refresh",), answer="Models"),
    Endpoint("GET", "/api/v1/metrics", info.metrics, answer="Metrics"),
    Endpoint("POST", "/api/v1/tickets", info.ticket, status=201, answer="Ticket"),
    Endpoint("POST", "/api/v1/stream", chat_dialects.simple_stream, query=("form",), body="Message", streams=True),
    Endpoint("GET", "/api/v1/stream/{id}", chat_dialects.simple_events, query=("form",), streams=True),
    Endpoint("POST", "/api/chat", chat_dialects.chat),
    Endpoint("GET", "/api/chat/{id}/stream", chat_dialects.resume_chat),
    Endpoint("POST", "/api/chat/{id}/stop", chat_dialects.stop_chat),
    Endpoint("POST", "/api/chats/{id}/stream", chat_dialects.text_of_chat),
    *(
        endpoint
        for verb, handler in (("ask", chat_dialects.librechat_ask), ("edit", chat_dialects.librechat_edit))
        for endpoint in (
            Endpoint("POST", f"/api/{verb}/{{endpoint}}", handler),
            Endpoint("POST", f"/api/{verb}/{{endpoint}}/abort", chat_dialects.librechat_abort),
        )
    ),
    *(
        endpoint
        for prefix in ("", UNSAVED)
        for endpoint in (
            Endpoint("POST", f"{prefix}/v1/chat/completions", compatible.chat_completions),
            Endpoint("POST", f"{prefix}/v1/messages", compatible.messages),
            Endpoint("POST", f"{prefix}/v1/messages/count_tokens", compatible.count_tokens),
            Endpoint("GET", f"{prefix}/v1/models", compatible.list_models),
            Endpoint("GET", f"{prefix}/v1/models/{{model:path}}", compatible.get_model),
        )
    ),
)
