"""Files of prompts over HTTP: inline, uploaded ahead, and read again."""

import base64
import hashlib

from tests.gateway.conftest import API, Gateway, MakeGateway
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.part import AttachmentPart

HELLO = (TextDelta("Hello"), Stopped("end_turn"))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
PNG_HASH = hashlib.sha256(PNG).hexdigest()
ZIP = base64.b64encode(b"PK\x03\x04" + b"\x00" * 40).decode()
INLINE = {"name": "shot.png", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}


async def uploaded(gateway: Gateway) -> str:
    answer = await gateway.http.post(
        "/api/v1/attachments", content=PNG, headers={"content-type": "application/octet-stream"}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"sha256": PNG_HASH, "size": len(PNG)}
    return PNG_HASH


def sent(gateway: Gateway) -> list[bytes]:
    """Return the files that the last request to the model holds."""
    parts = [part for turn in gateway.provider.requests[-1].turns for part in turn.parts]
    return [part.data for part in parts if isinstance(part, AttachmentPart)]


async def test_a_file_inline_or_uploaded_ahead_reaches_the_model(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ahead = {"name": "shot.png", "media_type": "image/png", "sha256": await uploaded(gateway)}
    for attachment in (INLINE, ahead):
        ids, stored = await gateway.started_and_ended("see", attachments=[attachment])
        assert sent(gateway) == [PNG]
        shown = (await gateway.http.get(f"{API}/{ids['conversation']}")).json()
        about = shown["turns"][0]["parts"][1]
        assert (about["name"], about["size"], about["sha256"]) == ("shot.png", len(PNG), PNG_HASH)
        read = await gateway.http.get(f"{API}/{ids['conversation']}/attachments/{PNG_HASH}")
        assert (read.content, read.headers["content-type"]) == (PNG, "application/octet-stream")
        assert read.headers["content-disposition"].startswith("attachment;")
        assert read.headers["x-content-type-options"] == "nosniff"
        assert stored.turns[0].parts[1]


async def test_an_edit_keeps_replaces_or_drops_the_files(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("see", attachments=[INLINE])
    place = f"{API}/{ids['conversation']}/turns/{ids['prompt']}/edit"
    for body, files in (({"text": "a"}, [PNG]), ({"text": "b", "attachments": []}, [])):
        assert (await gateway.http.post(place, json=body)).status_code == 202
        await gateway.ended(ids["conversation"])
        assert sent(gateway) == files


async def test_a_file_is_what_its_content_is(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    text = base64.b64encode("let ü = 1".encode("utf-16")).decode()
    files = [{**INLINE, "media_type": "text/plain"}, {"name": "a.ts", "media_type": "video/mp2t", "data": text}]
    await gateway.started_and_ended("see", attachments=files)
    parts = [part for part in gateway.provider.requests[-1].turns[0].parts if isinstance(part, AttachmentPart)]
    assert [part.media_type for part in parts] == ["image/png", "text/x-typescript"]
    assert parts[1].data.decode() == "let ü = 1"


async def test_an_own_token_attaches_only_what_it_uploaded(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    await gateway.started_and_ended("see", attachments=[INLINE])
    body = {"text": "x", "attachments": [{"name": "shot.png", "sha256": PNG_HASH}]}
    async with gateway.client(gateway.add_token("guest")) as guest:
        assert (await guest.post(API, json=body)).status_code == 400, "the hash alone gives no access to the bytes"
        await guest.post("/api/v1/attachments", content=PNG, headers={"content-type": "application/octet-stream"})
        assert (await guest.post(API, json=body)).status_code == 202


async def test_a_wrong_or_a_foreign_file_is_refused(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    for attachment in (
        {"sha256": "0" * 64},
        {**INLINE, "data": "%"},
        {**INLINE, "data": ZIP},
        {**INLINE, "data": ""},
    ):
        answer = await gateway.http.post(API, json={"text": "x", "attachments": [attachment]})
        assert answer.status_code == 400 and "attachments[0]" in answer.json()["error"]["field"]
    assert await gateway.conversations() == []
    ids, _ = await gateway.started_and_ended("see", attachments=[INLINE])
    async with gateway.client(gateway.add_token("guest")) as guest:
        answer = await guest.get(f"{API}/{ids['conversation']}/attachments/{PNG_HASH}")
        assert answer.status_code == 404
    form = await gateway.http.post("/api/v1/attachments", content=PNG, headers={"content-type": "text/plain"})
    assert form.status_code == 415
