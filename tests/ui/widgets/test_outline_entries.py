"""The outline has every prompt, and the headings of the replies but not of their code."""

from tests.ui.turns import prompt, reply
from tui_chat.core.turn import TurnStatus
from tui_chat.ui.widgets.outline_entries import OutlineEntry, outline_of

TEXT = """# One *big* thing

```sh
# a comment, no heading
```

text # no heading

### Three [link](https://a.example) `code`
"""


def test_prompts_and_headings_stand_in_their_order() -> None:
    path = (prompt(0, "\n\nHow?\nmore"), reply(1, TEXT), prompt(2, "And then?", "turn-1"))
    assert outline_of(path, {}) == [
        OutlineEntry("turn-0", "How?"),
        OutlineEntry("turn-1", "One big thing", 1),
        OutlineEntry("turn-1", "Three link code", 3),
        OutlineEntry("turn-2", "And then?"),
    ]


def test_a_finished_reply_is_read_once() -> None:
    path = (prompt(0, "How?"), reply(1, TEXT))
    known: dict[str, tuple[OutlineEntry, ...]] = {}
    outline_of(path, known)
    known["turn-1"] = known["turn-1"][:1]
    assert len(outline_of(path, known)) == 2


def test_an_open_fence_hides_what_follows() -> None:
    assert len(outline_of((reply(1, "```\n# no\n~~~\n# no"),), {})) == 0


def test_a_streaming_reply_is_read_again_when_it_is_finished() -> None:
    known: dict[str, tuple[OutlineEntry, ...]] = {}
    assert outline_of((reply(1, "# One", status=TurnStatus.STREAMING),), known) == [OutlineEntry("turn-1", "One", 1)]
    assert len(outline_of((reply(1, "# One\n\n# Two"),), known)) == 2
