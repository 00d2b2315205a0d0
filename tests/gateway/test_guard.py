"""Who gets past the guard: tokens, hosts, origins, kinds of bodies."""

import re
import stat
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx2
import pytest

from tests.gateway.conftest import API, MakeGateway
from tui_chat.gateway.backend import GatewayOptions
from tui_chat.gateway.endpoints import ENDPOINTS
from tui_chat.gateway.guard import OPEN_PATHS, WrongTokens
from tui_chat.gateway.problem import Problem


def path_of(template: str) -> str:
    return re.sub(r"{\w+(:path)?}", "demo", template)


async def test_without_a_token_every_path_but_the_open_ones_answers_401(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    async with httpx2.AsyncClient(base_url=gateway.url) as stranger:
        for endpoint in ENDPOINTS:
            answer = await stranger.request(endpoint.method, path_of(endpoint.path))
            if endpoint.path in OPEN_PATHS:
                assert answer.status_code == 200
            else:
                assert answer.status_code == 401, endpoint.path
        assert (await stranger.get("/nowhere")).status_code == 401
    assert gateway.provider.requests == []


async def test_a_request_without_a_token_is_refused_quickly(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    times = []
    async with httpx2.AsyncClient(base_url=gateway.url) as stranger:
        for _ in range(40):
            started_s = perf_counter()
            assert (await stranger.get(API, headers={"host": "evil.example"})).status_code == 401
            times.append(perf_counter() - started_s)
    assert median(times) < 0.05, "five milliseconds on a machine at rest"


@pytest.mark.parametrize("spelling", ["authorization", "x-api-key", "api-key"])
async def test_a_token_is_taken_in_three_spellings(spelling: str, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    value = f"Bearer {gateway.token}" if spelling == "authorization" else gateway.token
    async with httpx2.AsyncClient(base_url=gateway.url, headers={spelling: value}) as client:
        assert (await client.get(API)).status_code == 200
    async with httpx2.AsyncClient(base_url=gateway.url, headers={spelling: value + "x"}) as client:
        assert (await client.get(API)).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "localhost:1", "127.0.0.1.evil.example"])
async def test_a_foreign_host_name_answers_421(host: str, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    for path in (API, "/healthz"):
        answer = await gateway.http.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "serve.hosts" in answer.json()["error"]["next_step"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost.evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
async def test_a_foreign_page_answers_403_and_causes_nothing(
    headers: dict[str, str], make_gateway: MakeGateway
) -> None:
    gateway = await make_gateway()
    answer = await gateway.http.post(API, json={"text": "hi"}, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert await gateway.conversations() == []
    asked = await gateway.http.options(API, headers={**headers, "access-control-request-method": "POST"})
    assert "access-control-allow-origin" not in asked.headers


async def test_a_listed_origin_and_a_listed_host_may_call(make_gateway: MakeGateway) -> None:
    page = "https://chat.example"
    gateway = await make_gateway(options=GatewayOptions(port=0, hosts=("docker.example",), origins=(page,)))
    port = gateway.url.rpartition(":")[2]
    headers = {"origin": page, "host": f"docker.example:{port}"}
    asked = await gateway.http.options(API, headers=headers)
    assert asked.headers["access-control-allow-origin"] == page
    assert "authorization" in asked.headers["access-control-allow-headers"]
    answer = await gateway.http.get(API, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == page


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_body_that_is_not_json_answers_415(kind: str, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    answer = await gateway.http.post(API, content=b'{"text": "hi"}', headers={"content-type": kind})
    assert answer.status_code == 415
    assert await gateway.conversations() == []


async def test_no_cookie_is_set_and_nothing_is_cached(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    answer = await gateway.http.get(API)
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_wrong_tokens_are_limited_to_five_a_second() -> None:
    now_s = 100.0
    wrong = WrongTokens(lambda: now_s)
    for _ in range(5):
        wrong.count()
    with pytest.raises(Problem) as limited:
        wrong.count()
    assert limited.value.status == 429
    now_s = 161.0
    wrong.count()


async def test_a_right_token_passes_while_wrong_ones_are_refused(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    async with gateway.client("wrong") as guesser:
        statuses = [(await guesser.get(API)).status_code for _ in range(20)]
    assert set(statuses) == {401, 429}
    assert (await gateway.http.get(API)).status_code == 200


async def test_the_token_file_and_the_socket_are_private_and_hashes_alone_are_kept(
    make_gateway: MakeGateway,
) -> None:
    gateway = await make_gateway()
    token = gateway.add_token("reader")
    for name in ("serve.token", "serve.sock", "serve.json", "tokens.json"):
        assert stat.S_IMODE((gateway.folder / name).lstat().st_mode) == 0o600, name
    holders = [path.name for path in gateway.folder.iterdir() if path.is_file() and contains(path, token)]
    assert holders == []
    assert [path.name for path in gateway.folder.iterdir() if path.is_file() and contains(path, gateway.token)] == [
        "serve.token"
    ]


def contains(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


async def test_a_revoked_token_is_refused_at_once(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    async with gateway.client(gateway.add_token("reader")) as reader:
        assert (await reader.get(API)).status_code == 200
        gateway.backend.tokens.revoke("reader")
        assert (await reader.get(API)).status_code == 401


async def test_the_unix_socket_needs_the_token_too(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    transport = httpx2.AsyncHTTPTransport(uds=str(gateway.folder / "serve.sock"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get(API)).status_code == 401
        headers = {"authorization": f"Bearer {gateway.token}"}
        assert (await client.get(API, headers=headers)).json() == {"conversations": [], "next_cursor": None}


async def test_a_ticket_works_once(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    ticket = (await gateway.http.post("/api/v1/tickets")).json()["ticket"]
    async with httpx2.AsyncClient(base_url=gateway.url) as browser:
        assert (await browser.get(f"{API}?ticket={ticket}")).status_code == 200
        assert (await browser.get(f"{API}?ticket={ticket}")).status_code == 401
