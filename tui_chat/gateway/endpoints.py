"""The table of all routes; the OpenAPI document is made from it. To add a dialect, add its rows here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.gateway import (
    conversation_routes,
    dialect_routes,
    event_routes,
    file_routes,
    openai_anthropic_routes,
    page,
    server_routes,
    turn_routes,
)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route, and what the OpenAPI document has about it."""

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
        """What the handler does."""
        return (self.handler.__doc__ or "").strip().splitlines()[0]


UNSAVED = "/unsaved"
"""Before the paths of OpenAI and Anthropic: keeps nothing."""
_CONVERSATION = "/api/v1/conversations/{id}"
_TURN = f"{_CONVERSATION}/turns/{{turn}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/", page.page),
    Endpoint("GET", "/healthz", server_routes.health, answer="Health"),
    Endpoint(
        "GET",
        "/api/v1/conversations",
        conversation_routes.list_conversations,
        query=("q", "shelf", "cursor", "limit"),
        answer="ConversationList",
    ),
    Endpoint(
        "POST",
        "/api/v1/conversations",
        turn_routes.create_conversation,
        body="NewConversation",
        status=202,
        answer="Answer",
    ),
    Endpoint("GET", _CONVERSATION, conversation_routes.get_conversation, query=("html",), answer="Conversation"),
    Endpoint("PATCH", _CONVERSATION, conversation_routes.change_conversation, body="Change", answer="Conversation"),
    Endpoint("DELETE", _CONVERSATION, conversation_routes.delete_conversation, status=204),
    Endpoint("POST", f"{_CONVERSATION}/turns", turn_routes.send, body="Prompt", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/retry", turn_routes.retry, body="Retry", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/edit", turn_routes.edit, body="Edit", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/continue", turn_routes.continue_, body="Continue", status=202, answer="Answer"),
    Endpoint("POST", f"{_TURN}/fork", turn_routes.fork, status=201, answer="Conversation"),
    Endpoint("POST", f"{_CONVERSATION}/cancel", turn_routes.cancel, answer="Cancelled"),
    Endpoint("POST", f"{_CONVERSATION}/approvals/{{call}}", turn_routes.approve, body="Verdict", answer="Verdict"),
    Endpoint("POST", "/api/v1/attachments", file_routes.upload, status=201, answer="Uploaded"),
    Endpoint("GET", f"{_CONVERSATION}/attachments/{{sha256}}", file_routes.download),
    Endpoint("GET", f"{_CONVERSATION}/events", event_routes.conversation_events, streams=True),
    Endpoint("GET", "/api/v1/events", event_routes.all_events, query=("conversations",), streams=True),
    Endpoint(
        "GET",
        "/api/v1/search",
        conversation_routes.search,
        query=("limit", "offset"),
        required_query="q",
        answer="SearchHits",
    ),
    Endpoint("GET", "/api/v1/usage", conversation_routes.usage, query=("since",), answer="Usage"),
    Endpoint("GET", "/api/v1/models", server_routes.models, query=("refresh",), answer="Models"),
    Endpoint("GET", "/api/v1/metrics", server_routes.metrics, answer="Metrics"),
    Endpoint("POST", "/api/v1/tickets", server_routes.ticket, status=201, answer="Ticket"),
    Endpoint("POST", "/api/v1/stream", dialect_routes.simple_stream, query=("form",), body="Message", streams=True),
    Endpoint("GET", "/api/v1/stream/{id}", dialect_routes.simple_events, query=("form",), streams=True),
    Endpoint("POST", "/api/chat", dialect_routes.chat),
    Endpoint("GET", "/api/chat/{id}/stream", dialect_routes.resume_chat),
    Endpoint("POST", "/api/chat/{id}/stop", dialect_routes.stop_chat),
    Endpoint("POST", "/api/chats/{id}/stream", dialect_routes.text_of_chat),
    Endpoint("POST", "/api/ask/{endpoint}", dialect_routes.librechat_ask),
    Endpoint("POST", "/api/ask/{endpoint}/abort", dialect_routes.librechat_abort),
    Endpoint("POST", "/api/edit/{endpoint}", dialect_routes.librechat_edit),
    Endpoint("POST", "/api/edit/{endpoint}/abort", dialect_routes.librechat_abort),
    *(
        endpoint
        for prefix in ("", UNSAVED)
        for endpoint in (
            Endpoint("POST", f"{prefix}/v1/chat/completions", openai_anthropic_routes.chat_completions),
            Endpoint("POST", f"{prefix}/v1/messages", openai_anthropic_routes.messages),
            Endpoint("POST", f"{prefix}/v1/messages/count_tokens", openai_anthropic_routes.count_tokens),
            Endpoint("GET", f"{prefix}/v1/models", openai_anthropic_routes.list_models),
            Endpoint("GET", f"{prefix}/v1/models/{{model:path}}", openai_anthropic_routes.get_model),
        )
    ),
)
