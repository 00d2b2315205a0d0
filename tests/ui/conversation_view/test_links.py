"""What in a row can be opened, and where it really leads."""

import pytest
from hypothesis import given
from hypothesis.strategies import text
from rich.segment import Segment

from tests.support.attacks import attack
from tui_chat.core.file_name import absolute_path
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view.links import (
    destination,
    displayed_url,
    may_open,
    suspicious_parts,
    target_at,
    targets,
)


def line(text: str, *links: tuple[int, int, str]) -> Line:
    made = Line((Segment(text),), len(text), text)
    made.links = links
    return made


@pytest.mark.parametrize("url", ["http://a.example", "HTTPS://a.example/x?y#z", "mailto:somebody@a.example"])
def test_addresses_of_the_web_and_of_mail_may_be_opened(url: str) -> None:
    assert may_open(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "vscode://x",
        "ssh://host",
        "smb://host/share",
        "data:text/html,x",
        "/etc/passwd",
        "../x",
        "",
        "http://a.example/\x1b]52;c;x\x07",
        "https://a.example/\u202egnp.exe",
        "https://a.example/ -o x",
        "https://bank.example\\@evil.example",
        "https:evil.example",
        "https:///evil.example",
        "https://%65vil.example",
        "https://bank.example\uff1a80@evil.example",
        "https://a.example:99999/",
        "mailto:",
    ],
)
def test_nothing_else_may(url: str) -> None:
    assert not may_open(url)
    assert targets(line("words", (0, 5, url))) == []


def test_a_host_is_shown_as_it_goes_over_the_wire() -> None:
    assert displayed_url("https://раypal.example/login") == "https://xn--ypal-43d9g.example/login"
    assert displayed_url("https://plain.example/ü") == "https://plain.example/ü"
    assert displayed_url("http://[broken") == "http://[broken"
    assert displayed_url("https://РАYPAL.example/login") == "https://xn--ypal-43d9g.example/login"
    assert displayed_url("https://раypal.example/раypal.example") == "https://xn--ypal-43d9g.example/раypal.example"
    assert displayed_url("https://bank.example\u3002evil.example/") == "https://bank.example.evil.example/"
    assert displayed_url("https://user@例え.example:444/a") == "https://user@xn--r8jz45g.example:444/a"


@pytest.mark.parametrize(
    ("url", "leads_to", "doubt"),
    [
        ("https://a.example/x", "a.example", ""),
        ("HTTPS://A.Example:8080/x@y", "a.example", ""),
        ("mailto:somebody@a.example?subject=b", "somebody@a.example", ""),
        ("https://bank.example@evil.example/", "evil.example", "The text before the @"),
        ("https://bank.example:80@evil.example/", "evil.example", "The text before the @"),
        ("https://раypal.example/", "xn--ypal-43d9g.example", "non-ASCII letters: раypal.example"),
        ("https://xn--ypal-43d9g.example/", "xn--ypal-43d9g.example", "non-ASCII letters: раypal.example"),
        ("https://a\u2044b.example/", "xn--ab-c6t.example", "non-ASCII letters"),
        ("http://2130706433/", "2130706433", "an IP address"),
        ("http://0x7f.1/", "0x7f.1", "an IP address"),
        ("http://[::1]:80/", "[::1]", "an IP address"),
    ],
)
def test_where_it_leads_is_reported_in_short_and_what_only_looks_like_it(url: str, leads_to: str, doubt: str) -> None:
    assert may_open(url)
    assert destination(url) == leads_to
    parts = " ".join(suspicious_parts(url))
    assert doubt in parts and bool(doubt) == bool(parts)


@given(text(max_size=30), text(max_size=20))
def test_no_address_makes_any_of_this_fail(host: str, rest: str) -> None:
    for url in (f"https://{host}/{rest}", f"https://{rest}@{host}", host):
        displayed_url(url), suspicious_parts(url)
        if may_open(url):
            assert destination(url)


def test_names_of_files_are_found_with_their_lines() -> None:
    text = "see src/app.py:12 and ./README.md, not e.g. this, 3.14 or asyncio.sleep; docs/notes too"
    found = [(target.path, target.line) for target in targets(line(text))]
    assert found == [("src/app.py", 12), ("./README.md", None)]


def test_a_file_name_within_a_link_is_the_link() -> None:
    made = line("main.py is there", (0, 7, "https://a.example/main.py"))
    assert [target.url for target in targets(made)] == ["https://a.example/main.py"]


def test_what_is_under_a_cell_is_reported() -> None:
    made = line("at src/a.py end")
    assert target_at(made, 2) is None
    under = target_at(made, 3)
    assert under is not None
    assert (under.start, under.end, under.shown) == (3, 11, "src/a.py")
    assert target_at(made, 11) is None


@attack
@given(
    text("-+/~.:@=\\ axpy\u202e\n", max_size=30), text("-:/.@htpsmailo \\%", max_size=20), text("-.@/x", max_size=8)
)
def test_nothing_that_is_opened_can_be_an_option_of_the_program_that_opens_it(
    words: str, address: str, rest: str
) -> None:
    for url in (address, f"-{address}", f"https://{rest}", f"mailto:{rest}", f"-https://{rest}"):
        row = line(f"link {words}", (0, 4, url))
        for target in targets(row):
            if target.url:
                assert target.url.lower().startswith(("http://", "https://", "mailto:"))
            else:
                assert absolute_path(target.path).is_absolute()
