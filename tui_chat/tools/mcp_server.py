"""One MCP server through the official SDK: started when it is needed, owned by one task, restarted when it died.

The SDK is imported when the first server starts. A call that was sent is never sent again.
"""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tui_chat.core.form import CANCELLED, form_of
from tui_chat.core.part import ToolStatus
from tui_chat.core.tool import CanAsk, ToolOutcome
from tui_chat.core.tool_text import plain_output
from tui_chat.tools.mcp_config import McpConfig, ServerUnusable
from tui_chat.tools.mcp_http import PLAIN, bound_body
from tui_chat.tools.mcp_result import read_result

_log = logging.getLogger(__name__)
_LAUNCHER = Path(__file__).with_name("launcher.py")
_MAX_TOOLS = 1_000
_MAX_LOG_BYTES = 1_000_000
_CLOSE_S = 8.0
"""The SDK's own ladder from closed stdin to SIGKILL takes up to six seconds."""
_LONGEST_FORM_S = 600.0
_LONGEST_CALL_S = 86_400.0
"""For the SDK: the limit of a call is ours."""
LOGIN_NEEDED = "The MCP server {0} wants a login: run `tui-chat mcp login {0}`."
NOT_INSTALLED = "MCP servers need the MCP SDK; install tui-chat with the extra `mcp`."


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool as its server describes it."""

    name: str
    description: str
    schema_json: str


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A call that was sent."""

    report: Callable[[str], None]
    limit: asyncio.Timeout
    """It does not count while the user fills in a form."""


