"""The built-in tools on a real folder: what is free, what asks, and that nothing leads outside."""

import asyncio
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.attachments.samples import image
from tui_chat.attachments.fetching import Fetched, FetchFailed, fetch
from tui_chat.core.part import ToolCallPart, ToolStatus
from tui_chat.core.tool import ArgumentsRefused, CallReview, ToolOutcome
from tui_chat.tools import built_in_tools, files
from tui_chat.tools.built_in_tools import BuiltInTools
from tui_chat.tools.definitions import BUILT_IN
from tui_chat.tools.folder import NotReadable, WorkingFolder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A working folder with a neighbour that must stay unread."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "letter.txt").write_text("private words\n")
    root = tmp_path / "work"
    (root / "src").mkdir(parents=True)
    (root / "src" / "main.py").write_text("import os\n\ndef main():\n    return os.name\n")
    (root / "notes.md").write_text("one\ntwo\nthree\n")
    (root / ".env").write_text("API_KEY=abc\n")
    return root


def call(name: str, **arguments: object) -> ToolCallPart:
    return ToolCallPart("c1", name, json.dumps(arguments))


async def reviewed(tools: BuiltInTools, name: str, **arguments: object) -> CallReview:
    return await tools.review(BUILT_IN[name], call(name, **arguments))


async def ran(tools: BuiltInTools, name: str, **arguments: object) -> ToolOutcome:
    return await tools.run(BUILT_IN[name], call(name, **arguments), lambda tail: None)


async def test_a_word_chooses_a_group_and_the_order_is_stable(root: Path) -> None:
    tools = BuiltInTools(root)
    assert [tool.name for tool in await tools.offered(["read"])] == ["list_files", "read_file", "search_files"]
    assert await tools.offered(["search_files", "read"]) == await tools.offered(["read"])
    assert [tool.name for tool in await tools.offered(["run", "fetch", "nowhere"])] == ["fetch_url", "run_command"]


async def test_reading_inside_the_folder_is_free(root: Path) -> None:
    tools = BuiltInTools(root)
    for name, arguments in (
        ("read_file", {"path": "notes.md"}),
        ("read_file", {"path": "src/../notes.md"}),
        ("read_file", {"path": str(root / "notes.md")}),
        ("list_files", {}),
        ("search_files", {"regex": "x", "path": "src"}),
    ):
        assert (await reviewed(tools, name, **arguments)).is_free, name


@pytest.mark.parametrize("path", ["../outside/letter.txt", "/etc/passwd", "~/x", "link.txt", "folder/letter.txt"])
async def test_what_leads_outside_asks_with_its_true_path(root: Path, path: str) -> None:
    (root / "link.txt").symlink_to(root.parent / "outside" / "letter.txt")
    (root / "folder").symlink_to(root.parent / "outside")
    review = await reviewed(BuiltInTools(root), "read_file", path=path)
    assert not review.is_free and "outside" in review.warning
    if "letter" in path or "link" in path:
        assert review.subject == str((root.parent / "outside" / "letter.txt").resolve())


@pytest.mark.parametrize("path", [".env", "id_rsa", "deploy.pem", ".aws/credentials", "src/.netrc"])
async def test_files_of_secrets_ask_even_inside(root: Path, path: str) -> None:
    review = await reviewed(BuiltInTools(root), "read_file", path=path)
    assert not review.is_free and "secrets" in review.warning


async def test_a_harmless_name_that_links_to_secrets_asks(root: Path) -> None:
    (root / "readme.txt").symlink_to(".env")
    assert not (await reviewed(BuiltInTools(root), "read_file", path="readme.txt")).is_free


async def test_the_programs_own_folder_asks(root: Path) -> None:
    tools = BuiltInTools(root, private=(root / "src",))
    assert not (await reviewed(tools, "read_file", path="src/main.py")).is_free


async def test_read_file_numbers_lines_and_reports_how_to_read_on(root: Path) -> None:
    tools = BuiltInTools(root)
    assert (await ran(tools, "read_file", path="notes.md")).text == "     1  one\n     2  two\n     3  three"
    text = (await ran(tools, "read_file", path="notes.md", first=2, count=1)).text
    assert text == "     2  two\n[There is more: read on with first=3.]"
    (root / "long.txt").write_text("".join(f"line {number} {'x' * 90}\n" for number in range(2_000)))
    text = (await ran(tools, "read_file", path="long.txt")).text
    assert len(text) < 30_000 and "read on with first=" in text.splitlines()[-1]


