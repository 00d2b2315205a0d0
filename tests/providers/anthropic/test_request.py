"""A request in the words of the wire: limits, thinking, effort, temperature, caching."""

from dataclasses import replace
from typing import Any

import pytest

from tests.providers.contract import NOW
from tests.providers.contract import request as asked
from tui_chat.core.conversation import Options
from tui_chat.core.part import TextPart
from tui_chat.core.provider import Request
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.anthropic.request import (
    Capabilities,
    count_params,
    message_params,
    partial_reply,
    trailing_space,
)

NEW, OLD, OLDEST = "claude-sonnet-5-5", "claude-sonnet-4-5-20250929", "claude-3-5-haiku-20241022"
OLD_API = Capabilities("2023-06-01")


def params(model: str = NEW, dialect: Capabilities | None = None, system: str = "", **options: Any) -> dict[str, Any]:
    request = replace(asked(model=model), options=Options(**options), system=system)
    return message_params(request, dialect or Capabilities())


def partial(text: str) -> Request:
    turn = Turn("r", "t1", Role.ASSISTANT, (TextPart(text),), TurnStatus.CANCELLED, NOW)
    request = asked(model=OLD)
    return replace(request, turns=(*request.turns, turn), options=Options(thinking=True))


def test_the_plainest_request() -> None:
    assert params() == {
        "model": NEW,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}],
        "max_tokens": 64_000,
        "cache_control": {"type": "ephemeral"},
    }


def test_a_system_prompt_is_sent_unless_it_is_blank() -> None:
    assert params(system="Be brief.\ud83d")["system"] == "Be brief.\ufffd"
    assert "system" not in params(system=" \n")


def test_max_tokens_is_asked_for_known_or_guessed_in_this_order() -> None:
    capabilities = Capabilities(max_tokens={NEW: 128_000})
    assert params(dialect=capabilities, max_tokens=5)["max_tokens"] == 5
    assert params(dialect=capabilities)["max_tokens"] == 128_000
    assert params(OLDEST)["max_tokens"] == 8_192


def test_thinking_is_left_to_the_model_unless_the_user_sets_it() -> None:
    assert "thinking" not in params()
    assert params(thinking=True)["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert params(thinking=False)["thinking"] == {"type": "disabled"}


def test_an_old_model_thinks_to_a_budget_below_its_limit() -> None:
    assert params(OLD, thinking=True)["thinking"] == {"type": "enabled", "budget_tokens": 8_192}
    assert params(OLD, thinking=True, effort="high")["thinking"]["budget_tokens"] == 24_576
    assert params(OLD, thinking=True, max_tokens=4_000)["thinking"]["budget_tokens"] == 2_976
    assert "thinking" not in params(OLD, thinking=True, max_tokens=1_500)
    assert "thinking" not in params(OLD, thinking=False)
    assert "thinking" not in params(OLDEST, thinking=True)


def test_effort_goes_to_the_models_that_have_it() -> None:
    assert params(effort="xhigh")["output_config"] == {"effort": "xhigh"}
    assert params("claude-opus-4-5", effort="low")["output_config"] == {"effort": "low"}
    assert "output_config" not in params(OLD, effort="low")


@pytest.mark.parametrize(
    ("model", "dialect", "options", "sent"),
    [
        (NEW, Capabilities(), {}, False),
        (OLD, Capabilities(), {}, False),
        (NEW, OLD_API, {}, False),
        (OLD, OLD_API, {}, True),
        (OLD, OLD_API, {"thinking": True}, False),
    ],
)
def test_temperature_goes_only_where_the_wire_still_takes_it(
    model: str, dialect: Capabilities, options: dict[str, Any], sent: bool
) -> None:
    made = params(model, dialect, temperature=0.0, **options)
    assert made.get("temperature") == (0.0 if sent else None)


def test_an_older_api_gets_its_mark_for_the_cache_on_the_last_prompt() -> None:
    made = params(OLD, OLD_API)
    assert "cache_control" not in made
    assert made["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    gone_on = message_params(partial("Half"), OLD_API)
    assert "cache_control" in gone_on["messages"][0]["content"][-1]
    assert "cache_control" not in gone_on["messages"][1]["content"][-1]


def test_an_older_api_is_not_asked_how_thinking_is_shown() -> None:
    assert params(thinking=True, dialect=OLD_API)["thinking"] == {"type": "adaptive"}


def test_a_reply_to_go_on_with_is_sent_last_without_thinking() -> None:
    made = message_params(partial("Half a \n"), Capabilities())
    assert made["messages"][-1] == {"role": "assistant", "content": [{"type": "text", "text": "Half a"}]}
    assert "thinking" not in made
    assert trailing_space(partial_reply(partial("Half a \n"))) == " \n"


def test_nothing_is_to_be_continued_after_a_prompt() -> None:
    assert partial_reply(asked()) is None
    assert trailing_space(None) == ""


def test_tokens_are_counted_of_what_is_read() -> None:
    assert count_params(replace(asked(model=NEW), system="Be brief.")) == {
        "model": NEW,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}],
        "system": "Be brief.",
    }


def test_web_tools_are_those_that_the_provider_runs() -> None:
    tools = params(tools=("web_fetch", "web_search", "look"))["tools"]
    assert [(tool["type"], tool["name"]) for tool in tools] == [
        ("web_search_20250305", "web_search"),
        ("web_fetch_20250910", "web_fetch"),
    ]
    assert "tools" not in params(tools=("look",))
