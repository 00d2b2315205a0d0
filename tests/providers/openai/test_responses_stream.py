"""Events of the Responses API, in every shape that servers send, and whole recorded streams."""

import base64
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent

from tests.providers.openai.test_stream_response import builder
from tests.support.wire_server import Cut, Newline, pieces
from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
)
from tui_chat.core.event import ProviderEvent, Stopped, UsageReported
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Usage
from tui_chat.providers.openai.reply_reader import ReplyReader
from tui_chat.providers.openai.responses_items import WIRE
from tui_chat.providers.openai.responses_stream import ResponsesReader

RECORDED = sorted((Path(__file__).parents[3] / ".." / "shared" / "streams" / "responses").glob("*.sse"))
CUTS: list[Cut] = ["whole", "event", "byte", "utf8"]
NEWLINES: list[Newline] = ["lf", "crlf", "cr"]
DONE = {"type": "response.completed", "response": {"status": "completed", "output": []}}


def events_of(parts: Iterable[bytes], content_type: str = "text/event-stream") -> list[ProviderEvent]:
    reader, events = ReplyReader(content_type, ResponsesReader()), list[ProviderEvent]()
    for part in parts:
        events += reader.feed(part)
        if reader.is_done:
            break
    return [*events, *reader.end()]


def turn_of(parts: Iterable[bytes], content_type: str = "text/event-stream") -> Turn:
    built = builder()
    for event in events_of(parts, content_type):
        built.add(event)
    return built.turn


def stream(*events: dict[str, Any]) -> list[bytes]:
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def reply(*events: dict[str, Any]) -> Turn:
    """The turn that a response with these events gives."""
    return turn_of(stream(*events, DONE))


