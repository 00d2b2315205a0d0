"""Tools that a model may call: what they are, who allows a call, and its result. Runs nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from tui_chat.core.form import Form, FormAnswer
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.part import AttachmentPart, ToolCallPart, ToolStatus
from tui_chat.core.text_tokens import rough_tokens

MAX_RESULT_CHARACTERS = 30_000
"""Of a result that a model gets; the middle of a longer one is left out."""


WEB_SEARCH, WEB_FETCH = "web_search", "web_fetch"
SERVER_TOOLS = (WEB_SEARCH, WEB_FETCH)
"""Tools that a provider runs itself; chosen by these names like the other tools."""
TOOL_GROUPS: Mapping[str, tuple[str, ...]] = {
    "read": ("list_files", "read_file", "search_files"),
    "fetch": ("fetch_url",),
    "run": ("run_command",),
}
"""The built-in tools by the word that chooses them."""
TOOL_GROUP_NOTES: Mapping[str, str] = {
    "read": "list, read and search files of the working folder",
    "fetch": "fetch https pages; asks for each host",
    "run": "run shell commands; asks for each command",
    "web_search": "search the web, run and billed by the provider",
    "web_fetch": "read web pages, run by the provider",
}


def tool_choices(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """Return the words of a choice such as `read,fetch`; raises `ValueError` for one that names no tool.

    `known` are the names of MCP servers and plug-ins; `git__status` is one tool of the server `git`.
    """
    words = tuple(dict.fromkeys(text.replace(",", " ").split()))
    built_in = {*TOOL_GROUPS, *SERVER_TOOLS, *(name for names in TOOL_GROUPS.values() for name in names)}
    for word in words:
        if word not in built_in and word not in known and not chosen_of(word, known):
            choices = (*TOOL_GROUPS, *SERVER_TOOLS, *known)
            hint = did_you_mean(word, choices)
            raise ValueError(f"there are no tools {word!r}{hint}; there are {', '.join(choices)}")
    return words


def chosen_of(choice: str, servers: Collection[str]) -> str:
    """Return the MCP server of which all tools or a single one are chosen; empty where there is none."""
    return next((name for name in servers if choice == name or choice.startswith(f"{name}__")), "")


class Effect(StrEnum):
    """What a tool may do to the world."""

    READ = "read"
    NETWORK = "network"
    EXECUTE = "execute"
    UNKNOWN = "unknown"
    """Any tool of an MCP server: its own description is no proof."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it is offered to a model."""

    name: str
    """As the model calls it: valid on every wire."""
    description: str
    schema_json: str
    """The JSON Schema of its arguments."""
    effect: Effect
    mcp: str = ""
    """The MCP server that has it; empty for a built-in tool."""
    fingerprint: str = ""
    """Of everything that a permission for it depends on; a permission for another one does not hold."""
    own_name: str = ""
    """As its MCP server calls it."""


def definition_tokens(tools: Iterable[Tool]) -> int:
    """Return roughly how many tokens the definitions take in every request."""
    return round(sum(rough_tokens(tool.name + tool.description + tool.schema_json) for tool in tools))


@dataclass(frozen=True, slots=True)
class CallReview:
    """What a call would do, found out without doing it."""

    tool: Tool
    is_free: bool
    """Whether it may run unasked: it only reads, and only where the user works."""
    summary: str
    """The call in one line."""
    details: str
    """All that it would do, for the user's decision; raw."""
    subject: str
    """What a permission for this call covers: a path, a host, a command line; empty for the whole tool."""
    warning: str = ""
    """Why it needs a second look, such as a file of secrets; a rule for the whole tool does not cover it."""


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """How a call ended, with the text for the model."""

    text: str
    status: ToolStatus = ToolStatus.DONE
    files: tuple[AttachmentPart, ...] = ()
    """Images that the model gets with the text."""


@dataclass(frozen=True, slots=True)
class ToolServer:
    """An MCP server as the user agrees to it."""

    name: str
    what: str
    """The whole command or address, with the names of variables and headers."""
    fingerprint: str
    """Of all that; a changed server is a new one."""
    warning: str = ""


class Decision(StrEnum):
    """What the user decides about one call."""

    ONCE = "once"
    CONVERSATION = "conversation"
    """This and the like for as long as the program runs, in this conversation."""
    ALWAYS = "always"
    """This and the like, from now on."""
    SERVER = "server"
    """Every tool of this MCP server, from now on."""
    DENY = "deny"
    STOP = "stop"
    """No, and end the reply here."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to an approval."""

    decision: Decision
    reason: str = ""
    """Goes to the model with a denial."""

    @property
    def allows(self) -> bool:
        """Whether the call may run."""
        return self.decision not in (Decision.DENY, Decision.STOP)


@dataclass(frozen=True, slots=True)
class Approval:
    """A call that waits for the user's answer."""

    call: ToolCallPart
    review: CallReview

    @property
    def always_covers(self) -> str:
        """What a permanent permission would cover, in words."""
        tool, subject = self.review.tool, self.review.subject
        if tool.effect is Effect.EXECUTE:
            return "exactly this command, and no other"
        return f"{tool.name} for {subject}" if subject else f"every call of {tool.name}"

    @property
    def rule(self) -> str:
        """The rule that would allow exactly the same."""
        tool, subject = self.review.tool, self.review.subject
        return f"{tool.name}({subject})" if subject else tool.name


class ArgumentsRefused(Exception):
    """A call with arguments that the tool cannot use; the message goes to the model."""


@runtime_checkable
class CanAsk(Protocol):
    """What `run` gets as `report` where a person can fill in a form."""

    async def ask(self, form: Form) -> FormAnswer: ...


class Toolbox(Protocol):
    """The tools of this program and of its MCP servers."""

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        """Return the chosen tools in a stable order; names that no longer exist are left out."""
        ...

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        """Return what a call would do. Raises `ArgumentsRefused`; changes nothing."""
        ...

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        """Run a call; `report` gets the last lines of what it prints. A cancelled call ends before it raises.

        Where `report` is a `CanAsk`, the tool may ask the user.
        """
        ...

    async def aclose(self) -> None:
        """End everything that still runs."""
        ...


def shortened(text: str, most: int = MAX_RESULT_CHARACTERS) -> str:
    """Return a text for a model: a long one with its head, its tail and a line with how much is missing."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    tail = most - head
    missing = f"{len(text) - most:,} of {len(text):,} characters left out here"
    return f"{text[:head]}\n[… {missing}; for the rest, ask for a smaller part …]\n{text[-tail:]}"
