"""A conversation: a tree of turns of which one path is shown; its side requests, summary and search hits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from tui_chat.core.error import NotFound
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, CostSum, Usage, sum_costs


class TitleSource(StrEnum):
    """Who gave the title; a later, weaker source never replaces a stronger one."""

    PROMPT = "prompt"
    MODEL = "model"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a request to a model; `None` leaves the choice to the provider."""

    max_tokens: int | None = None
    temperature: float | None = None
    effort: str | None = None
    """`low`, `medium`, `high` … where the model has such a switch."""
    thinking: bool | None = None
    tools: tuple[str, ...] = ()
    """The tools that the user has chosen: `read`, `fetch`, `run`, the name of one tool or of an MCP server."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The turn of another conversation that this one was forked from, or the file it was imported from."""

    conversation_id: str = ""
    turn_id: str = ""
    source: str = ""
    """`chatgpt`, `claude`, `librechat`, `llm`, `elia` … for an import."""
    foreign_id: str = ""


TITLE = "title"
"""The purpose of a side request that asks a model for a title."""


@dataclass(frozen=True, slots=True)
class SideRequest:
    """A paid request that is no turn of the conversation: what it was for, and what it used."""

    id: str
    purpose: str
    model: str
    """`provider/model` that answered."""
    created_at: datetime
    usage: Usage
    cost: Cost | None = None


@dataclass(frozen=True)
class Conversation:
    """All its turns, oldest first, and the head of the branch that is shown."""

    id: str
    created_at: datetime
    updated_at: datetime
    title: str = ""
    title_source: TitleSource = TitleSource.PROMPT
    model: str = ""
    """`provider/model` the next prompt goes to."""
    system: str = ""
    options: Options = field(default_factory=Options)
    turns: tuple[Turn, ...] = ()
    head: str | None = None
    """Id of the last turn of the branch that is shown; `None` while it is empty."""
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    origin: Origin | None = None
    side_requests: tuple[SideRequest, ...] = ()
    """Paid requests that are no turns, oldest first."""
    left_out: frozenset[str] = frozenset()
    """The turns that the user does not send any more; a prompt takes its reply with it."""
    left_out_at: datetime | None = None
    """When that last changed: input that was counted before is not that of the next request."""
    kept_here: bool = False
    """It never leaves this machine, also where conversations are synced."""
    pinned: bool = False
    """Whether the user wants it at the top of the list."""
    tags: tuple[str, ...] = ()
    """The user's words for it, in lower case."""

    @cached_property
    def _by_id(self) -> Mapping[str, Turn]:
        return {turn.id: turn for turn in self.turns}

    @cached_property
    def _children(self) -> Mapping[str | None, tuple[Turn, ...]]:
        children: dict[str | None, tuple[Turn, ...]] = {}
        siblings: dict[str | None, list[Turn]] = {}
        for turn in self.turns:
            # Nearly every turn is an only child: no list is made for it that would be thrown away.
            if turn.parent_id not in children:
                children[turn.parent_id] = (turn,)
            else:
                siblings.setdefault(turn.parent_id, [*children[turn.parent_id]]).append(turn)
        children.update((parent_id, tuple(turns)) for parent_id, turns in siblings.items())
        return children

    def turn(self, turn_id: str) -> Turn:
        try:
            return self._by_id[turn_id]
        except KeyError:
            raise NotFound(f"no turn {turn_id} in this conversation", detail="turn") from None

    def has(self, turn_id: str) -> bool:
        return turn_id in self._by_id

    def children_of(self, turn_id: str | None) -> tuple[Turn, ...]:
        """Return the turns that follow it, oldest first; those of `None` are the roots."""
        return self._children.get(turn_id, ())

    def siblings_of(self, turn_id: str) -> tuple[Turn, ...]:
        """Return the turns under the same parent, itself included, oldest first."""
        return self.children_of(self.turn(turn_id).parent_id)

    def path_to(self, turn_id: str | None) -> tuple[Turn, ...]:
        path: list[Turn] = []
        while turn_id is not None:
            turn = self.turn(turn_id)
            path.append(turn)
            turn_id = turn.parent_id
        return tuple(reversed(path))

    @cached_property
    def path(self) -> tuple[Turn, ...]:
        """The branch that is shown."""
        return self.path_to(self.head)

    def leaf_under(self, turn_id: str) -> str:
        """Return the last turn of the newest branch that runs through that one."""
        while children := self.children_of(turn_id):
            turn_id = children[-1].id
        return turn_id

    def with_turn(self, turn: Turn, *, head: bool = True) -> "Conversation":
        """Return a copy with one turn added or replaced, and by default the head moved to it."""
        if turn.id in self._by_id:
            turns = tuple(turn if old.id == turn.id else old for old in self.turns)
        else:
            turns = (*self.turns, turn)
        return replace(self, turns=turns, head=turn.id if head else self.head)

    def with_head(self, turn_id: str | None) -> "Conversation":
        """Return a copy that shows the branch that ends there."""
        if turn_id is not None:
            self.turn(turn_id)
        return replace(self, head=turn_id)

    def without_tools(self) -> "Conversation":
        """Return a copy whose replies get no tools."""
        return replace(self, options=replace(self.options, tools=()))

    def through(self, turn_id: str | None) -> "Conversation":
        """Return a copy that shows a branch through that turn: the current one, else the newest."""
        if turn_id is None or not self.has(turn_id) or turn_id in {turn.id for turn in self.path}:
            return self
        return self.with_head(self.leaf_under(turn_id))

    @cached_property
    def usage(self) -> Usage:
        """Tokens of every branch and side request, since all were paid for."""
        return _usage_of((*self.turns, *self.side_requests))

    @cached_property
    def cost(self) -> CostSum:
        """Cost of every branch and side request."""
        return _cost_of((*self.turns, *self.side_requests))

    @cached_property
    def path_cost(self) -> CostSum:
        """Cost of the branch that is shown, and of the side requests."""
        if len(self.path) == len(self.turns):
            return self.cost  # without branches: the sum over a long conversation takes a while
        return _cost_of((*self.path, *self.side_requests))

    def cost_under(self, turn_id: str) -> CostSum:
        """Return the cost of that turn and of every turn below it."""
        found, pending = list[Turn](), [self.turn(turn_id)]
        while pending:
            turn = pending.pop()
            found.append(turn)
            pending += self.children_of(turn.id)
        return _cost_of(found)


