"""The built-in page: one file without data, that a strict policy keeps from loading or running anything else."""

import secrets
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.formats.html_markdown import content_css
from tui_chat.gateway.problem import Problem
from tui_chat.gateway.request import backend_of

_POLICY = (
    "default-src 'none'; connect-src 'self'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; img-src data: blob:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _page() -> str:
    return (files("tui_chat.gateway") / "page.html").read_text("utf-8").replace("CONTENT_CSS", content_css())


async def page(request: Request) -> Response:
    """Answer with the page."""
    if not backend_of(request).options.page:
        raise Problem(404, "not_found", "The page is switched off.", "Set serve.page = true.")
    nonce = secrets.token_urlsafe(16)
    headers = {"content-security-policy": _POLICY.format(nonce), "cache-control": "no-store"}
    return Response(_page().replace("NONCE", nonce), headers=headers, media_type="text/html; charset=utf-8")
