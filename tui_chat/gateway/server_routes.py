"""Routes about the server itself: health, models, metrics, tickets."""

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.gateway.json_values import model_json
from tui_chat.gateway.request import backend_of, client_of, json_response
from tui_chat.gateway.tickets import LIFETIME_S


async def health(request: Request) -> Response:
    """Answer that the server runs, and nothing else."""
    return json_response({"status": "ok"})


async def models(request: Request) -> Response:
    """Answer with the models that may be used; `refresh=1` asks the providers."""
    backend = backend_of(request)
    if request.query_params.get("refresh") == "1":
        await backend.catalog.refreshed()
    known = [model_json(model) for model in await backend.models()]
    return json_response({"default": backend.default_model, "models": known})


async def metrics(request: Request) -> Response:
    """Answer with the counters since the start of the server."""
    return json_response(backend_of(request).metrics.as_json())


async def ticket(request: Request) -> Response:
    """Answer with a single-use ticket, for clients that cannot set headers."""
    made = backend_of(request).tickets.issue(client_of(request))
    return json_response({"ticket": made, "expires_in_s": LIFETIME_S}, 201)