def _usage_of(paid: Iterable[Turn | SideRequest]) -> Usage:
    return sum((item.usage for item in paid if item.usage is not None), Usage())


def _cost_of(paid: Iterable[Turn | SideRequest]) -> CostSum:
    return sum_costs(
        item.cost
        for item in paid
        if isinstance(item, SideRequest) or (item.role is Role.ASSISTANT and item.usage is not None)
    )


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation as a list shows it, without its turns."""

    id: str
    title: str
    model: str
    turns: int
    created_at: datetime
    updated_at: datetime
    cost_usd: Decimal | None
    """Sum over every branch; `None` when no cost is known."""
    cost_estimated: bool = False
    """True where part of the sum is an estimate or some reply's price is unknown; without a sum, all of them are."""
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    is_live: bool = False
    """A reply is streaming into it, here or in another copy of the program."""
    kept_here: bool = False
    """It never leaves this machine."""
    pinned: bool = False
    tags: tuple[str, ...] = ()
    status: TurnStatus | None = None
    """Of its last message, where that was asked for."""
    branches: int = 1
    """How many ends its tree has, where that was asked for."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn that matches a search."""

    conversation_id: str
    turn_id: str
    title: str
    role: Role
    model: str
    created_at: datetime
    snippet: str
    """A piece of its text around the first hit, raw."""
    marks: tuple[tuple[int, int], ...] = ()
    """Start and end of each hit in the snippet."""


@dataclass(frozen=True, slots=True)
class ConversationPosition:
    """A conversation and a turn in it."""

    conversation_id: str
    turn_id: str | None = None
    """`None` is the end of the conversation."""
    words: tuple[str, ...] = ()
    """The matched words, as written there."""
