"""Routes of the native API over the library: list, search, read, change, delete, usage. Starts no reply."""

import asyncio
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.conversation import Conversation, SearchHit
from tui_chat.core.usage_report import report_on
from tui_chat.formats.html import turn_html
from tui_chat.gateway.backend import SOURCE, Backend
from tui_chat.gateway.body import cursor_from
from tui_chat.gateway.json_values import conversation_json, cursor_text, hit_json, summary_json
from tui_chat.gateway.problem import Problem, wrong_field
from tui_chat.gateway.request import (
    backend_of,
    check_turn,
    client_of,
    conversation_of,
    count_in_query,
    json_response,
    read_body,
)
from tui_chat.gateway.tokens import Client
from tui_chat.service.usage_report import as_dict, moment_of

_SHELVES = ("active", "archived", "trash")
_SEARCH_PAGE = 100
_MOST_PAGES = 20


async def list_conversations(request: Request) -> Response:
    """Answer with a page of conversations, last used first."""
    backend, client, query = backend_of(request), client_of(request), request.query_params
    shelf = query.get("shelf", "active")
    if shelf not in _SHELVES:
        raise wrong_field("shelf", f"must be one of {', '.join(_SHELVES)}")
    page = await backend.store.summaries(
        limit=count_in_query(request, "limit", 50, least=1, most=500),
        after=cursor_from(query.get("cursor", ""), "next_cursor"),
        archived=shelf == "archived",
        deleted=shelf == "trash",
        matching=query.get("q", "")[:1000],
        origin=None if client.sees_all else (SOURCE, f"{client.name}/"),
    )
    rows = [summary_json(summary) for summary in page]
    return json_response({"conversations": rows, "next_cursor": cursor_text(page.end)})


async def get_conversation(request: Request) -> Response:
    """Answer with a conversation and its whole tree; with `html=1` the turns of the shown branch are HTML as well."""
    conversation = await conversation_of(request)
    content = conversation_json(conversation)
    if request.query_params.get("html") == "1":
        pages = await asyncio.to_thread(_pages, conversation)
        content["turns"] = [
            turn | {"html": pages[turn["id"]]} if turn["id"] in pages else turn for turn in content["turns"]
        ]
    return json_response(content)


def _pages(conversation: Conversation) -> dict[str, str]:
    """Return each turn of the shown branch as HTML that is safe in a page."""
    return {turn.id: turn_html(turn) for turn in conversation.path if not turn.is_live}


async def change_conversation(request: Request) -> Response:
    """Change the title, the model, the system prompt, the shown branch or the shelf."""
    backend, body, conversation = backend_of(request), await read_body(request), await conversation_of(request)
    store, conversation_id = backend.store, conversation.id
    model = await backend.model_ref(body.text("model")) if "model" in body else None
    head = body.text("head")
    if head:
        check_turn(conversation, head)
    flags = {name: body.flag(name) for name in ("archived", "deleted")}
    if "title" in body:
        await store.rename(conversation_id, body.required_text("title"))
    if model is not None:
        await store.set_model(conversation_id, model)
    if "system" in body:
        await store.set_system(conversation_id, body.text("system"))
    if head:
        await backend.service.show_branch(conversation_id, head)
    if flags["archived"] is not None:
        await (store.archive if flags["archived"] else store.unarchive)(conversation_id)
    if flags["deleted"] is not None:
        await (store.delete if flags["deleted"] else store.restore)(conversation_id)
    return json_response(conversation_json(await conversation_of(request)))


async def delete_conversation(request: Request) -> Response:
    """Move a conversation to the trash."""
    conversation = await conversation_of(request)
    await backend_of(request).store.delete(conversation.id)
    return Response(status_code=204)


async def search(request: Request) -> Response:
    """Answer with the messages that match, best and newest first."""
    backend, client = backend_of(request), client_of(request)
    query = request.query_params.get("q", "")
    if not query.strip():
        raise wrong_field("q", "must be the words to search for")
    limit = count_in_query(request, "limit", 20, least=1, most=_SEARCH_PAGE)
    offset = count_in_query(request, "offset", 0, most=10_000)
    if client.sees_all:
        hits = await backend.store.search(query[:1000], limit=limit, offset=offset)
    else:
        hits = (await _own_hits(backend, client, query[:1000], offset + limit))[offset:]
    return json_response({"hits": [hit_json(hit) for hit in hits]})


async def _own_hits(backend: Backend, client: Client, query: str, wanted: int) -> list[SearchHit]:
    own = await backend.own_ids(client)
    hits: list[SearchHit] = []
    for page in range(_MOST_PAGES):
        found = await backend.store.search(query, limit=_SEARCH_PAGE, offset=page * _SEARCH_PAGE)
        hits += [hit for hit in found if hit.conversation_id in own]
        if len(hits) >= wanted or len(found) < _SEARCH_PAGE:
            break
    return hits[:wanted]


async def usage(request: Request) -> Response:
    """Answer with tokens and cost by day, model and conversation."""
    backend, client = backend_of(request), client_of(request)
    since = None
    if text := request.query_params.get("since"):
        try:
            since = moment_of(text, datetime.now(UTC))
        except ValueError as error:
            raise Problem(400, "invalid_request", str(error), field_name="since") from None
    rows = await backend.store.usage_rows(since)
    if not client.sees_all:
        own = await backend.own_ids(client)
        rows = [row for row in rows if row.conversation_id in own]
    return json_response(as_dict(report_on(rows, since)))
