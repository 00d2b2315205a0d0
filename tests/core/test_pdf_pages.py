"""Pages of a PDF, plain, packed and hostile."""

import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attachments.samples import pdf
from tui_chat.core.pdf_pages import pdf_pages


@pytest.mark.parametrize("pages", [1, 2, 117])
@pytest.mark.parametrize("packed", [False, True])
def test_pages_are_counted_in_the_page_tree(pages: int, packed: bool) -> None:
    assert pdf_pages(pdf(pages, packed=packed)) == pages


def test_a_file_saved_in_steps_counts_its_pages_once() -> None:
    assert pdf_pages(pdf(3) + pdf(3)[9:]) == 3


def test_a_file_without_a_page_tree_has_an_unknown_number_of_pages() -> None:
    assert pdf_pages(b"%PDF-1.7\n/Encrypt 3 0 R") is None


def test_a_stream_that_inflates_without_end_is_bounded() -> None:
    bomb = zlib.compress(b"/Type /Page " * 2_000_000)
    stream = b"<< /Type /ObjStm /Length %d >>\nstream\n" % len(bomb) + bomb + b"\nendstream\n"
    started = time.monotonic()
    pdf_pages(b"%PDF-1.7\n" + stream * 20)
    assert time.monotonic() - started < 10


@given(st.lists(st.sampled_from([b"/Type /Pages", b"/Type /ObjStm", b">>", b"<<", b"stream\n", b"/Count 7 ", b"x"])))
def test_any_bytes_give_a_number_or_none(pieces: list[bytes]) -> None:
    pages = pdf_pages(b"%PDF-" + b"".join(pieces))
    assert pages is None or pages > 0
