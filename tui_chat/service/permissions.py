"""Who may run what: the rules of the settings, and what the user has allowed. Asks no one and runs nothing."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from tui_chat.core.error import StorageError
from tui_chat.core.tool import CallReview, Decision, Effect, Tool, ToolServer, Verdict
from tui_chat.storage.store import Store

_STATE_KEY = "tool_grants"
_CONSENTS_KEY = "mcp_consents"
_RULE = re.compile(r"(?P<name>[\w*?.-]+)(?:\((?P<subject>.*)\))?", re.DOTALL)


class Permission(StrEnum):
    """The verdict of a rule on the calls that it covers."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permanent permission that the user has given."""

    tool: str
    subject: str
    """Empty for every call of the tool."""
    fingerprint: str
    """Of the tool as it was; another one asks again."""
    given_at: str

    @property
    def words(self) -> str:
        """What it allows, for the user."""
        return f"{self.tool} for {self.subject}" if self.subject else self.tool

    def covers(self, review: CallReview) -> bool:
        tool = review.tool
        return (self.tool, self.subject, self.fingerprint) == (tool.name, review.subject, tool.fingerprint)


def is_rule(rule: str) -> bool:
    """Return whether the text names calls: `TOOL` or `TOOL(SUBJECT)`, with `*` for any text."""
    return _RULE.fullmatch(rule) is not None


def rule_covers(rule: str, review: CallReview) -> bool:
    """Return whether a rule names the call. The subject of a command is compared as a whole, without wildcards."""
    found = _RULE.fullmatch(rule)
    if found is None or not fnmatchcase(review.tool.name, found["name"]):
        return False
    if (subject := found["subject"]) is None:
        return not review.warning
    if review.tool.effect is Effect.EXECUTE:
        return subject == review.subject
    return subject == review.subject or fnmatchcase(review.subject, subject)


class Permissions:
    """The rules, and the grants of this run and the permanent ones."""

    def __init__(self, store: Store, rules: Mapping[str, Permission] | None = None) -> None:
        self._store = store
        self.rules: Mapping[str, Permission] = dict(rules or {})
        self._granted: dict[str, list[Grant]] = {}
        """By conversation; forgotten when the program ends."""
        self.can_fill_forms = False
        """Whether a person is there to fill in forms: the app sets it; forms are declined where none is."""
        self._waiting: set[str] = set()
        self._watchers: list[Callable[[], object]] = []

    @property
    def waiting(self) -> frozenset[str]:
        """The ids of the conversations in which a question waits for the user."""
        return frozenset(self._waiting)

    def watch(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback` whenever `waiting` changes; return a function that ends this."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    def set_waiting(self, conversation_id: str, *, is_waiting: bool) -> None:
        if is_waiting is not (conversation_id in self._waiting):
            (self._waiting.add if is_waiting else self._waiting.discard)(conversation_id)
            for callback in tuple(self._watchers):
                callback()

    async def decide(self, conversation_id: str, review: CallReview) -> Permission:
        """Return what to do with a call: deny wins over ask, and ask over allow."""
        permissions = {
            permission for rule, permission in self.rules.items() if self._applies(rule, permission, review)
        }
        for permission in (Permission.DENY, Permission.ASK):
            if permission in permissions:
                return permission
        if permissions or review.is_free:
            return Permission.ALLOW
        grants = [*self._granted.get(conversation_id, ()), *await self.grants()]
        return Permission.ALLOW if any(grant.covers(review) for grant in grants) else Permission.ASK

    def _applies(self, rule: str, permission: Permission, review: CallReview) -> bool:
        if permission is not Permission.DENY or rule_covers(rule, review):
            return rule_covers(rule, review)
        # A denial of the whole tool denies its calls that need a second look too.
        return "(" not in rule and fnmatchcase(review.tool.name, rule)

    async def remember(
        self, conversation_id: str, review: CallReview, verdict: Verdict, offered: Iterable[Tool], now: datetime
    ) -> None:
        """Keep what a verdict allows beyond its call."""
        given_at = now.isoformat()
        grant = Grant(review.tool.name, review.subject, review.tool.fingerprint, given_at)
        match verdict.decision:
            case Decision.CONVERSATION:
                self._granted.setdefault(conversation_id, []).append(grant)
            case Decision.ALWAYS:
                await self._add([grant])
            case Decision.SERVER:
                tools = [tool for tool in offered if tool.mcp and tool.mcp == review.tool.mcp]
                await self._add([Grant(tool.name, "", tool.fingerprint, given_at) for tool in tools])

    async def grants(self) -> tuple[Grant, ...]:
        """Return the permanent permissions, oldest first; none where they cannot be read."""
        try:
            stored = await self._store.state(_STATE_KEY)
        except StorageError:
            return ()
        return tuple(Grant(**item) for item in stored or ())

    async def is_outdated(self, review: CallReview) -> bool:
        """Return whether the user has permanently allowed such calls, of a tool that has changed since."""
        return any(
            (grant.tool, grant.subject) == (review.tool.name, review.subject)
            and grant.fingerprint != review.tool.fingerprint
            for grant in await self.grants()
        )

    async def revoke(self, grant: Grant) -> None:
        """Take back a permanent permission."""
        await self._put([other for other in await self.grants() if other != grant])

    async def has_consent(self, server: ToolServer) -> bool:
        """Return whether the user has agreed to start exactly this MCP server."""
        try:
            agreed = await self._store.state(_CONSENTS_KEY)
        except StorageError:
            return False
        return bool((agreed or {}).get(server.name) == server.fingerprint)

    async def consent(self, server: ToolServer) -> None:
        """Remember that the user agreed to this MCP server."""
        agreed = await self._store.state(_CONSENTS_KEY) or {}
        await self._store.set_state(_CONSENTS_KEY, {**agreed, server.name: server.fingerprint})

    async def withdraw(self, name: str) -> None:
        """Forget that the user agreed to an MCP server."""
        agreed = await self._store.state(_CONSENTS_KEY) or {}
        await self._store.set_state(_CONSENTS_KEY, {key: value for key, value in agreed.items() if key != name})

    async def _add(self, grants: Iterable[Grant]) -> None:
        known = list(await self.grants())
        have = {(grant.tool, grant.subject, grant.fingerprint) for grant in known}
        await self._put(known + [g for g in grants if (g.tool, g.subject, g.fingerprint) not in have])

    async def _put(self, grants: Iterable[Grant]) -> None:
        await self._store.set_state(_STATE_KEY, [asdict(grant) for grant in grants])
