"""The application: the routes of all dialects behind the guard. Listens on nothing."""

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from tui_chat.core.error import ChatError, NotFound
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.endpoints import ENDPOINTS
from tui_chat.gateway.guard import Guard
from tui_chat.gateway.openapi import openapi_document
from tui_chat.gateway.problem import Problem, problem_of
from tui_chat.gateway.problem_response import problem_response
from tui_chat.gateway.request import backend_of, json_response, refused_as_missing
from tui_chat.gateway.socket_routes import socket

_log = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]


def build_app(backend: Backend) -> ASGIApp:
    routes: list[BaseRoute] = [Route(one.path, _explained(one.handler), methods=[one.method]) for one in ENDPOINTS]
    routes.append(Route("/api/v1/openapi.json", _explained(_openapi), methods=["GET"]))
    routes.append(WebSocketRoute("/api/v1/socket", socket))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_route})
    app.state.backend = backend
    return Guard(app, backend)


async def _openapi(request: Request) -> Response:
    """Answer with the description of the native API."""
    return json_response(openapi_document(backend_of(request).version))


def _explained(handler: Handler) -> Handler:
    """Return the handler with every error turned into an answer."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except Problem as error:
            problem = error
        except NotFound as error:
            problem = refused_as_missing(error)
        except ChatError as error:
            problem = problem_of(error)
        except Exception as fault:  # noqa: BLE001 — the outermost handler answers every fault in the client's shape
            _log.error("a fault while a request was handled", exc_info=fault)
            message = "Internal error in tui-chat."
            problem = Problem(500, "unexpected", message, "The log has the details.")
            problem.headers["x-should-retry"] = "false"
        backend_of(request).metrics.refusals[problem.status] += 1
        return problem_response(problem, request.url.path)

    return handle


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    message = "There is no such address." if status == 404 else "The address does not take this method."
    kind = "not_found" if status == 404 else "method_not_allowed"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    problem = Problem(status, kind, message, "GET /api/v1/openapi.json lists all.", headers=headers)
    return problem_response(problem, request.url.path)
