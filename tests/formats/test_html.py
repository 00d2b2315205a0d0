"""The export as a page: complete, and harmless whatever the text is."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import AttachmentPart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats.html import to_html
from tui_chat.formats.transcript import Branch

NOW = datetime(2026, 11, 29, tzinfo=UTC)
TAGS = re.compile(
    "html|head|meta|title|style|body|header|h[1-6]|p|article|a|details|summary|pre|code|span|figure|img|em|strong|s"
    "|[uo]l|li|table|thead|tbody|t[rhd]|blockquote|[hb]r"
)
ATTRIBUTES = re.compile("lang|charset|http-equiv|content|name|class|id|href|rel|src|alt|download|start")


class Checked(HTMLParser):
    """Reads a page and notes everything that could run, load or break out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.text = ""
        self.images: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not TAGS.fullmatch(tag):
            self.wrong.append(f"<{tag}>")
        if tag not in ("meta", "img", "br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            if not ATTRIBUTES.fullmatch(name):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "src":
                self.images.append(str(value))
                if not str(value).startswith("data:image/"):
                    self.wrong.append(f"loads {value}")
            if name == "href":
                self.links.append(str(value))
                if not str(value).startswith(("#turn-", "http://", "https://", "mailto:", "data:application/octet")):
                    self.wrong.append(f"links to {value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> does not match")

    def handle_data(self, data: str) -> None:
        self.text += data


def checked(page: str) -> Checked:
    parser = Checked()
    parser.feed(page)
    parser.close()
    assert parser.wrong == [] and parser.open == []
    return parser


def turn(turn_id: str, parent: str | None, *parts: Part, role: Role = Role.ASSISTANT) -> Turn:
    return Turn(turn_id, parent, role, parts, TurnStatus.COMPLETE, NOW, "demo/tour")


def conversation(*turns: Turn, head: str | None = None, title: str = "A title", system: str = "") -> Conversation:
    return Conversation(
        "c", NOW, NOW, title, model="demo/tour", system=system, turns=turns, head=head or turns[-1].id
    )


HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x) [y](file:///etc/passwd) <javascript:alert(1)>",
    "![x](https://tracker.example/pixel.png)",
    '![x](https://a.example/"onerror="alert(1))',
    "<img src=x onerror=alert(1)>",
    '[a](https://a.example/"onmouseover="x)',
    '```html"><script>\n<script>alert(1)</script>\n```',
    "```python\nprint('</code></pre><script>')\n```",
    "&lt;script&gt; &#x6a;avascript:",
    "[![a](x)](javascript:x) [b [c](https://c.example) d](javascript:y)",
    "<details open ontoggle=alert(1)>",
    "\x00\x1b[31m\u202egnp.exe",
    "| a |\n|:-:|\n| <svg onload=x> |",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_everywhere(text: str) -> None:
    attached = AttachmentPart(text, "text/html", b"<script>alert(1)</script>")
    call, result = ToolCallPart("1", text, text), ToolResultPart("1", text)
    parts = (TextPart(text), ThinkingPart(text), call, result, attached)
    page = to_html(conversation(turn("a", None, *parts), title=text, system=text), Branch.ALL)
    found = checked(page)
    assert found.images == []
    assert "default-src 'none'" in page


@given(st.text(alphabet=st.sampled_from("<>/\"'&`[]()!#*_-|\\~ \nabjs:=;\x00\u202e"), max_size=60))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_gives_a_page_that_is_closed_and_loads_nothing(text: str) -> None:
    page = to_html(conversation(turn("a", None, TextPart(text), ThinkingPart(text)), title=text))
    assert checked(page).images == []


def test_markdown_code_and_tables_are_set() -> None:
    text = "# Head\n\n**bold** and [link](https://example.com)\n\n```python\nx = 1\n```\n\n| a |\n|--:|\n| 1 |"
    page = to_html(conversation(turn("a", None, TextPart(text))))
    assert "<strong>bold</strong>" in page and '<td class="right">1</td>' in page and ".right {" in page
    assert '<span class="n">x</span>' in page and "prefers-color-scheme: dark" in page
    assert "https://example.com" in checked(page).links


def test_other_branches_are_folded_and_every_turn_has_an_anchor() -> None:
    tree = conversation(
        turn("p", None, TextPart("question"), role=Role.USER),
        turn("a", "p", TextPart("first answer")),
        turn("b", "p", TextPart("second answer")),
        turn("q", "a", TextPart("beneath the first"), role=Role.USER),
        head="b",
    )
    page = to_html(tree, Branch.ALL)
    found = checked(page)
    folded = page[page.index('<details class="branch">') :]
    assert "1 other version" in folded and "first answer" in folded and "beneath the first" in folded
    assert page.index("second answer") < page.index('<details class="branch">')
    assert [link for link in found.links if link.startswith("#")] and page.count('id="turn-') == 4
    current = checked(to_html(tree, Branch.CURRENT)).text
    assert "second answer" in current and "first answer" not in current


def test_a_tree_deeper_than_pythons_calls_is_written() -> None:
    turns = [turn("0", None, TextPart("x"))]
    for number in range(1, 1500):
        turns += [
            turn(str(number), str(number - 1), TextPart("x")),
            turn(f"s{number}", str(number - 1), TextPart("y")),
        ]
    page = to_html(conversation(*turns, head="1499"), Branch.ALL)
    assert page.count("<article") == len(turns)


def test_attachments_are_in_the_page_unless_they_are_left_out() -> None:
    image = AttachmentPart("shot.png", "image/png", b"\x89PNG\r\n")
    file = AttachmentPart("notes.html", "text/html", b"<b>")
    only = conversation(turn("a", None, TextPart("see"), image, file, role=Role.USER))
    found = checked(to_html(only))
    assert found.images == ["data:image/png;base64,iVBORw0K"]
    assert "data:application/octet-stream;base64,PGI+" in found.links
    without = checked(to_html(only, attachments=False))
    assert without.images == [] and "shot.png" in without.text
