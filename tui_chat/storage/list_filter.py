"""The filters of the list of conversations: parsed from the text of a search, and as conditions for SQLite."""

import json
import re
import sqlite3
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from tui_chat.storage.labels import all_labels, clean_tags

_FILTER = re.compile(r"(?<!\S)(?P<name>model|tag|state|cost|is|sort):(?P<value>\S*)", re.IGNORECASE)
_COST = re.compile(r"(?P<sign>[<>]?)=?\$?(?P<usd>\d{1,9}(?:\.\d{0,9})?)")
STATES = {
    "failed": ("failed",),
    "stopped": ("cancelled",),
    "interrupted": ("interrupted",),
    "streaming": ("streaming",),
    "unfinished": ("failed", "cancelled", "interrupted"),
}
"""What `state:` takes, and the status of the last message of such a conversation."""
SORTS = {
    "cost": "known_replies > 0 DESC, CAST(cost_usd AS REAL) DESC",
    "messages": "turns DESC",
    "title": "title_key",
    "created": "created_at DESC",
    "oldest": "used, seq",
}
"""What `sort:` takes, and its order; the default is by the last use."""


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a conversation must be; several of one kind must all be true."""

    words: str = ""
    """The text without the filters."""
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    costs: tuple[tuple[str, Decimal], ...] = ()
    """Comparisons with dollars: `>` or `<`, and the amount."""
    pinned: bool = False
    sort: str = ""
    """The order, of `SORTS`; empty is last used first."""

    @property
    def of_messages(self) -> "tuple[str, ListFilter]":
        """The text to search messages for, and what their conversations must be; a model is that of a message."""
        models = "".join(f" model:{model}" for model in self.models)
        return self.words + models, replace(self, words="", models=())

    @property
    def has_any(self) -> bool:
        """Whether there is anything besides words and the order."""
        return bool(self.models or self.tags or self.states or self.costs or self.pinned)


def parse_filter(text: str) -> ListFilter:
    """Parse words, tag: model: state: cost: is:pinned and sort:; one that is still being typed is ignored."""
    found: dict[str, list[str]] = {}
    for match in _FILTER.finditer(text):
        if match["value"]:
            found.setdefault(match["name"].lower(), []).append(match["value"].casefold())
    states = [name for value in found.get("state", ()) for name in STATES if name.startswith(value)][:1]
    sorts = [name for value in found.get("sort", ()) for name in SORTS if name.startswith(value)][:1]
    return ListFilter(
        " ".join(_FILTER.sub(" ", text).split()),
        tuple(found.get("model", ())),
        clean_tags(found.get("tag", ())),
        tuple(states),
        tuple(cost for value in found.get("cost", ()) if (cost := _cost(value)) is not None),
        any("pinned".startswith(value) for value in found.get("is", ())),
        "".join(sorts),
    )


def filter_help(text: str) -> str:
    """Return what a filter takes that has no value yet, or an unknown one; empty if there is none."""
    for match in _FILTER.finditer(text):
        name, value = match["name"].lower(), match["value"].casefold()
        if name == "cost" and _cost(value) is None:
            return "cost: takes dollars, as in cost:>0.5"
        choices = {"sort": tuple(SORTS), "state": tuple(STATES), "is": ("pinned",)}.get(name, ())
        if choices and not (value and any(choice.startswith(value) for choice in choices)):
            return (
                f"{name}: takes {' or '.join((', '.join(choices[:-1]), choices[-1])) if choices[1:] else choices[0]}"
            )
    return ""


def _cost(text: str) -> tuple[str, Decimal] | None:
    """Return `>0.5`, `<0.5`, or `0.5` for at least so much."""
    if (match := _COST.fullmatch(text)) is None:
        return None
    try:
        return match["sign"] or ">", Decimal(match["usd"])
    except InvalidOperation:
        return None


def conditions(db: sqlite3.Connection, wanted: ListFilter) -> tuple[list[str], list[object]]:
    """Return conditions on the table `conversation`, and their values; the words are the caller's."""
    where, values = list[str](), list[object]()
    for model in wanted.models:
        where.append("instr(lower(model), ?) > 0")
        values.append(model)
    for state in wanted.states:
        statuses = STATES[state]
        where.append(f"(SELECT status FROM turn WHERE seq = head) IN ({', '.join('?' * len(statuses))})")
        values += statuses
    for sign, usd in wanted.costs:
        where.append(f"known_replies > 0 AND CAST(cost_usd AS REAL) {sign}= ?")
        values.append(float(usd))
    if wanted.tags or wanted.pinned:
        tags = set(wanted.tags)
        ids = [
            conversation_id
            for conversation_id, labels in all_labels(db).items()
            if tags <= set(labels.tags) and (labels.pinned or not wanted.pinned)
        ]
        where.append(among(db, ids, values))
    return where, values


def among(db: sqlite3.Connection, ids: list[str], values: list[object]) -> str:
    """Return the condition that a conversation is one of these; add its value."""
    select = "SELECT seq FROM conversation WHERE id IN (SELECT value FROM json_each(?))"
    values.append(json.dumps([seq for (seq,) in db.execute(select, (json.dumps(ids),))]))
    return "seq IN (SELECT value FROM json_each(?))"
