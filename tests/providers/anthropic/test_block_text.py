"""Results of tools and citations as words."""

import pytest

from tui_chat.providers.anthropic.block_text import citation_text, is_failed_result, result_text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        (3, ""),
        ([{"type": "text", "text": "a"}, {"type": "image"}, "b"], "a\nb"),
        ({"error_code": "unavailable"}, "unavailable"),
        ({"error_code": "unavailable", "error_message": "later"}, "unavailable: later"),
        ({"url": "https://a.example", "title": None}, "https://a.example"),
        ({"stdout": "out\n", "stderr": "err\n", "return_code": 1}, "out\nerr\nexit code 1"),
        ({"stdout": "", "stderr": "", "return_code": 0}, ""),
        ({"lines": ["-a", "+b"]}, "-a\n+b"),
        ({"is_file_update": True}, ""),
        ({"source": {"type": "base64", "data": "AAAA"}, "title": "a.pdf"}, "a.pdf"),
    ],
)
def test_a_result_is_read_as_text(content: object, text: str) -> None:
    assert result_text(content) == text


def test_a_failure_is_known_by_its_flag_or_its_kind() -> None:
    assert is_failed_result({"is_error": True, "content": "x"})
    assert is_failed_result({"content": {"type": "web_fetch_tool_result_error", "error_code": "x"}})
    assert not is_failed_result({"content": [{"type": "text", "text": "error"}]})


@pytest.mark.parametrize(
    ("citation", "text"),
    [
        ({"type": "web_search_result_location", "title": "T", "url": "https://a"}, "T — https://a"),
        ({"type": "page_location", "document_title": "D", "start_page_number": 2}, "D — page 2"),
        ({"type": "search_result_location", "title": None, "source": "kb/7"}, "kb/7"),
        ({"type": "char_location", "document_title": None}, "char_location"),
    ],
)
def test_a_citation_shows_where_it_is_from(citation: dict[str, object], text: str) -> None:
    assert citation_text(citation) == text
