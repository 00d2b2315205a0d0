"""Turns as messages: what came goes back to the letter, and nothing goes that the API would refuse."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.contract import NOW
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.providers.anthropic.request import messages_of

SIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {"zone": "é"}}
SERVER_CALL = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
SERVER_RESULT = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}


def kept(block: dict[str, Any]) -> Opaque:
    return Opaque("anthropic", json.dumps(block))


def user(*parts: Part | str) -> Turn:
    return _turn(Role.USER, parts)


def reply(*parts: Part | str) -> Turn:
    return _turn(Role.ASSISTANT, parts)


def _turn(role: Role, parts: tuple[Part | str, ...]) -> Turn:
    made = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    return Turn("t", None, role, made, TurnStatus.COMPLETE, NOW)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def sent(role: str, *blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": role, "content": [text(block) if isinstance(block, str) else block for block in blocks]}


def called(block: dict[str, Any], whole: bool = True) -> ToolCallPart:
    on_server = block["type"] != "tool_use"
    return ToolCallPart(
        block["id"], block["name"], "{}" if whole else '{"zo', on_server, kept(block) if whole else None
    )


def test_a_plain_conversation() -> None:
    turns = [user("Hi"), reply("Hello."), user("And?")]
    assert messages_of(turns) == [sent("user", "Hi"), sent("assistant", "Hello."), sent("user", "And?")]


def test_blocks_of_this_wire_go_back_as_they_came_and_in_order() -> None:
    cited = {"type": "text", "text": "cited", "citations": [{"type": "char_location", "cited_text": "x"}]}
    other = {"type": "container_upload", "file_id": "f"}
    redacted = {"type": "redacted_thinking", "data": "eA=="}
    thought = (ThinkingPart("Hm.", kept(SIGNED)), ThinkingPart("", kept(redacted)))
    searched = (called(SERVER_CALL), ToolResultPart("srv_1", "", opaque=kept(SERVER_RESULT)))
    turn = reply(
        *thought, *searched, TextPart("cited", kept(cited)), OtherPart("container_upload", kept(other)), "end"
    )
    [_, message, _] = messages_of([user("Hi"), turn, user("And?")])
    assert message == sent("assistant", SIGNED, redacted, SERVER_CALL, SERVER_RESULT, cited, other, "end")


def test_thinking_that_was_never_signed_is_left_out() -> None:
    foreign = Opaque("openai", '{"type": "thinking", "thinking": "x"}')
    turn = reply(ThinkingPart("cut short"), ThinkingPart("of another wire", foreign), "So.")
    assert messages_of([user("Hi"), turn, user("And?")])[1] == sent("assistant", "So.")


def test_a_reply_that_was_cancelled_while_it_thought_is_skipped_and_the_prompts_join() -> None:
    turns = [user("Hi"), reply(ThinkingPart("Hm.", kept(SIGNED))), user("Hello?"), reply(), user("Well?")]
    assert messages_of(turns) == [sent("user", "Hi", "Hello?", "Well?")]


def test_blank_texts_are_left_out() -> None:
    assert messages_of([user("  \n", "Hi", ""), reply(" "), user("And?")]) == [sent("user", "Hi", "And?")]
    assert messages_of([user(" ")]) == []
    assert messages_of([]) == []


def test_a_call_that_was_cut_is_left_out() -> None:
    turn = reply(ThinkingPart("Hm.", kept(SIGNED)), "I look.", called(CALL, whole=False))
    assert messages_of([user("Hi"), turn, user("And?")])[1] == sent("assistant", SIGNED, "I look.")


def test_a_call_without_a_result_gets_one() -> None:
    not_run = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "This tool was not run.", "is_error": True}
    turns = [user("Hi"), reply("I look.", called(CALL)), user("And?")]
    assert messages_of(turns)[1:] == [sent("assistant", "I look.", CALL), sent("user", not_run, "And?")]


def test_results_come_first_in_the_answer_to_their_calls_and_strays_become_text() -> None:
    answers = (ToolResultPart("toolu_1", "noon"), ToolResultPart("nobody", "lost", is_error=True))
    turns = [user("Hi"), reply(called(CALL)), user("And?", *answers)]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "noon"}
    assert messages_of(turns)[2] == sent("user", result, "And?", "[a tool answered: lost]")


def test_a_server_call_whose_result_never_came_is_left_out() -> None:
    turns = [user("Hi"), reply("I search.", called(SERVER_CALL)), user("And?")]
    assert messages_of(turns)[1] == sent("assistant", "I search.")


def test_a_server_result_whose_call_was_lost_is_left_out() -> None:
    turn = reply(ToolResultPart("srv_1", "", opaque=kept(SERVER_RESULT)), "So.")
    assert messages_of([user("Hi"), turn, user("And?")])[1] == sent("assistant", "So.")


def test_what_came_over_another_wire_is_reported_in_words() -> None:
    call = ToolCallPart("call_9", "weather", '{"city": "Ulm"}', opaque=Opaque("openai", "{}"))
    turn = reply("I look.", call, ToolResultPart("call_9", "sunny"), AttachmentPart("a.png", "image/png", b"x"))
    assert messages_of([user("Hi"), turn, user("And?")])[1] == sent(
        "assistant",
        "I look.",
        '[called weather with {"city": "Ulm"}]',
        "[a tool answered: sunny]",
        "[attached: a.png]",
    )


def test_a_conversation_that_begins_with_a_reply_gets_an_opening() -> None:
    first, *rest = messages_of([reply("Welcome."), user("Hi")])
    assert first["role"] == "user"
    assert rest == [sent("assistant", "Welcome."), sent("user", "Hi")]


def test_a_partial_reply_to_go_on_with_ends_in_text_without_blanks() -> None:
    turn = reply(ThinkingPart("Hm.", kept(SIGNED)), "Half a ", called(CALL))
    assert messages_of([user("Hi"), turn])[1] == sent("assistant", "Half a")
    assert messages_of([user("Hi"), reply("\n ")]) == [sent("user", "Hi")]


def test_text_that_cannot_be_encoded_goes_as_a_sign() -> None:
    [message] = messages_of([user("a\ud83d")])
    assert message == sent("user", "a\ufffd")


def test_a_damaged_block_counts_as_none() -> None:
    turn = reply(TextPart("So.", Opaque("anthropic", "{half")), TextPart("And.", Opaque("anthropic", "[1]")))
    assert messages_of([user("Hi"), turn, user("?")])[1] == sent("assistant", "So.", "And.")


def test_a_call_that_is_to_be_run_does_not_keep_an_older_one_with_its_id() -> None:
    older, waiting = reply("Hm.", called(SERVER_CALL)), reply(called(SERVER_CALL), called(CALL))
    messages = messages_of(
        [user("Hi"), older, user("?"), waiting, _turn(Role.USER, (ToolResultPart(CALL["id"], "r"),))]
    )
    assert messages[1] == sent("assistant", "Hm.")
    assert messages[3]["content"] == [SERVER_CALL, CALL]


words = st.sampled_from(["", " ", "x", "y\n"])
ids = st.sampled_from(["1", "2", "3"])
server_call = ids.map(lambda i: called({**SERVER_CALL, "id": f"srv_{i}"}))
server_result = ids.map(
    lambda i: ToolResultPart(f"srv_{i}", "r", opaque=kept({**SERVER_RESULT, "tool_use_id": f"srv_{i}"}))
)
some_parts = st.one_of(
    words.map(TextPart),
    words.map(ThinkingPart),
    st.just(ThinkingPart("Hm.", kept(SIGNED))),
    server_call,
    server_result,
    ids.map(lambda i: called({**CALL, "id": f"toolu_{i}"})),
    ids.map(lambda i: ToolResultPart(f"toolu_{i}", "r")),
    st.just(called(CALL, whole=False)),
    st.just(AttachmentPart("a.png", "image/png", b"x")),
)
some_turns = st.builds(_turn, st.sampled_from(Role), st.lists(some_parts, max_size=4).map(tuple))


@settings(max_examples=400)
@given(st.lists(some_turns, max_size=6))
def test_the_api_would_accept_any_history(turns: list[Turn]) -> None:
    messages = messages_of(turns)
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"] * (
        len(messages) % 2
    )
    everything = [block for message in messages for block in message["content"]]
    results = [block["tool_use_id"] for block in everything if block["type"].endswith("tool_result")]
    for at, message in enumerate(messages):
        blocks = message["content"]
        assert blocks
        assert all(block["text"].strip() for block in blocks if block["type"] == "text")
        if message["role"] == "assistant":
            assert blocks[-1]["type"] != "thinking"
            open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
            after = messages[at + 1]["content"] if at + 1 < len(messages) else []
            answers = [block["tool_use_id"] for block in after if block["type"] == "tool_result"]
            assert answers == open_calls
            assert [block["type"] for block in after[: len(answers)]] == ["tool_result"] * len(answers)
            waits = bool(open_calls) and at == len(messages) - 2
            assert waits or all(block["id"] in results for block in blocks if block["type"] == "server_tool_use")
    json.dumps(messages, ensure_ascii=False).encode()


def test_a_reply_that_the_api_paused_ends_the_messages_as_it_is() -> None:
    paused = reply(ThinkingPart("Hm.", kept(SIGNED)), "I look. ", called(SERVER_CALL))
    assert messages_of((user("a"), paused), is_paused=True) == [
        sent("user", "a"),
        sent("assistant", SIGNED, "I look. ", SERVER_CALL),
    ]


def test_a_server_call_waits_with_the_client_s_calls_of_its_reply() -> None:
    """The API runs it when it has the results of the client's calls."""
    mixed = reply(called(SERVER_CALL), called(CALL))
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "12:00"}
    assert messages_of((user("a"), mixed, user(ToolResultPart("toolu_1", "12:00")))) == [
        sent("user", "a"),
        sent("assistant", SERVER_CALL, CALL),
        sent("user", result),
    ]


def test_a_server_call_that_an_interruption_left_without_its_result_is_not_sent() -> None:
    assert messages_of((user("a"), reply("b", called(SERVER_CALL)), user("c"))) == [
        sent("user", "a"),
        sent("assistant", "b"),
        sent("user", "c"),
    ]
