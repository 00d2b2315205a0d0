"""Every kind of content that ChatGPT's export holds, as parts."""

import json

from tests.formats.fixtures import IMPORTS, read
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Turn

FOUND = read(IMPORTS / "chatgpt.json")[0]


def turn(title: str, number: int) -> Turn:
    return next(one for name, one in FOUND.items() if name.startswith(title)).turns[number]


def test_thoughts_tools_and_words_are_one_reply_in_their_order() -> None:
    reply = turn("Mean of a column", 1)
    assert [type(part) for part in reply.parts] == [
        *[ThinkingPart] * 3, ToolCallPart, ToolResultPart, ToolCallPart, *[ToolResultPart] * 2, TextPart
    ]  # fmt: skip
    assert reply.text == "The mean is 4.5."
    assert reply.thinking == (
        "**Reading the file**\n\nThe file must be opened first.\n\nThen the mean.\n\nThought for 8s"
    )


def test_a_tools_results_name_the_call_that_they_answer() -> None:
    calls = {part.call_id: part for part in turn("Mean of a column", 1).parts if isinstance(part, ToolCallPart)}
    results = [part for part in turn("Mean of a column", 1).parts if isinstance(part, ToolResultPart)]
    assert [(calls[part.call_id].name, part.is_error) for part in results] == [
        ("python", True), ("web.search", False), ("web.search", False)
    ]  # fmt: skip
    assert [json.loads(call.input_json) for call in calls.values()] == [
        {"text": "import pandas as pd\npd.read_csv('a.csv')"},
        {"query": "mean of a column"},
    ]
    assert results[2].text == "Mean\nhttps://example.org/mean\nA mean is a sum divided by a count."


def test_attachments_keep_their_names() -> None:
    assert turn("Mean of a column", 0).parts[-1] == AttachmentPart("räume & flächen.csv", "text/csv")
    assert turn("Which of the two", 0).parts == (
        AttachmentPart("left.png", "image/png"),
        AttachmentPart("file-Zz9", "image/*"),
        TextPart("Which of the two\nis brighter?\n\nSay why."),
    )


def test_a_drawn_picture_is_what_the_tool_gave() -> None:
    call, result, picture, words = turn("Which of the two", 1).parts
    assert isinstance(call, ToolCallPart) and json.loads(call.input_json)["prompt"] == "a lamp"
    assert isinstance(result, ToolResultPart) and result.call_id == call.call_id
    assert picture == AttachmentPart("file_00000000bb", "image/*")
    assert words == TextPart("The left one.")


def test_speech_is_its_transcription_and_the_sound_a_name() -> None:
    assert turn("Which of the two", 2).parts == (
        TextPart("And at night?"),
        AttachmentPart("file_00000000cc", "audio/wav"),
    )


def test_an_unknown_block_is_kept_as_it_came() -> None:
    unknown, code = turn("Which of the two", 3).parts
    assert isinstance(unknown, OtherPart) and unknown.kind == "super_widget_2027"
    assert unknown.opaque is not None and json.loads(unknown.opaque.json)["payload"] == {"a": [1, 2]}
    assert code == TextPart("```python\nprint('dark')\n```")
