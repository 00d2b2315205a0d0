"""Whatever the program raises has a sentence and a next step of its own, or stands where its kind's are true."""

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tui_chat import wording
from tui_chat.core import error as errors
from tui_chat.core.error import ChatError, Fault, RateLimited
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.anthropic import errors as anthropic_errors
from tui_chat.providers.openai import errors as openai_errors
from tui_chat.storage import errors as storage_errors
from tui_chat.sync import hub, stored_status
from tui_chat.wording import ending, explain

PACKAGE = Path(wording.__file__).parent
KINDS = {
    name: kind.kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, ChatError)
}
SAID_BY_THEIR_KIND = {
    ("stream_cut", "dropped"),
    ("key_rejected", "rejected"),
    ("request_refused", "bad_request"),
    ("protocol_broken", "json"),
    ("protocol_broken", "shape"),
    ("storage", "other"),
    ("sync", "hub_failed"),
}
"""Details for which the words of their kind are enough."""


@cache
def raised() -> set[tuple[str, str]]:
    """Every kind with every detail that the code gives it."""
    found: set[tuple[str, str]] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                for keyword in node.keywords:
                    words = ast.walk(keyword.value) if keyword.arg == "detail" else ()
                    found |= {(KINDS[node.func.id], str(one.value)) for one in words if isinstance(one, ast.Constant)}
    tables = [*anthropic_errors._BY_TYPE.values(), *anthropic_errors._BY_STATUS.values()]
    details = ("", "safety", "billing", "context length", "invalid api key", "model not found", "invalid_image")
    tables += [openai_errors._class_and_detail(status, words) for status in range(300, 600) for words in details]
    found |= {(kind.kind, detail) for kind, detail in tables if detail}
    found |= {
        ("storage", detail) for detail in (*storage_errors._DETAILS.values(), *storage_errors._ERRNO_DETAILS.values())
    }
    returned = [
        node.value for node in ast.walk(ast.parse(inspect.getsource(hub._detail))) if isinstance(node, ast.Return)
    ]
    by_connection = [str(value.value) for value in returned if isinstance(value, ast.Constant)]
    found |= {("sync", detail) for detail in (*hub._DETAILS.values(), *hub._OWN_STATES.values(), *by_connection)}
    found |= {("sync", detail) for detail in stored_status._DETAILS.values()}
    return found


@pytest.mark.parametrize("kind", sorted(set(KINDS.values()) - {"provider"}))
def test_every_kind_has_a_sentence_and_a_next_step_of_its_own(kind: str) -> None:
    words = explain(Fault(kind, ""))
    assert words is wording._BY_KIND[kind]
    assert words.sentence.endswith(".") and words.next_step.endswith(".")


def test_every_detail_is_distinguished_or_its_kind_is_enough() -> None:
    for kind, detail in raised():
        words = explain(Fault(kind, "", None, detail))
        if (kind, detail) in wording._BY_DETAIL:
            assert words != wording._BY_KIND[kind]
        else:
            assert (kind, detail) in SAID_BY_THEIR_KIND, f"{(kind, detail)} would be explained as {words}"


def test_no_words_are_kept_for_what_is_never_raised() -> None:
    assert set(wording._BY_DETAIL) <= raised()
    assert raised() >= SAID_BY_THEIR_KIND


def test_a_pause_that_is_asked_for_is_reported_in_minutes() -> None:
    assert explain(RateLimited("x", retry_after_s=90)).sentence.endswith("Retry after 1 min 30 s.")
    assert explain(RateLimited("x", retry_after_s=0.2)) == wording._BY_KIND["rate_limited"]


@pytest.mark.parametrize("status", list(TurnStatus))
def test_every_ending_but_a_good_one_reports_what_can_be_done(status: TurnStatus) -> None:
    turn = Turn("t", None, Role.ASSISTANT, (), status, datetime(2026, 11, 21, tzinfo=UTC))
    words = ending(turn)
    if status in (TurnStatus.COMPLETE, TurnStatus.STREAMING):
        assert words is None
    else:
        assert words is not None and words.sentence and words.next_step


@pytest.mark.parametrize("status", [TurnStatus.CANCELLED, TurnStatus.INTERRUPTED])
def test_a_reply_is_to_be_continued_only_if_something_arrived(status: TurnStatus) -> None:
    turn = Turn("t", None, Role.ASSISTANT, (TextPart("Hel"),), status, datetime(2026, 11, 21, tzinfo=UTC))
    words, words_of_none = ending(turn), ending(replace(turn, parts=()))
    assert words is not None and words.next_step == "Continue or regenerate."
    assert words_of_none is not None and words_of_none.next_step == "Regenerate."


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [
        (4.2, "4 s"),
        (420, "7 min"),
        (425, "7 min 5 s"),
        (7 * 3600 + 125, "7 h 2 min"),
        (3 * 86_400, "3 days"),
        (251_606_330_478.0, "more than a year"),
        (float("inf"), "more than a year"),
    ],
)
def test_retry_after_in_the_year_9999_is_more_than_a_year(seconds: float, asked: str) -> None:
    assert f"Retry after {asked}." in explain(RateLimited("slow down", retry_after_s=seconds)).sentence
