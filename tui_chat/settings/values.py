"""The settings as typed values. The annotations of the fields are the one table that checking, `config show`,
`config init` and the README use.

They are named tuples because every command loads this file, and dataclasses of this size take four times as long.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_origin, get_type_hints

if TYPE_CHECKING:
    from tui_chat.core.conversation import Options
    from tui_chat.core.usage import Price

_EMPTY: Mapping[str, Any] = MappingProxyType({})


class SettingInfo(NamedTuple):
    """The metadata of a setting besides its type and default."""

    description: str
    """What it is for."""
    variable: str = ""
    """The environment variable that sets it."""
    example: str = ""
    """A value for the starter file, where the default shows nothing."""
    least: float | None = None
    """The smallest valid number."""
    most: float | None = None
    """The largest valid number, if not the default one."""


_FIELDS: dict[type, Mapping[str, tuple[Any, SettingInfo]]] = {}


def setting_fields(kind: type) -> Mapping[str, tuple[Any, SettingInfo]]:
    """Return the fields of a class below that a user may set: name → type and metadata."""
    if kind not in _FIELDS:
        hints = get_type_hints(kind, include_extras=True)
        _FIELDS[kind] = {
            name: (hint.__origin__, hint.__metadata__[0])
            for name, hint in hints.items()
            if get_origin(hint) is Annotated
        }
    return _FIELDS[kind]


def variable_of(name: str) -> str:
    """Return the environment variable of a setting: `TUI_CHAT_UI_MEASURE` of `ui.measure`.

    A table with a name of the user's own, such as a provider, has none.
    """
    return f"TUI_CHAT_{name.replace('.', '_').upper()}" if name.count(".") <= 1 else ""


class Origin(NamedTuple):
    kind: str
    """`flag`, `environment`, `file` or `default`."""
    place: str = ""
    """The flag, the variable, or the file with its line."""

    def __str__(self) -> str:
        return self.place or self.kind


class Problem(NamedTuple):
    """Something in the settings that was skipped."""

    message: str
    file: str = ""
    """The file, or the variable."""
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


class ProviderSettings(NamedTuple):
    """`[providers.NAME]`: one provider: a known one or a custom one."""

    kind: Annotated[str, SettingInfo("its wire: openai, anthropic, or any known provider", example='"openai"')] = ""
    base_url: Annotated[str, SettingInfo("its address, with the path", example='"https://llm.example.com/v1"')] = ""
    api_key_env: Annotated[
        str, SettingInfo("the variable of the environment that holds its key", example='"WORK_API_KEY"')
    ] = ""
    api_key_cmd: Annotated[
        tuple[str, ...],
        SettingInfo("the command that prints its key; run without a shell", example='"pass show work/llm"'),
    ] = ()
    auth: Annotated[
        str,
        SettingInfo(
            "how the key is sent: bearer, x-api-key, api-key or none; empty is the default of its kind",
            example='"bearer"',
        ),
    ] = ""
    api: Annotated[
        Literal["auto", "chat", "responses"],
        SettingInfo(
            "which API of the OpenAI wire to use; auto takes Responses at OpenAI and Azure, chat elsewhere",
            example='"responses"',
        ),
    ] = "auto"
    headers: Annotated[
        Mapping[str, str],
        SettingInfo(
            "sent with every request; ${NAME} is taken from the environment", example='{ "X-Team" = "${TEAM}" }'
        ),
    ] = _EMPTY
    timeout_s: Annotated[
        float,
        SettingInfo("how long to wait for the first byte; local models may take long", least=1, example="600"),
    ] = 600.0
    api_version: Annotated[str, SettingInfo("azure: which version of its API", example='"2024-10-21"')] = ""
    account_id: Annotated[str, SettingInfo("cloudflare, workersai: the account", example='"0123456789abcdef"')] = ""
    gateway_id: Annotated[str, SettingInfo("cloudflare: the gateway", example='"default"')] = ""
    models: Annotated[
        tuple[str, ...], SettingInfo("its models, where it cannot list them", example='["large", "small"]')
    ] = ()
    background: Annotated[
        bool,
        SettingInfo(
            "keep a reply going over a lost connection; the provider stores it (Responses API)", example="true"
        ),
    ] = False
    allow_http: Annotated[bool, SettingInfo("send the key over plain http to another machine", example="true")] = (
        False
    )


class Profile(NamedTuple):
    """`[profiles.NAME]`: a model, system prompt and options under one name."""

    model: Annotated[str, SettingInfo("provider/model", example='"anthropic/claude-opus-5-5"')] = ""
    system: Annotated[str, SettingInfo("the system prompt", example='"You review code. Be brief and exact."')] = ""
    effort: Annotated[
        str | None, SettingInfo("low, medium, high …, where the model supports it", example='"high"')
    ] = None
    thinking: Annotated[
        bool | None, SettingInfo("think before answering, where the model supports it", example="true")
    ] = None
    max_tokens: Annotated[int | None, SettingInfo("maximum tokens of a reply", least=1, example="8000")] = None
    tools: Annotated[
        tuple[str, ...], SettingInfo("tools that the model may call: read, fetch, run or names", example='["read"]')
    ] = ()
    temperature: Annotated[
        float | None, SettingInfo("0 to 2, where the model supports it", least=0, example="0.2")
    ] = None
    kept_here: Annotated[bool, SettingInfo("its conversations never leave this machine by sync", example="true")] = (
        False
    )

    @property
    def options(self) -> "Options":
        from tui_chat.core.conversation import Options

        return Options(self.max_tokens, self.temperature, self.effort, self.thinking, self.tools)


class PriceSettings(NamedTuple):
    """`[prices."provider/model"]`: dollars per million tokens; they take precedence over the built-in list."""

    input: Annotated[Decimal | None, SettingInfo("uncached input", least=0, example="0.50")] = None
    output: Annotated[Decimal | None, SettingInfo("output, thinking included", least=0, example="2.00")] = None
    cache_read: Annotated[
        Decimal | None, SettingInfo("input read from a cache; otherwise as input", least=0, example="0.05")
    ] = None
    cache_write_5m: Annotated[
        Decimal | None,
        SettingInfo("input written to a cache for five minutes; otherwise as input", least=0, example="0.60"),
    ] = None
    cache_write_1h: Annotated[
        Decimal | None,
        SettingInfo("input written to a cache for an hour; otherwise as for five minutes", least=0, example="1.00"),
    ] = None
    free: Annotated[bool, SettingInfo("it is free, such as a model on this machine", example="true")] = False

    @property
    def price(self) -> "Price | None":
        """The price it comes to; `None` when neither free nor complete."""
        from tui_chat.core.usage import Price

        if self.free:
            return Price.of(Decimal(0), Decimal(0))
        if self.input is None or self.output is None:
            return None
        return Price.of(self.input, self.output, self.cache_read, self.cache_write_5m, self.cache_write_1h)


class UiSettings(NamedTuple):
    """`[ui]`: appearance and behaviour."""

    theme: Annotated[str, SettingInfo("a theme's name; auto follows the terminal", variable="TUI_CHAT_THEME")] = (
        "auto"
    )
    enter_sends: Annotated[bool, SettingInfo("Enter sends and ctrl+j makes a new line; false swaps the two")] = True
    prompt_keys: Annotated[
        Literal["default", "vi"], SettingInfo("keys of the prompt; vi has a normal mode, which its sign shows")
    ] = "default"
    measure: Annotated[int, SettingInfo("maximum width of prose in cells; 0 is the whole column", least=0)] = 100
    escape_delay_ms: Annotated[
        int,
        SettingInfo(
            "wait after Escape for the rest of a key sequence; 0 is 10 in a local terminal and 25 over SSH", least=0
        ),
    ] = 0
    animations: Annotated[bool, SettingInfo("animate scrolling and progress")] = True
    thinking_folded: Annotated[bool, SettingInfo("show the model's thinking as one line until it is unfolded")] = True
    tools_folded: Annotated[bool, SettingInfo("show tool calls as one line until they are unfolded")] = True
    images: Annotated[
        Literal["auto", "chip", "off"],
        SettingInfo("attached images: shown where the terminal can (kitty, Ghostty), by name alone, or not at all"),
    ] = "auto"
    costs: Annotated[bool, SettingInfo("show what a turn and a conversation cost")] = True
    notify: Annotated[
        bool, SettingInfo("notify through the terminal when a long reply ends while another window has the focus")
    ] = True


class ChatSettings(NamedTuple):
    """`[chat]`: retries, time-outs and saving."""

    retries: Annotated[
        int, SettingInfo("how often a request is retried that failed before its first byte", least=0, most=1000)
    ] = 2
    longest_wait_s: Annotated[
        float, SettingInfo("the longest pause that a provider may ask for; a longer one is an error", least=0)
    ] = 60.0
    silence_warning_s: Annotated[
        float, SettingInfo("seconds without data after which a reply is shown as stalled", least=1)
    ] = 15.0
    silence_limit_s: Annotated[
        float, SettingInfo("seconds without data after which a reply is ended as failed", least=1)
    ] = 30.0
    titles: Annotated[
        Literal["prompt", "model"],
        SettingInfo("source of titles: the first prompt, or the model, requested once after the first reply"),
    ] = "prompt"
    trash_days: Annotated[
        int, SettingInfo("days for which deleted conversations can be restored", least=0, most=100_000)
    ] = 30


TOOL_VERDICTS = ("allow", "ask", "deny")


class ToolSettings(NamedTuple):
    """`[tools]`: what models may do by themselves."""

    sandbox: Annotated[
        Literal["auto", "off"],
        SettingInfo("what confines commands: auto is bubblewrap, else Landlock; each question shows which applies"),
    ] = "auto"
    max_rounds: Annotated[int, SettingInfo("requests in one reply before it stops", least=1, most=1000)] = 20
    max_usd: Annotated[Decimal, SettingInfo("dollars that one reply may cost before it stops", least=0)] = Decimal(
        "1"
    )
    max_minutes: Annotated[float, SettingInfo("minutes that one reply may take before it stops", least=1)] = 30.0
    max_same_calls: Annotated[
        int, SettingInfo("the same call with the same result before a reply stops", least=2, most=1000)
    ] = 3
    max_result_characters: Annotated[
        int, SettingInfo("characters of a result that the model gets; the middle is left out", least=1000)
    ] = 30_000
    rules: Annotated[
        Mapping[str, str],
        SettingInfo(
            "allow, ask or deny for calls: TOOL or TOOL(SUBJECT), with * for any text",
            example='{ "fetch_url(docs.python.org)" = "allow", "run_command" = "deny" }',
        ),
    ] = _EMPTY


class BudgetSettings(NamedTuple):
    """`[budget]`: what may be spent; in dollars, tokens or both, such as "$5", "200k tokens" or "$5, 2M tokens"."""

    day: Annotated[
        str, SettingInfo("refuse requests above this in a day: dollars, tokens or both", example='"$5, 2M tokens"')
    ] = ""
    conversation: Annotated[str, SettingInfo("the same in one conversation", example='"$1"')] = ""
    request: Annotated[str, SettingInfo("the same for the input of one request", example='"200k tokens"')] = ""
    warn_day: Annotated[str, SettingInfo("warn before a request goes above this in a day", example='"$3"')] = ""
    warn_conversation: Annotated[str, SettingInfo("the same in one conversation", example='"$0.50"')] = ""
    warn_request: Annotated[str, SettingInfo("the same for one request", example='"100k tokens"')] = ""


class ServeSettings(NamedTuple):
    """`[serve]`: the HTTP server for other programs."""

    host: Annotated[str, SettingInfo("the address that the HTTP server listens on")] = "127.0.0.1"
    port: Annotated[int, SettingInfo("its port; 0 takes a free one", least=0, most=65_535)] = 7717
    socket: Annotated[bool, SettingInfo("listen on a Unix socket in the data folder as well")] = True
    hosts: Annotated[
        tuple[str, ...],
        SettingInfo("more host names by which clients may call it", example='["host.docker.internal"]'),
    ] = ()
    origins: Annotated[
        tuple[str, ...],
        SettingInfo("web pages that may call it, as whole origins", example='["http://localhost:3000"]'),
    ] = ()
    models: Annotated[
        tuple[str, ...],
        SettingInfo(
            "the only models that clients may use; empty allows all", example='["anthropic/claude-opus-5-5"]'
        ),
    ] = ()
    save: Annotated[
        Literal["all", "named", "none"],
        SettingInfo(
            "which chats of OpenAI and Anthropic clients are saved: all, those that name a conversation, or none"
        ),
    ] = "all"
    usd_per_day: Annotated[
        float | None, SettingInfo("refuse prompts after so many dollars in a day", least=0, example="5")
    ] = None
    page: Annotated[bool, SettingInfo("serve the built-in web page")] = True


class SyncSettings(NamedTuple):
    """`[sync]`: the same conversations on several machines."""

    url: Annotated[
        str,
        SettingInfo(
            "the PostgreSQL database that the machines share; `tui-chat sync init` and `join` set it",
            variable="TUI_CHAT_SYNC_URL",
            example='"postgresql://me@db.example.com/chats"',
        ),
    ] = ""
    key_cmd: Annotated[
        tuple[str, ...],
        SettingInfo(
            "the command that prints the key, instead of a file next to the database; run without a shell",
            example='["pass", "show", "tui-chat/sync"]',
        ),
    ] = ()
    password_cmd: Annotated[
        tuple[str, ...],
        SettingInfo("the command that prints the database's password", example='["pass", "show", "db/chats"]'),
    ] = ()
    when: Annotated[
        Literal["app", "manual"],
        SettingInfo("app: while the app or `serve` runs; manual: only by `tui-chat sync`"),
    ] = "app"
    every_s: Annotated[
        float, SettingInfo("seconds between two looks for changes of other machines", least=5, most=86_400)
    ] = 60.0


class McpSettings(NamedTuple):
    """`[mcp.NAME]`: an MCP server, whose tools are chosen by its name."""

    command: Annotated[
        tuple[str, ...], SettingInfo("the program and its arguments", example='["uvx", "mcp-server-git==2026.10.19"]')
    ] = ()
    url: Annotated[str, SettingInfo("its address instead of a command", example='""')] = ""
    env: Annotated[
        Mapping[str, str],
        SettingInfo(
            "variables for it; ${NAME} is taken from the environment", example='{ "TOKEN" = "${GIT_TOKEN}" }'
        ),
    ] = _EMPTY
    headers: Annotated[
        Mapping[str, str],
        SettingInfo("sent to its address; ${NAME} is taken from the environment", example='{ "X-Team" = "${TEAM}" }'),
    ] = _EMPTY
    cwd: Annotated[str, SettingInfo("the folder it runs in", example='"~/project"')] = ""
    tools: Annotated[tuple[str, ...], SettingInfo("the tools to offer; all if empty", example='["git_log"]')] = ()
    timeout_s: Annotated[float, SettingInfo("seconds that a call may take", least=1, example="60")] = 60.0
    start_timeout_s: Annotated[float, SettingInfo("seconds that its start may take", least=1, example="20")] = 20.0


class Settings(NamedTuple):
    """All settings, with their origins and problems."""

    default_model: Annotated[
        str, SettingInfo("provider/model; empty takes the first whose key is found", variable="TUI_CHAT_MODEL")
    ] = ""
    system: Annotated[str, SettingInfo("the system prompt of new conversations", example='"Answer briefly."')] = ""
    data_dir: Annotated[
        Path, SettingInfo("the folder of the database", variable="TUI_CHAT_DATA_DIR", example='"~/chats"')
    ] = Path()
    ui: UiSettings = UiSettings()
    chat: ChatSettings = ChatSettings()
    serve: ServeSettings = ServeSettings()
    sync: SyncSettings = SyncSettings()
    budget: BudgetSettings = BudgetSettings()
    tools: ToolSettings = ToolSettings()
    providers: Mapping[str, ProviderSettings] = _EMPTY
    """Every provider that is known or set, by name."""
    prices: Mapping[str, PriceSettings] = _EMPTY
    profiles: Mapping[str, Profile] = _EMPTY
    mcp: Mapping[str, McpSettings] = _EMPTY
    aliases: Mapping[str, str] = _EMPTY
    """`[aliases]`: short names of models; the value is `provider/model`."""
    keys: Mapping[str, tuple[str, ...]] = _EMPTY
    """The keys of an action by its id; empty for an action without keys."""
    file: Path = Path()
    """The settings file, whether it exists or not."""
    origins: Mapping[str, Origin] = _EMPTY
    """By dotted name; a missing name has its default."""
    problems: tuple[Problem, ...] = ()

    def origin(self, name: str) -> Origin:
        """Return where the value of that dotted name came from."""
        return self.origins.get(name, Origin("default"))