def added(item: dict[str, Any], at: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": at, "item": item}


def done(item: dict[str, Any], at: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": at, "item": item}


def original(part: Any) -> dict[str, Any]:
    """The item that is sent back for a part."""
    assert part.opaque is not None and part.opaque.wire == WIRE
    item: dict[str, Any] = json.loads(part.opaque.json)
    return item


def expected_calls(path: Path) -> list[tuple[str, str, str]]:
    """The function calls of a recorded stream, read straight from its finished items."""
    lines = (line[5:] for line in path.read_text().splitlines() if line.startswith("data:"))
    items = [event["item"] for event in map(json.loads, lines) if event["type"] == "response.output_item.done"]
    return [(item["call_id"], item["name"], item["arguments"]) for item in items if item["type"] == "function_call"]


@pytest.mark.skipif(not RECORDED, reason="the recorded streams are not here")
@pytest.mark.parametrize("newline", NEWLINES)
@pytest.mark.parametrize("by", CUTS)
def test_every_recorded_stream_reads_exactly_however_it_is_cut(by: Cut, newline: Newline) -> None:
    for path in RECORDED:
        expected = json.loads(path.with_suffix(".json").read_text())["expected"]
        turn = turn_of(pieces(path.read_bytes(), by, newline))
        assert turn.text == expected["text"], path.name
        assert turn.thinking == expected["reasoning"], path.name
        calls = [part for part in turn.parts if isinstance(part, ToolCallPart) and not part.on_server]
        assert [(call.call_id, call.name, call.input_json) for call in calls] == expected_calls(path), path.name
        usage, reported = turn.usage, expected["usage"]
        assert usage is not None and usage.total_input_tokens == reported["input_tokens"], path.name
        assert usage.output_tokens == reported["output_tokens"], path.name
        assert usage.cache_read_tokens == reported["input_tokens_details"]["cached_tokens"], path.name
        assert usage.thinking_tokens == reported["output_tokens_details"]["reasoning_tokens"], path.name
        assert turn.stop_reason == ("tool_calls" if calls else expected["status"]), path.name


@pytest.mark.skipif(not RECORDED, reason="the recorded streams are not here")
def test_every_finished_item_of_a_recorded_stream_is_kept_unchanged() -> None:
    for path in RECORDED:
        turn = turn_of([path.read_bytes()])
        lines = (line[5:] for line in path.read_text().splitlines() if line.startswith("data:"))
        items = [event["item"] for event in map(json.loads, lines) if event["type"] == "response.output_item.done"]
        shown = [item for item in items if item["type"] != "message" or item["content"][0]["text"]]
        assert [original(part) for part in turn.parts if part.opaque is not None] == shown, path.name


def test_each_part_of_a_reasoning_summary_is_a_part_and_the_last_keeps_the_item() -> None:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": text} for text in ("**One**", "**Two**")],
        "encrypted_content": "gAAAAA==",
    }
    deltas = [
        {
            "type": "response.reasoning_summary_text.delta",
            "output_index": 0,
            "summary_index": index,
            "delta": text,
        }
        for index, text in ((0, "**O"), (0, "ne**"), (1, "**Two**"))
    ]
    first, second = reply(added({"type": "reasoning", "id": "rs_1", "summary": []}), *deltas, done(item)).parts
    assert first == ThinkingPart("**One**")
    assert isinstance(second, ThinkingPart) and second.text == "**Two**"
    assert original(second) == item


def test_reasoning_without_a_word_is_a_part_that_keeps_the_item() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA=="}
    (part,) = reply(added({"type": "reasoning", "id": "rs_1"}), done(item)).parts
    assert isinstance(part, ThinkingPart) and not part.text
    assert original(part) == item


@pytest.mark.parametrize("with_start", [True, False])
@pytest.mark.parametrize("arrived", ["", "Hel", "Hello"])
def test_the_finished_item_completes_the_text_that_arrived(arrived: str, with_start: bool) -> None:
    item = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hello"}]}
    start = [added({"type": "message", "id": "msg_1", "content": []})] if with_start else []
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": arrived}
    turn = reply(*start, delta, done(item))
    assert turn.text == "Hello"
    assert len(turn.parts) == 1 and original(turn.parts[0]) == item


def test_items_that_only_the_whole_response_has_are_taken_from_it() -> None:
    item = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hello"}]}
    response = {"status": "completed", "output": [item], "usage": {"input_tokens": 3, "output_tokens": 1}}
    streamed = turn_of(stream({"type": "response.completed", "response": response}))
    whole = turn_of([json.dumps({"object": "response", **response}).encode()], "application/json")
    assert streamed.text == whole.text == "Hello"
    assert streamed.usage == whole.usage == Usage(3, output_tokens=1)


def test_a_refusal_is_text_and_the_reason_to_stop() -> None:
    item = {"type": "message", "id": "msg_1", "content": [{"type": "refusal", "refusal": "I can't."}]}
    delta = {"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "I can"}
    turn = reply(added({"type": "message", "id": "msg_1", "content": []}), delta, done(item))
    assert (turn.text, turn.stop_reason) == ("I can't.", "refusal")


def test_sources_stand_once_each_after_the_reply() -> None:
    cited = {"type": "url_citation", "url": "https://a.example/b", "title": "A", "start_index": 0, "end_index": 1}
    file = {"type": "file_citation", "file_id": "file-1", "filename": "notes.txt", "index": 3}
    text = {"type": "output_text", "text": "Hello", "annotations": [cited, file]}
    early = {"type": "response.output_text.annotation.added", "output_index": 0, "annotation": cited}
    turn = reply(early, done({"type": "message", "id": "msg_1", "content": [text]}))
    assert [part.kind for part in turn.parts if isinstance(part, OtherPart)] == [
        "citation: A — https://a.example/b",
        "citation: notes.txt",
    ]


@pytest.mark.parametrize(
    ("item", "name", "arguments", "result"),
    [
        (
            {"type": "web_search_call", "action": {"type": "search", "query": "rust", "sources": [{"url": "u"}]}},
            "web_search",
            '{"type": "search", "query": "rust", "sources": [{"url": "u"}]}',
            "u",
        ),
        (
            {"type": "file_search_call", "queries": ["q"], "results": [{"filename": "a.md", "text": "found"}]},
            "file_search",
            '{"queries": ["q"]}',
            "a.md\nfound",
        ),
        (
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2\n"}]},
            "code_interpreter",
            '{"code": "1+1"}',
            "2",
        ),
        (
            {"type": "mcp_call", "server_label": "wiki", "name": "ask", "arguments": '{"q":1}', "output": "yes"},
            "wiki.ask",
            '{"q":1}',
            "yes",
        ),
        (
            {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}},
            "shell",
            '{"commands": ["ls"]}',
            "",
        ),
        (
            {"type": "apply_patch_call", "call_id": "c1", "operation": {"type": "delete_file", "path": "a"}},
            "apply_patch",
            '{"type": "delete_file", "path": "a"}',
            "",
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_tool_of_the_server_is_shown_and_its_item_kept(
    item: dict[str, Any], name: str, arguments: str, result: str
) -> None:
    whole = {"id": "x_1", "status": "completed", **item}
    start = {"id": "x_1", "type": item["type"], "status": "in_progress", "call_id": item.get("call_id")}
    call, *results = reply(added(start), done(whole)).parts
    assert isinstance(call, ToolCallPart) and call.on_server
    assert call.input_json == arguments
    assert original(call) == whole
    assert [part.text for part in results if isinstance(part, ToolResultPart)] == ([result] if result else [])
    assert reply(done(whole)).parts[0] == ToolCallPart(call.call_id, name, arguments, True, call.opaque)


def test_a_failed_tool_of_the_server_is_shown_as_failed() -> None:
    item = {"type": "mcp_call", "id": "m", "name": "ask", "arguments": "{}", "error": {"message": "not found"}}
    _, result = reply(done(item)).parts
    assert result == ToolResultPart("m", "not found", is_error=True)


def test_a_picture_that_the_server_made_is_an_attachment() -> None:
    picture = base64.b64encode(b"\x89PNG").decode()
    item = {"type": "image_generation_call", "id": "ig_1", "result": picture, "output_format": "png"}
    call, image = reply(added({"type": "image_generation_call", "id": "ig_1"}), done(item)).parts
    assert original(call) == item
    assert isinstance(image, AttachmentPart)
    assert (image.name, image.media_type, image.data) == ("image.png", "image/png", b"\x89PNG")


def test_an_unknown_item_is_kept_as_it_is() -> None:
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    (part,) = reply(done(item)).parts
    assert isinstance(part, OtherPart) and part.kind == "compaction" and original(part) == item


def test_parallel_calls_are_parts_with_their_own_arguments() -> None:
    items = [
        {
            "type": "function_call",
            "id": f"fc_{at}",
            "call_id": f"call_{at}",
            "name": "f",
            "arguments": f'{{"n":{at}}}',
        }
        for at in range(2)
    ]
    starts = [added({**item, "arguments": ""}, at) for at, item in enumerate(items)]
    deltas = [
        {"type": "response.function_call_arguments.delta", "output_index": at, "delta": piece}
        for piece, at in (('{"n"', 0), ('{"n"', 1), (":0}", 0), (":1}", 1))
    ]
    turn = reply(*starts, *deltas, *(done(item, at) for at, item in enumerate(items)))
    assert [part.input_json for part in turn.parts if isinstance(part, ToolCallPart)] == ['{"n":0}', '{"n":1}']
    assert [original(part) for part in turn.parts] == items
    assert turn.stop_reason == "tool_calls"


def test_a_reply_that_is_incomplete_reports_why_and_keeps_what_arrived() -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel"}
    turn = turn_of(stream(delta, {"type": "response.incomplete", "response": response}))
    assert (turn.text, turn.stop_reason) == ("Hel", "max_output_tokens")


def test_usage_has_cached_and_thinking_tokens_searches_and_the_sum_that_was_billed() -> None:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 150,
        "cost": 0.125,
    }
    kinds = ("search", "open_page", "search")
    searches = [
        done({"type": "web_search_call", "id": f"ws_{at}", "action": {"type": kind}}, at)
        for at, kind in enumerate(kinds)
    ]
    response = {"status": "completed", "output": [], "usage": usage}
    events = events_of(stream(*searches, {"type": "response.completed", "response": response}))
    expected = Usage(40, 60, output_tokens=50, thinking_tokens=20, web_searches=2, billed_usd=Decimal("0.125"))
    assert [event for event in events if isinstance(event, UsageReported)] == [UsageReported(expected, is_final=True)]


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        ({"code": "server_error", "message": "it broke"}, Overloaded, ""),
        ({"code": "rate_limit_exceeded", "message": "too fast"}, RateLimited, ""),
        ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, RateLimited, "quota"),
        ({"code": "context_length_exceeded", "message": "exceeds the context window"}, RequestRefused, "too_long"),
        ({"code": "invalid_prompt", "message": "flagged as a violation"}, RequestRefused, "flagged"),
        ({"code": "invalid_image_format", "message": "not an image"}, RequestRefused, "bad_file"),
        ({"code": "image_too_large", "message": "too big"}, RequestRefused, "bad_file"),
        ({"code": "failed_to_download_image", "message": "no answer"}, RequestRefused, "bad_file"),
        ({"code": "image_content_policy_violation", "message": "not allowed"}, RequestRefused, "flagged"),
        ({"code": "bio_policy", "message": "not allowed"}, RequestRefused, "flagged"),
        ({"code": "data_residency_mismatch", "message": "another region"}, RequestRefused, "bad_request"),
        ({"code": "vector_store_timeout", "message": "too slow"}, Overloaded, ""),
        ({"code": "invalid_api_key", "message": "Incorrect API key provided"}, KeyRejected, "rejected"),
    ],
    ids=lambda value: value["code"] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("place", ["failed", "error", "error event"])
def test_an_error_before_any_output_is_one_of_the_core(
    place: str, error: dict[str, str], kind: type[ProviderError], detail: str
) -> None:
    event = {
        "failed": {"type": "response.failed", "response": {"status": "failed", "error": error, "output": []}},
        "error": {"type": "error", "sequence_number": 1, "param": None, **error},
        "error event": {"type": "error", "error": error},
    }[place]
    with pytest.raises(ProviderError) as raised:
        events_of(stream({"type": "response.created", "response": {}}, event))
    assert (type(raised.value), raised.value.detail) == (kind, detail)
    assert raised.value.message == error["message"]


def test_an_error_in_the_middle_is_a_cut_after_the_usage_that_came_with_it() -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel"}
    failed = {
        "status": "failed",
        "error": {"code": "server_error", "message": "it broke"},
        "output": [],
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    reader, seen = ReplyReader("text/event-stream", ResponsesReader()), list[ProviderEvent]()
    with pytest.raises(StreamCut, match="it broke"):
        for part in stream(delta, {"type": "response.failed", "response": failed}):
            for event in reader.feed(part):
                seen.append(event)
    assert seen[-1] == UsageReported(Usage(7, output_tokens=3), is_final=True)


def test_a_stream_without_its_last_event_is_a_cut() -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel"}
    with pytest.raises(StreamCut):
        turn_of(stream(delta))


def test_an_end_mark_alone_is_no_reply() -> None:
    with pytest.raises(StreamCut, match="no reply"):
        turn_of([b"data: [DONE]\n\n"])


def test_a_failed_response_without_an_error_is_a_failure() -> None:
    with pytest.raises(ProviderError, match="failed"):
        turn_of(stream({"type": "response.failed", "response": {"status": "completed", "output": None}}))


def test_an_item_that_ends_twice_is_one_call() -> None:
    turn = reply(added(call(arguments="")), done(call()), done(call()), added(call()), done(call(), 1))
    assert [part.call_id for part in turn.parts if isinstance(part, ToolCallPart)] == ["call_fc_1"]


def test_items_with_the_same_id_at_other_places_are_others() -> None:
    second = {**call(), "call_id": "call_2"}
    turn = reply(
        added(message("", "m"), 0),
        text_delta("Hel", output_index=0, item_id="m"),
        done(message("Hel", "m"), 0),
        added(message("", "m"), 1),
        text_delta("l", output_index=1, item_id="m"),
        done(message("lo", "m"), 1),
        done(call(), 2),
        done(second, 3),
    )
    assert turn.text == "Hello"
    assert [part.call_id for part in turn.parts if isinstance(part, ToolCallPart)] == ["call_fc_1", "call_2"]


def test_a_message_that_ends_twice_is_one_text() -> None:
    assert reply(done(message("Hello")), done(message("Hello"))).text == "Hello"


def test_a_call_that_stays_open_is_completed_from_the_whole_response() -> None:
    response = {"status": "completed", "output": [message("Hello"), call()]}
    start = {**call(arguments=""), "id": "another"}
    turn = turn_of(stream(added(start, 7), text_delta("Hello"), {"type": "response.completed", "response": response}))
    assert [part.input_json for part in turn.parts if isinstance(part, ToolCallPart)] == ['{"n":1}']


def test_another_kind_of_json_is_no_reply() -> None:
    with pytest.raises(ProtocolBroken):
        turn_of([b'{"id": "x"}'], "application/json")


@pytest.mark.parametrize("value", [None, 3, [], {}, {"type": 3}, {"type": "response.output_item.done"}])
def test_an_event_without_sense_is_harmless(value: Any) -> None:
    reader = ResponsesReader()
    list(reader.read_json(value))
    list(reader.read_json(DONE))
    assert list(reader.end()) == [Stopped("completed")]


def test_a_text_that_a_gateway_gives_without_items_arrives_once() -> None:
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "Hello"}
    whole = {"type": "message", "id": "another", "content": [{"type": "output_text", "text": "Hello"}]}
    ended = {"type": "response.completed", "response": {"status": "completed", "output": [whole]}}
    (part,) = turn_of(stream(delta, ended)).parts
    assert part == TextPart("Hello")


def text_delta(text: str, **where: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "content_index": 0, "delta": text, **where}


def message(text: str, item_id: str = "msg_1") -> dict[str, Any]:
    return {"type": "message", "id": item_id, "content": [{"type": "output_text", "text": text}]}


def call(item_id: str = "fc_1", arguments: str = '{"n":1}') -> dict[str, Any]:
    return {"type": "function_call", "id": item_id, "call_id": f"call_{item_id}", "name": "f", "arguments": arguments}


def arguments_delta(piece: str, **where: Any) -> dict[str, Any]:
    return {"type": "response.function_call_arguments.delta", "delta": piece, **where}


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA=="}


def test_items_with_the_same_place_are_distinguished_by_their_ids() -> None:
    items = [THOUGHT, message("Hello"), call("fc_1"), call("fc_2", '{"n":2}')]
    starts = [{"type": item["type"], "id": item["id"], "call_id": item.get("call_id"), "name": "f"} for item in items]
    turn = reply(
        *map(added, starts),
        text_delta("Hel", output_index=0, item_id="msg_1"),
        arguments_delta('{"n"', output_index=0, item_id="fc_1"),
        arguments_delta('{"n"', output_index=0, item_id="fc_2"),
        *map(done, items),
    )
    assert turn.text == "Hello"
    calls = [part for part in turn.parts if isinstance(part, ToolCallPart)]
    assert [(part.call_id, part.input_json) for part in calls] == [("call_fc_1", '{"n":1}'), ("call_fc_2", '{"n":2}')]
    kept = [original(part) for part in turn.parts if part.opaque is not None]
    assert THOUGHT in kept and items[2] in kept and items[3] in kept


def test_ids_that_change_with_each_event_do_not_matter() -> None:
    turn = reply(
        added(message("", "a")),
        text_delta("Hel", output_index=0, item_id="b"),
        text_delta("lo", output_index=0, item_id="c"),
        done(message("Hello", "d")),
        added(call("e", ""), 1),
        arguments_delta('{"n":1}', output_index=1, item_id="f"),
        done({**call("g"), "call_id": "call_e"}, 1),
    )
    assert turn.text == "Hello" and len(turn.parts) == 2
    assert isinstance(turn.parts[1], ToolCallPart) and turn.parts[1].input_json == '{"n":1}'


def test_an_event_that_names_no_item_belongs_to_the_last_of_its_kind() -> None:
    turn = reply(added(message("")), text_delta("Hel"), text_delta("lo"), done(message("Hello")))
    assert turn.parts == (TextPart("Hello", turn.parts[0].opaque),) and original(turn.parts[0]) == message("Hello")


def test_a_message_that_ends_after_the_call_that_follows_it_is_whole() -> None:
    turn = reply(
        added(message(""), 0),
        added(call(arguments=""), 1),
        text_delta("Hel", output_index=0, item_id="msg_1"),
        arguments_delta('{"n"', output_index=1, item_id="fc_1"),
        text_delta("lo", output_index=0, item_id="msg_1"),
        done(call(), 1),
        done(message("Hello"), 0),
    )
    assert turn.text == "Hello"
    assert [part.input_json for part in turn.parts if isinstance(part, ToolCallPart)] == ['{"n":1}']


def test_reasoning_that_ends_within_the_message_keeps_its_item_and_leaves_the_text_whole() -> None:
    turn = reply(
        added({"type": "reasoning", "id": "rs_1"}, 0),
        added(message(""), 1),
        text_delta("Hel", output_index=1),
        done(THOUGHT, 0),
        text_delta("lo", output_index=1),
        done(message("Hello"), 1),
    )
    assert [part.text for part in turn.parts if isinstance(part, TextPart)] == ["Hello"]
    assert THOUGHT in [original(part) for part in turn.parts if part.opaque is not None]


def test_a_call_that_only_the_whole_response_has_is_added_to_what_streamed() -> None:
    response = {"status": "completed", "output": [message("Hello"), call()]}
    turn = turn_of(stream(text_delta("Hello"), {"type": "response.completed", "response": response}))
    assert turn.text == "Hello" and turn.stop_reason == "tool_calls"
    assert [part.call_id for part in turn.parts if isinstance(part, ToolCallPart)] == ["call_fc_1"]


def test_arguments_without_the_start_of_their_call_wait_for_the_finished_item() -> None:
    turn = reply(arguments_delta('{"n"', output_index=0, item_id="fc_1"), done(call()))
    (part,) = turn.parts
    assert isinstance(part, ToolCallPart) and (part.call_id, part.input_json) == ("call_fc_1", '{"n":1}')


@pytest.mark.parametrize("output", [None, [], [message("Hello")]])
def test_events_without_an_item_change_nothing(output: list[Any] | None) -> None:
    nothing: list[dict[str, Any]] = [{"type": "response.output_item.added", "output_index": 0, "item": None}]
    ended = {"type": "response.completed", "response": {"status": "completed", "output": output}}
    parts = stream(
        *nothing, added(message("")), *nothing, text_delta("Hello", output_index=0), done(message("Hello")), ended
    )
    assert [part for part in turn_of(parts).parts if isinstance(part, TextPart)] == [
        TextPart("Hello", turn_of(parts).parts[0].opaque)
    ]


def test_an_error_event_waits_for_the_usage_of_the_failed_response() -> None:
    usage = {"input_tokens": 7, "output_tokens": 3}
    failed = {"status": "failed", "error": {"message": "again"}, "output": [], "usage": usage}
    reader, seen = ReplyReader("text/event-stream", ResponsesReader()), list[ProviderEvent]()
    parts = stream(
        text_delta("Hel"),
        {"type": "error", "code": "server_error", "message": "it broke"},
        {"type": "response.failed", "response": failed},
    )
    with pytest.raises(StreamCut, match="it broke"):
        for part in parts:
            for event in reader.feed(part):
                seen.append(event)
    assert seen[-1] == UsageReported(Usage(7, output_tokens=3), is_final=True)


def types_in(union: Any) -> list[str]:
    """The values of `type` in a union of the official client's models."""
    members = get_args(get_args(union)[0])
    return [get_args(member.model_fields["type"].annotation)[0] for member in members]


@pytest.mark.parametrize("kind", types_in(ResponseOutputItem))
def test_every_item_of_the_api_is_kept_unchanged(kind: str) -> None:
    item = {"type": kind, "id": "x_1", "call_id": "c_1", "status": "completed", "content": [], "odd": {"a": [None]}}
    kept = [original(part) for part in reply(added(item), done(item)).parts if part.opaque is not None]
    assert kept == ([] if kind == "message" else [item])


@pytest.mark.parametrize("kind", types_in(ResponseStreamEvent))
def test_every_event_of_the_api_is_read(kind: str) -> None:
    """One without its fields is harmless, before and while an item is open."""
    ended = kind in ("response.completed", "response.incomplete", "response.failed")
    odd: dict[str, Any] = {
        "type": kind,
        "output_index": 0,
        "item_id": "msg_1",
        "item": None,
        "delta": None,
        "part": {},
    }
    reader = ResponsesReader()
    events = [added(message("")), text_delta("Hello", output_index=0), odd]
    if kind == "error":
        assert list(reader.read_json(odd)) == []
        with pytest.raises(ProviderError):
            list(reader.end())
    elif not ended:
        assert turn_of(stream(odd, *events, done(message("Hello")), DONE)).text == "Hello"
