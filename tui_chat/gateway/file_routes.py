"""Routes for attached files: upload bytes ahead of a prompt, and read what a conversation holds."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.clean import clean_line
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.body import Body
from tui_chat.gateway.dialects.data_url import attachment_of, from_base64
from tui_chat.gateway.problem import Problem, wrong_field
from tui_chat.gateway.request import backend_of, client_of, conversation_of, json_response, read_bytes
from tui_chat.gateway.tokens import Client


async def upload(request: Request) -> Response:
    """Store the bytes of a file for a prompt to come; without one they are removed after a day."""
    data = await read_bytes(request)
    if not data:
        raise Problem(400, "invalid_request", "The body is empty.")
    backend = backend_of(request)
    sha256 = await backend.store.put_blob(data)
    backend.note_upload(client_of(request), sha256)
    return json_response({"sha256": sha256, "size": len(data)}, 201)


async def download(request: Request) -> Response:
    """Answer with the bytes of a file of that conversation."""
    backend, sha256 = backend_of(request), request.path_params["sha256"]
    conversation = await conversation_of(request)
    parts = [part for turn in conversation.turns for part in turn.parts if isinstance(part, AttachmentPart)]
    part = next((part for part in parts if part.sha256 == sha256), None)
    if part is None:
        raise Problem(404, "not_found", "The conversation has no such file.", "Its `turns` list them.")
    name = quote(clean_line(part.name) or "file")
    # Saved and never shown by a browser, whatever it claims to be.
    headers = {"content-disposition": f"attachment; filename*=utf-8''{name}", "cache-control": "no-store"}
    return Response(part.data or await backend.store.blob(sha256), 200, headers, "application/octet-stream")


async def attachments_in(backend: Backend, client: Client, body: Body) -> tuple[AttachmentPart, ...]:
    """Return the files of a prompt: each with its bytes in base64, or with the hash of uploaded ones."""
    return tuple([await _attachment(backend, client, file) for file in body.objects("attachments")])


async def _attachment(backend: Backend, client: Client, file: Body) -> AttachmentPart:
    name, kind = file.text("name", most=255), file.text("media_type", most=100)
    if not (sha256 := file.text("sha256")):
        return from_base64(file.required_text("data"), kind, name, file.name("data"))
    try:
        if not backend.may_attach(client, sha256):
            raise NotFound
        data = await backend.store.blob(sha256)
    except NotFound:
        raise wrong_field(file.name("sha256"), "names no uploaded file") from None
    return attachment_of(data, kind, name, file.name("sha256"))