class McpServer:
    """A server, connected while it is used."""

    def __init__(self, config: McpConfig, log_dir: Path, auth: Callable[[], Any] = lambda: None) -> None:
        """`auth` returns what adds a login to requests over HTTP, or `None`."""
        self.config = config
        self._auth = auth
        self._wants_login = False
        self._log_file = log_dir / f"mcp-{config.name}.log"
        self._starting = asyncio.Lock()
        self._owner: asyncio.Task[None] | None = None
        self._owners: set[asyncio.Task[None]] = set()
        """The owner task, and those of connections that still close."""
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._client: Any = None
        self._is_closed = False
        self._running: list[_Running] = []

    async def definitions(self) -> list[Definition]:
        """Return its tools, sorted by name. Raises `ServerUnusable`."""
        client = await self._connected()
        found: list[Definition] = []
        cursor: str | None = None
        try:
            async with asyncio.timeout(self.config.start_timeout_s):
                while len(found) < _MAX_TOOLS:
                    page = await client.list_tools(cursor=cursor)
                    found += [_definition(tool) for tool in page.tools]
                    cursor = page.next_cursor
                    if not cursor:
                        break
        except Exception as fault:
            raise ServerUnusable(self._sentence("did not list its tools", fault)) from fault
        return sorted(found[:_MAX_TOOLS], key=lambda one: one.name)

    async def call(self, name: str, arguments: dict[str, Any], report: Callable[[str], None]) -> ToolOutcome:
        """Call a tool. A dead server is started before that; once the call is sent it is not repeated."""
        try:
            client = await self._connected()
        except ServerUnusable as error:
            return ToolOutcome(f"{error} The tool was not run.", ToolStatus.NOT_RUN)

        async def progress(done: float, total: float | None, message: str | None) -> None:
            report(message or (f"{done:g} of {total:g}" if total else f"{done:g}"))

        running = _Running(report, asyncio.timeout(self.config.timeout_s))
        self._running.append(running)
        try:
            async with running.limit:
                result = await client.call_tool(
                    name, arguments, read_timeout_seconds=_LONGEST_CALL_S, progress_callback=progress
                )
        except TimeoutError:
            return ToolOutcome(f"It did not answer within {self.config.timeout_s:g} s.", ToolStatus.TIMED_OUT)
        except Exception as fault:  # noqa: BLE001 — whatever the SDK raises is the outcome of this one call
            return self._failed(fault)
        finally:
            self._running.remove(running)
        status = ToolStatus.FAILED if result.is_error else ToolStatus.DONE
        text, files = read_result(result, name)
        return ToolOutcome(text, status, () if result.is_error else files)

    def _failed(self, fault: Exception) -> ToolOutcome:
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT

        code = fault.code if isinstance(fault, MCPError) else None
        if code == REQUEST_TIMEOUT:
            return ToolOutcome(f"It did not answer within {self.config.timeout_s:g} s.", ToolStatus.TIMED_OUT)
        if code == CONNECTION_CLOSED or not self._is_connected:
            return ToolOutcome(
                f"The MCP server {self.config.name} ended while the tool ran: its outcome is unknown."
                " Look before doing it again.",
                ToolStatus.UNKNOWN,
            )
        return ToolOutcome(f"The tool failed: {fault}", ToolStatus.FAILED)

    async def _elicit(self, context: Any, params: Any) -> Any:
        """Ask the user the questions of a tool: by a form, and never by an address to open."""
        from mcp_types import ElicitResult

        # A server does not name the call it asks for: the last one is the likeliest.
        running = self._running[-1] if self._running else None
        if running is None or not isinstance(running.report, CanAsk) or params.mode != "form":
            return ElicitResult(action="decline")
        try:
            form = form_of(self.config.name, plain_output(params.message), dict(params.requested_schema))
        except (ValueError, TypeError, KeyError) as fault:
            _log.warning("the MCP server %s asks by a form that is not supported: %s", self.config.name, fault)
            return ElicitResult(action="decline")
        running.limit.reschedule(None)
        try:
            async with asyncio.timeout(_LONGEST_FORM_S):
                answer = await running.report.ask(form)
        except TimeoutError:
            answer = CANCELLED
        if running in self._running:
            running.limit.reschedule(asyncio.get_running_loop().time() + self.config.timeout_s)
        values = (answer.values or {}).items()
        content = {name: [*value] if isinstance(value, tuple) else value for name, value in values}
        return ElicitResult(action=answer.action, content=content if answer.action == "accept" else None)

    async def aclose(self) -> None:
        """Disconnect, and end the server with everything that it started."""
        self._is_closed = True
        self._closing.set()
        if self._owners:
            await asyncio.wait(self._owners, timeout=_CLOSE_S)

    # The owner task: the SDK's task groups must be left where they were entered

    async def _connected(self) -> Any:
        async with self._starting:
            if self._is_connected:
                return self._client
            if self._is_closed:
                raise ServerUnusable(f"The MCP server {self.config.name} was stopped.")
            self.config.check()
            ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._closing, self._ended = asyncio.Event(), asyncio.Event()
            owning = self._own(ready, self._closing, self._ended)
            self._owner = asyncio.create_task(owning, name=f"mcp {self.config.name}")
            self._owners.add(self._owner)
            self._owner.add_done_callback(self._owners.discard)
            try:
                async with asyncio.timeout(self.config.start_timeout_s):
                    self._client = await asyncio.shield(ready)
            except TimeoutError:
                self._closing.set()
                raise ServerUnusable(
                    f"The MCP server {self.config.name} did not answer within {self.config.start_timeout_s:g} s;"
                    f" {self._log_file} has what it printed."
                ) from None
            return self._client

    @property
    def _is_connected(self) -> bool:
        return self._owner is not None and not self._owner.done() and not self._ended.is_set()

    async def _own(self, ready: asyncio.Future[Any], closing: asyncio.Event, ended: asyncio.Event) -> None:
        """Keep the server connected until `closing` is set or it ends by itself."""
        try:
            import anyio
        except ImportError:
            ready.set_exception(ServerUnusable(NOT_INSTALLED))
            return
        try:
            # A scope of anyio's: the SDK's own shutdown is shielded against that, and not against `task.cancel()`.
            with anyio.CancelScope() as scope:
                entered = asyncio.Event()
                watching = asyncio.create_task(_cancel_when(scope, closing, ended, entered))
                try:
                    async with AsyncExitStack() as stack:
                        client = await self._client_for(stack, ended, entered)
                        if not ready.done():
                            ready.set_result(client)
                        await asyncio.Event().wait()
                finally:
                    watching.cancel()
        except Exception as fault:  # noqa: BLE001 — the SDK's tasks may fail in any way, several at once
            _log.warning("the MCP server %s ended: %s", self.config.name, type(fault).__name__)
            self._refuse(ready, fault)
        finally:
            self._refuse(ready, ServerUnusable(f"The MCP server {self.config.name} was stopped."))

    def _refuse(self, ready: asyncio.Future[Any], fault: Exception) -> None:
        if not ready.done():
            ready.set_exception(ServerUnusable(self._sentence("cannot be used", fault)))
            ready.exception()  # the caller may have stopped waiting

    async def _client_for(self, stack: AsyncExitStack, ended: asyncio.Event, entered: asyncio.Event) -> Any:
        try:
            from mcp import Client, StdioServerParameters
            from mcp.client.stdio import stdio_client
            from mcp.client.streamable_http import streamable_http_client
        except ImportError:
            raise ServerUnusable(NOT_INSTALLED) from None
        config = self.config
        if config.url:
            limits = httpx2.Timeout(config.start_timeout_s, read=max(config.timeout_s, _LONGEST_FORM_S) + 5)
            headers = PLAIN | config.expanded(config.headers)
            hooks = {"response": [self._note_refusal, bound_body]}
            http = httpx2.AsyncClient(headers=headers, timeout=limits, auth=self._auth(), event_hooks=hooks)
            transport: Any = streamable_http_client(config.url, http_client=await stack.enter_async_context(http))
        else:
            parameters = StdioServerParameters(
                command=sys.executable,
                args=["-I", str(_LAUNCHER), "--follow-parent", *config.command],
                env=config.expanded(config.env),
                cwd=config.cwd or None,
                encoding_error_handler="replace",
            )
            transport = stdio_client(parameters, errlog=stack.enter_context(self._open_log()))
        client = Client(
            _watched(transport, ended, entered),
            read_timeout_seconds=config.timeout_s,
            elicitation_callback=self._elicit,
        )
        return await stack.enter_async_context(client)

    async def _note_refusal(self, response: httpx2.Response) -> None:
        """Note that the server wants a login: the SDK does not pass on why it was refused."""
        self._wants_login = response.status_code == 401

    def _open_log(self) -> Any:
        self._log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_long = self._log_file.exists() and self._log_file.stat().st_size > _MAX_LOG_BYTES
        return self._log_file.open("w" if is_long else "a", encoding="utf-8", errors="replace")

    def _sentence(self, what: str, fault: BaseException) -> str:
        while isinstance(fault, BaseExceptionGroup):
            fault = fault.exceptions[0]
        if isinstance(fault, ServerUnusable):
            return str(fault)
        reason = str(fault) or type(fault).__name__
        if self._wants_login:
            return LOGIN_NEEDED.format(self.config.name)
        log = "" if self.config.url else f" {self._log_file} has what it printed."
        return f"The MCP server {self.config.name} {what}: {reason.rstrip('.')}.{log}"