async def test_read_file_gives_an_image_as_a_file_and_refuses_one_that_is_too_large(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = BuiltInTools(root)
    (root / "shot.png").write_bytes(image())
    outcome = await ran(tools, "read_file", path="shot.png")
    assert [file.data for file in outcome.files] == [image()] and "shot.png, image/png, 40×30" in outcome.text
    monkeypatch.setattr("tui_chat.attachments.read_file.FILE_MAX_BYTES", 10)
    refused = await ran(tools, "read_file", path="shot.png")
    assert refused.status is ToolStatus.FAILED and "at most 10 can be attached" in refused.text


async def test_binary_files_pipes_and_devices_are_reported_and_nothing_waits(root: Path) -> None:
    tools = BuiltInTools(root)
    (root / "data.bin").write_bytes(b"\x00\x01" * 500)
    os.mkfifo(root / "pipe")
    async with asyncio.timeout(10):
        assert "binary file of 1,000 bytes" in (await ran(tools, "read_file", path="data.bin")).text
        outcome = await ran(tools, "read_file", path="pipe")
        assert outcome.status is ToolStatus.FAILED and "not a plain file" in outcome.text
        assert "not a plain file" in (await ran(tools, "read_file", path="src")).text
        assert "There is no nothing.md." in (await ran(tools, "read_file", path="nothing.md")).text
        assert "not a plain file" in (await ran(tools, "read_file", path="/dev/zero")).text


def test_a_race_with_a_link_never_reads_outside(root: Path) -> None:
    """A folder is swapped for a link to the neighbour over and over while files in it are read."""
    folder, swapped, stop = WorkingFolder(root), root / "swap", threading.Event()
    (root / "real").mkdir()
    (root / "real" / "letter.txt").write_text("public words\n")
    (root / "real").rename(swapped)

    def swap() -> None:
        while not stop.is_set():
            swapped.rename(root / "real")
            swapped.symlink_to(root.parent / "outside")
            swapped.unlink()
            (root / "real").rename(swapped)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: set[str] = set()
    try:
        for _ in range(3_000):
            try:
                location = folder.locate("swap/letter.txt")
                if location.is_inside:
                    seen.add(files.read_file(folder, location, 1, 10))
            except (NotReadable, ArgumentsRefused):
                seen.add("refused")
    finally:
        stop.set()
        swapper.join()
    assert seen and all("private" not in text for text in seen)


async def test_list_files_follows_git_and_patterns(root: Path) -> None:
    tools = BuiltInTools(root)
    assert (await ran(tools, "list_files")).text == "notes.md\nsrc/main.py"
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / ".gitignore").write_text("*.md\n")
    assert (await ran(tools, "list_files")).text == ".env\n.gitignore\nsrc/main.py"
    assert (await ran(tools, "list_files", path="src", pattern="*.py")).text == "src/main.py"
    assert "No file below" in (await ran(tools, "list_files", pattern="*.rs")).text


async def test_search_files_finds_lines_and_skips_secrets_and_links(root: Path) -> None:
    (root / "copy.md").symlink_to(root.parent / "outside" / "letter.txt")
    tools = BuiltInTools(root)
    assert (await ran(tools, "search_files", regex=r"import \w+")).text == "src/main.py:1: import os"
    assert (await ran(tools, "search_files", regex="private words|API_KEY")).text == "[Nothing matches.]"
    assert (await ran(tools, "search_files", regex="two", pattern="*.py")).text == "[Nothing matches.]"
    assert "not valid" in (await ran(tools, "search_files", regex="(")).text


async def test_an_expression_that_takes_forever_is_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built_in_tools, "SEARCH_LIMIT_S", 1.0)
    (root / "evil.txt").write_text("a" * 64 + "!\n")
    outcome = await ran(BuiltInTools(root), "search_files", regex="(a+)+$", pattern="evil.txt")
    assert outcome.status is ToolStatus.TIMED_OUT


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read_file", {}),
        ("read_file", {"path": 5}),
        ("read_file", {"path": "a", "lines": 3}),
        ("run_command", {"command": ""}),
        ("fetch_url", {"url": "http://example.org"}),
        ("fetch_url", {"url": "file:///etc/passwd"}),
        ("search_files", {"path": "."}),
    ],
)
async def test_arguments_that_cannot_be_used_are_refused(root: Path, name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ArgumentsRefused):
        await reviewed(BuiltInTools(root), name, **arguments)


# The network


async def test_fetch_url_asks_for_the_host_and_returns_the_text_of_a_page(root: Path) -> None:
    page = (
        b"<!doctype html><html><head><title>x</title></head><body><h1>News</h1><p>One <a href='https://a.b/c'>two</a>"
    )
    tools = BuiltInTools(root, fetch_url=lambda url: Fetched("page", page))
    review = await reviewed(tools, "fetch_url", url="https://example.org/a?b=c")
    assert (review.is_free, review.subject, review.details) == (False, "example.org", "https://example.org/a?b=c")
    outcome = await ran(tools, "fetch_url", url="https://example.org/a")
    assert outcome.text == "# News\n\nOne two (https://a.b/c)"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "10.1.2.3",
        "192.168.1.1",
        "169.254.169.254",
        "198.18.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
    ],
)
async def test_no_spelling_of_a_private_address_is_fetched(root: Path, host: str) -> None:
    def refuse(address: str, port: int, name: str) -> object:
        raise AssertionError(f"connected to {address}")

    tools = BuiltInTools(root, fetch_url=lambda url: fetch(url, dial=refuse))  # type: ignore[arg-type]
    outcome = await ran(tools, "fetch_url", url=f"https://{host}/")
    assert outcome.status is ToolStatus.FAILED


async def test_a_name_that_leads_to_a_private_address_is_not_fetched(root: Path) -> None:
    def through(url: str) -> Fetched:
        return fetch(url, resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])

    outcome = await ran(BuiltInTools(root, fetch_url=through), "fetch_url", url="https://rebound.example/")
    assert outcome.status is ToolStatus.FAILED and "own network" in outcome.text


async def test_a_fetch_that_fails_is_reported_to_the_model(root: Path) -> None:
    def failing(url: str) -> Fetched:
        raise FetchFailed("The server answered with status 404.")

    outcome = await ran(BuiltInTools(root, fetch_url=failing), "fetch_url", url="https://example.org/x")
    assert outcome == ToolOutcome("The server answered with status 404.", ToolStatus.FAILED)


def test_a_redirect_to_another_host_is_left_to_the_users_answer() -> None:
    ours, theirs = socket.socketpair()
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/take?it=1\r\nContent-Length: 0\r\n\r\n"
    with ours, theirs:
        theirs.sendall(moved)
        with pytest.raises(FetchFailed, match=r"redirects to elsewhere\.example"):
            built_in_tools.fetch_from_host(
                "https://example.org/x",
                dial=lambda address, port, host: ours,
                resolve=lambda host, port: ["93.184.216.34"],
            )
