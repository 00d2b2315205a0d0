"""A problem as a response, in the shape that the clients of a path expect. Knows no backend."""

import json

from starlette.responses import Response

from tui_chat.gateway.problem import Problem

_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
    503: "overloaded_error",
}


def problem_response(problem: Problem, path: str) -> Response:
    content = problem_json(problem, path)
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"cache-control": "no-store", **problem.headers}
    return Response(body, problem.status, headers, "application/json")


def problem_json(problem: Problem, path: str) -> object:
    """Return the error as OpenAI, Anthropic or this program's own API writes it."""
    if path.startswith("/unsaved"):
        path = path.removeprefix("/unsaved")
    if path.startswith("/v1/messages"):
        return anthropic_error(problem)
    if path.startswith("/v1/"):
        return openai_error(problem)
    if path.startswith("/api/chats/"):
        return {"success": False, "error": problem.message, "code": problem.kind.upper()}
    return {
        "error": {
            "kind": problem.kind,
            "message": problem.message,
            "next_step": problem.next_step,
            "field": problem.field_name,
        }
    }


def openai_error(problem: Problem) -> dict[str, object]:
    """Return an error as OpenAI writes it."""
    kind = _OPENAI_TYPES.get(problem.status, "server_error" if problem.status >= 500 else "invalid_request_error")
    return {"error": {"message": str(problem), "type": kind, "param": problem.field_name, "code": problem.kind}}


def anthropic_error(problem: Problem) -> dict[str, object]:
    kind = _ANTHROPIC_TYPES.get(problem.status, "api_error" if problem.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": str(problem)}}