async def _cancel_when(scope: Any, closing: asyncio.Event, ended: asyncio.Event, entered: asyncio.Event) -> None:
    """Leave the server when it is to be closed, or once it has closed its output.

    Not while its process is being started: a start that is cancelled leaves the process behind.
    """
    waiting = [asyncio.ensure_future(event.wait()) for event in (closing, ended)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await entered.wait()
        scope.cancel()
    finally:
        for one in waiting:
            one.cancel()


class _WatchedStream:
    """The messages of a server; sets an event at their end."""

    def __init__(self, stream: Any, ended: asyncio.Event) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> "_WatchedStream":
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *fault: Any) -> Any:
        self._ended.set()
        return await self._stream.__aexit__(*fault)

    def __aiter__(self) -> "_WatchedStream":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended.set()
            raise


@asynccontextmanager
async def _watched(transport: Any, ended: asyncio.Event, entered: asyncio.Event) -> AsyncGenerator[Any, None]:
    async with transport as (reading, writing):
        entered.set()
        yield _WatchedStream(reading, ended), writing


def _definition(tool: Any) -> Definition:
    schema = tool.input_schema if isinstance(tool.input_schema, dict) else {"type": "object"}
    return Definition(tool.name, tool.description or "", json.dumps(schema, sort_keys=True, separators=(",", ":")))
