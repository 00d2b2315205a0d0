"""The built-in tools: what each call would do, and doing it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tui_chat.attachments.fetching import Dial, Fetched, FetchFailed, Resolve, addresses_of, fetch
from tui_chat.core.part import ToolCallPart, ToolStatus
from tui_chat.core.tool import TOOL_GROUPS, ArgumentsRefused, CallReview, Tool, ToolOutcome
from tui_chat.tools.arguments import Arguments
from tui_chat.tools.command import DEFAULT_LIMIT_S, MAX_LIMIT_S, CommandRunner, Sandbox
from tui_chat.tools.definitions import BUILT_IN
from tui_chat.tools.files import MAX_COUNT, image_words, list_files, read_file, read_image
from tui_chat.tools.folder import Location, NotReadable, WorkingFolder
from tui_chat.tools.page_text import page_text

SEARCH_LIMIT_S = 20.0
_SECRETS = "its name is one of files that hold secrets"
_OUTSIDE = "it is outside the working folder"

Run = Callable[[ToolCallPart, Callable[[str], None]], Awaitable[ToolOutcome]]


class BuiltInTools:
    def __init__(
        self,
        root: Path,
        *,
        private: tuple[Path, ...] = (),
        sandbox: Sandbox = "auto",
        fetch_url: Callable[[str], Fetched] | None = None,
    ) -> None:
        """`private` folders are never read unasked."""
        self._folder = WorkingFolder(root, private)
        self._commands = CommandRunner(self._folder.root, sandbox)
        self._fetch = fetch_url or fetch_from_host
        self._running: dict[str, Run] = {
            "read_file": self._read_file,
            "list_files": self._list_files,
            "search_files": self._search_files,
            "fetch_url": self._fetch_url,
            "run_command": self._run_command,
        }

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        names = {name for choice in chosen for name in TOOL_GROUPS.get(choice, (choice,))}
        return tuple(tool for name, tool in BUILT_IN.items() if name in names)

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        match tool.name:
            case "fetch_url":
                url = self._url(call)
                return CallReview(tool, False, f"Fetch {url}", url, urlsplit(url).hostname or url)
            case "run_command":
                command = self._command(call)[0]
                details = f"{command}\n\nin {self._folder.root}\n{await self._commands.confinement()}"
                return CallReview(tool, False, f"Run {command}", details, command)
        location = await asyncio.to_thread(self._location, call)
        verb = {"read_file": "Read", "list_files": "List", "search_files": "Search"}[tool.name]
        reasons = [_OUTSIDE] * (not location.is_inside) + [_SECRETS] * location.has_secrets
        warning = " and ".join(reasons)
        details = f"{location.path}\n\n{call.input_json}"
        return CallReview(tool, not warning, f"{verb} {location.shown}", details, str(location.path), warning)

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        """Run a call; what goes wrong is its outcome."""
        try:
            return await self._running[tool.name](call, report)
        except (ArgumentsRefused, NotReadable, FetchFailed) as error:
            return ToolOutcome(str(error), ToolStatus.FAILED)

    async def aclose(self) -> None:
        """Do nothing: each call ends what it started."""

    # Files

    def _location(self, call: ToolCallPart) -> Location:
        if call.name == "read_file":
            return self._folder.locate(Arguments(call, ("path", "first", "count")).text("path"))
        known = ("path", "pattern") if call.name == "list_files" else ("regex", "path", "pattern")
        arguments = Arguments(call, known)
        if call.name == "search_files":
            arguments.text("regex")
        return self._folder.locate(arguments.text("path", ".") or ".")

    async def _read_file(self, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        arguments = Arguments(call, ("path", "first", "count"))
        first, count = arguments.number("first", 1, 10**9), arguments.number("count", MAX_COUNT, MAX_COUNT)
        location = self._location(call)
        if (image := await asyncio.to_thread(read_image, self._folder, location)) is not None:
            return ToolOutcome(image_words(image), files=(image,))
        return ToolOutcome(await asyncio.to_thread(read_file, self._folder, location, first, count))

    async def _list_files(self, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        pattern = Arguments(call, ("path", "pattern")).text("pattern", "*") or "*"
        return ToolOutcome(await asyncio.to_thread(list_files, self._folder, self._location(call), pattern))

    async def _search_files(self, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        arguments, location = Arguments(call, ("regex", "path", "pattern")), self._location(call)
        self._folder.check_folder(location)
        root, below = (self._folder.root, location.shown) if location.is_inside else (location.path, ".")
        job = {"root": str(root), "below": below, "pattern": arguments.text("pattern", ""), "regex": ""}
        return await _search(job | {"regex": arguments.text("regex")})

    # The network and commands

    def _url(self, call: ToolCallPart) -> str:
        url = Arguments(call, ("url",)).text("url")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ArgumentsRefused("The address is not valid.") from None
        if parts.scheme != "https" or not parts.hostname:
            raise ArgumentsRefused("Only https addresses are fetched.")
        return url

    async def _fetch_url(self, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        fetched = await asyncio.to_thread(self._fetch, self._url(call))
        if b"\x00" in fetched.data[:8_192]:
            failed = f"{fetched.name} is a binary file of {len(fetched.data):,} bytes."
            return ToolOutcome(failed, ToolStatus.FAILED)
        text = fetched.data.decode("utf-8", "replace")
        is_page = "<html" in text[:2_000].lower() or "<!doctype html" in text[:2_000].lower()
        return ToolOutcome(await asyncio.to_thread(page_text, text) if is_page else text)

    def _command(self, call: ToolCallPart) -> tuple[str, int]:
        arguments = Arguments(call, ("command", "timeout_s"))
        return arguments.text("command"), arguments.number("timeout_s", DEFAULT_LIMIT_S, MAX_LIMIT_S)

    async def _run_command(self, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        command, limit_s = self._command(call)
        return await self._commands.run(command, limit_s, report)


def fetch_from_host(url: str, *, dial: Dial | None = None, resolve: Resolve = addresses_of) -> Fetched:
    """Return the file at an address; a redirect to a host that the user was not asked about is refused."""
    wanted = (urlsplit(url).hostname or "").removeprefix("www.")

    def same_host(host: str, port: int) -> Sequence[str]:
        if host.removeprefix("www.") != wanted:
            raise FetchFailed(f"The address redirects to {host}. Fetch it there, if the user allows that.")
        return resolve(host, port)

    return fetch(url, resolve=same_host, dial=dial)


async def _search(job: dict[str, str]) -> ToolOutcome:
    """Search in a process that can be killed: an expression may take forever."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui_chat.tools.search"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=os.path.sep,
    )
    try:
        async with asyncio.timeout(SEARCH_LIMIT_S):
            found, _ = await process.communicate(json.dumps(job).encode())
    except TimeoutError:
        return ToolOutcome(f"[The search was stopped after {SEARCH_LIMIT_S:g} s.]", ToolStatus.TIMED_OUT)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        return ToolOutcome("The search failed.", ToolStatus.FAILED)
    return ToolOutcome(found.decode("utf-8", "replace"))
