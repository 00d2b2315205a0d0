"""The loopback server itself: it must send what it announces, and see what the client does."""

import asyncio
import json
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.wire_server import Answer, Cut, End, Newline, Wire, paced, pieces

BODY = 'event: a\ndata: {"x": "é日本👩‍🚀"}\n\nevent: b\ndata: {}\n\n'.encode()


@pytest.mark.parametrize("by", ["whole", "event", "byte", "utf8"])
@pytest.mark.parametrize("newline", ["lf", "crlf", "cr"])
async def test_the_pieces_arrive_as_the_whole(by: Cut, newline: Newline) -> None:
    parts = pieces(BODY, by, newline)
    async with Wire(Answer(parts)) as wire, httpx2.AsyncClient() as client:
        received = (await client.post(wire.url, content=b"ask")).content
    assert received == b"".join(parts) == bytes(wire.requests[0].sent)
    assert received.count(b"\r") == {"lf": 0, "crlf": 6, "cr": 6}[newline]
    assert wire.requests[0].body == b"ask"


def test_utf8_cuts_fall_inside_every_character_of_several_bytes() -> None:
    for part in pieces(BODY, "utf8")[:-1]:
        with pytest.raises(UnicodeDecodeError):
            part.decode()


@pytest.mark.parametrize(
    ("end", "error"), [(End.RESET, httpx2.ReadError), (End.CLOSE, httpx2.RemoteProtocolError), (End.CUT, None)]
)
async def test_each_end_looks_to_a_client_as_it_should(end: End, error: type[Exception] | None) -> None:
    async with Wire(Answer((b"half", 0.02, end))) as wire, httpx2.AsyncClient() as client:
        if error is None:
            assert (await client.get(wire.url)).content == b"half"
        else:
            with pytest.raises(error):
                await client.get(wire.url)


async def test_it_sees_the_client_leave_in_the_middle() -> None:
    async with Wire(Answer((b"half", End.HANG))) as wire, httpx2.AsyncClient() as client:
        async with client.stream("GET", wire.url):
            pass
        await asyncio.wait_for(wire.requests[0].gone.wait(), 5)
    assert wire.requests[0].client_left


async def test_one_connection_serves_several_requests_and_paths_have_their_own_answers() -> None:
    routes = {"/models": Answer.json(["m"])}
    async with Wire(Answer((b"1",)), Answer((b"2",)), routes=routes) as wire, httpx2.AsyncClient() as client:
        answers = [(await client.get(wire.url + path)).text for path in ("/", "/", "/models", "/")]
    assert answers == ["1", "2", '["m"]', "2"]
    assert wire.connections == 1


async def test_it_can_be_run_on_its_own(tmp_path: Path) -> None:
    file = tmp_path / "reply.sse"
    file.write_bytes(BODY)
    words = ("-m", "tests.support.wire_server", str(file), "--delay", "0.001", "--fault", "hang", "--after", "1")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx2.AsyncClient() as client, client.stream("GET", url) as response:
            assert await anext(response.aiter_bytes()) == pieces(BODY, "event")[0]
        events = [json.loads(await process.stdout.readline())["event"] for _ in range(2)]
        assert events == ["request", "left"]
    finally:
        process.terminate()
        await process.wait()


def test_pacing_waits_before_each_piece() -> None:
    assert paced([b"a", b"b"], 0.5) == [0.5, b"a", 0.5, b"b"]
