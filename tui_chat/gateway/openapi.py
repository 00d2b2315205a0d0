"""The OpenAPI document of the native API, made from the table of routes."""

import re

from tui_chat.gateway.endpoints import ENDPOINTS, Endpoint
from tui_chat.gateway.json_values import Json

_TEXT: Json = {"type": "string"}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}
_COUNT: Json = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: Json = {"type": ["integer", "null"], "minimum": 0}
_FLAG: Json = {"type": "boolean"}
_MAYBE_OBJECT: Json = {"type": ["object", "null"]}


def _object(required: str = "", optional: str = "", **kinds: Json) -> Json:
    """Return the schema of an object; fields that are not among `kinds` are text, and null is a missing one."""
    properties = {name: kinds.get(name, _TEXT) for name in required.split()}
    properties |= {name: _or_null(kinds.get(name, _TEXT)) for name in optional.split()}
    made: Json = {"type": "object", "properties": properties}
    return made | ({"required": required.split()} if required else {})


def _or_null(kind: Json) -> Json:
    return {**kind, "type": [kind["type"], "null"]}


def _list(name: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_OPTIONS: Json = {
    "max_tokens": {"type": "integer", "minimum": 1, "maximum": 10**9},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "effort": {"type": "string", "maxLength": 40},
    "thinking": _FLAG,
    "client_request_id": {"type": "string", "maxLength": 128},
    "text": {"type": "string", "minLength": 1, "pattern": "\\S"},
    "attachments": _list("Attachment"),
}
_OPTION_NAMES = "model max_tokens temperature effort thinking client_request_id"
_SUMMARY = "id title model turns created_at updated_at archived_at deleted_at cost_usd cost_estimated is_live"
_TURN = (
    "id parent_id role status created_at model text thinking parts usage cost_usd cost_estimated stop_reason error"
    " ttft_ms duration_ms tokens_per_s"
)
_DATES: Json = {
    "archived_at": _MAYBE_TEXT,
    "deleted_at": _MAYBE_TEXT,
    "cost_usd": _MAYBE_TEXT,
    "cost_estimated": _FLAG,
}
SCHEMAS: Json = {
    "Health": _object("status"),
    "NewConversation": _object("text", f"attachments system title {_OPTION_NAMES}", **_OPTIONS),
    "Prompt": _object("text", f"attachments after {_OPTION_NAMES}", **_OPTIONS),
    "Message": _object("message", "conversationId model", message=_OPTIONS["text"]),
    "Edit": _object("text", "attachments model client_request_id", **_OPTIONS),
    "Retry": _object("", "model client_request_id", **_OPTIONS),
    "Continue": _object("", "text client_request_id", **_OPTIONS),
    "Change": _object("", "title model system head archived deleted", archived=_FLAG, deleted=_FLAG),
    "Verdict": _object("decision", "reason", decision={"enum": ["once", "deny", "stop"]}),
    "Answer": _object("conversation prompt reply"),
    "Cancelled": _object("cancelled", cancelled=_FLAG),
    "Summary": _object(_SUMMARY, **_DATES, turns=_COUNT, is_live=_FLAG),
    "ConversationList": _object("conversations next_cursor", conversations=_list("Summary"), next_cursor=_MAYBE_TEXT),
    "Attachment": _object("", "data sha256 media_type name"),
    "Uploaded": _object("sha256 size", size=_COUNT),
    "Turn": _object(
        _TURN,
        "html",
        parent_id=_MAYBE_TEXT,
        role={"enum": ["user", "assistant"]},
        status={"enum": ["streaming", "complete", "cancelled", "failed", "interrupted"]},
        parts={"type": "array", "items": {"type": "object"}},
        usage=_MAYBE_OBJECT,
        error=_MAYBE_OBJECT,
        cost_usd=_MAYBE_TEXT,
        cost_estimated=_FLAG,
        stop_reason=_MAYBE_TEXT,
        ttft_ms=_MAYBE_COUNT,
        duration_ms=_MAYBE_COUNT,
        tokens_per_s={"type": ["number", "null"]},
    ),
    "Conversation": _object(
        "id title model system created_at updated_at archived_at deleted_at head path turns cost_usd cost_estimated",
        **_DATES,
        head=_MAYBE_TEXT,
        path={"type": "array", "items": _TEXT},
        turns=_list("Turn"),
    ),
    "SearchHits": _object("hits", hits={"type": "array", "items": {"type": "object"}}),
    "Usage": _object("since total", since=_MAYBE_TEXT, total={"type": "object"}),
    "Models": _object("default models", models={"type": "array", "items": {"type": "object"}}),
    "Metrics": _object("requests active_streams", requests=_COUNT, active_streams=_COUNT),
    "Ticket": _object("ticket expires_in_s", expires_in_s={"type": "number"}),
    "Problem": _object("error", error=_object("kind message next_step field", field=_MAYBE_TEXT)),
}
_PROBLEMS = ("400", "401", "403", "404", "408", "409", "413", "415", "421", "429", "500", "502", "503", "504", "507")


def openapi_document(version: str) -> Json:
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        if endpoint.path.startswith(("/api/v1/", "/healthz")):
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "tui-chat", "version": version, "description": "The conversations of tui-chat over HTTP."},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
        },
    }


def _operation(endpoint: Endpoint) -> Json:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    parameters += [{"name": name, "in": "query", "required": False, "schema": _TEXT} for name in endpoint.query]
    if name := endpoint.required_query:
        parameters.append({"name": name, "in": "query", "required": True, "schema": _OPTIONS["text"]})
    operation: Json = {
        "summary": endpoint.summary,
        "operationId": endpoint.handler.__name__.rstrip("_"),
        "parameters": parameters,
        "responses": {str(endpoint.status): _answer(endpoint), **dict.fromkeys(_PROBLEMS, _PROBLEM)},
    }
    if endpoint.path == "/api/v1/attachments":
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.body:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{endpoint.body}"}}}
        operation["requestBody"] = {"required": bool(SCHEMAS[endpoint.body].get("required")), "content": content}
    return operation | ({"security": []} if endpoint.path == "/healthz" else {})


_PROBLEM: Json = {
    "description": "Why the request is refused.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _answer(endpoint: Endpoint) -> Json:
    if endpoint.streams:
        return {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
    if not endpoint.answer:
        return {"description": "Done."}
    schema = {"$ref": f"#/components/schemas/{endpoint.answer}"}
    return {"description": endpoint.summary, "content": {"application/json": {"schema": schema}}}
