"""The parts of a picker's row stand in columns, and what is cut is still searched."""

from tui_chat.core.text_width import text_width
from tui_chat.ui.picker_rows import Choice, Row, rows_of

CHOICES = [
    Choice("a", "Switch model", "/model", shortcut="Ctrl+L"),
    Choice("b", "Rename", shortcut="/title"),
    Choice("c", "Open: a title that is much longer", "20 Nov"),
    Choice("d", "Open: 名前名前名前名前名前名前", "21 Nov"),
    Choice("e", "Open: short", "22 Nov"),
]


def plain(row: Row) -> str:
    return row.drawn().plain


def test_keys_and_notes_stand_in_columns_and_a_long_text_is_cut() -> None:
    shown = [plain(row) for row in rows_of(CHOICES)]
    assert shown[:3] == ["Switch model  Ctrl+L  /model", "Rename        /title", "Open: a title that…   20 Nov"]
    assert [text_width(row.partition("2")[0]) for row in shown[2:]] == [22, 22, 22]
    assert [row.width for row in rows_of(CHOICES)] == [text_width(text) for text in shown]


def test_letters_in_the_part_that_is_cut_are_searched_and_those_behind_it_are_highlighted() -> None:
    row = rows_of(CHOICES)[2]
    assert "much longer" in row.words
    hits = [row.words.index("title"), row.words.index("longer"), row.words.index("20")]
    marked = [row.drawn(hits).plain[span.start] for span in row.drawn(hits).spans if "bold" in str(span.style)]
    assert marked == ["t", "2"]


def test_without_its_note_a_row_keeps_its_key() -> None:
    shown = [row.drawn(with_note=False).plain for row in rows_of(CHOICES)]
    assert shown[:3] == ["Switch model  Ctrl+L", "Rename        /title", "Open: a title that…"]


def test_where_no_row_has_a_key_nothing_is_cut_and_the_notes_of_short_texts_have_a_column() -> None:
    long = "a text that is so long that no column is behind it"
    choices = [Choice("a", "one", "a note"), Choice("b", "a text", "another", mark="●"), Choice("c", long, "last")]
    assert [plain(row) for row in rows_of(choices)] == [
        "   one     a note",
        "●  a text  another",
        f"   {long}  last",
    ]
    assert [plain(row) for row in rows_of([Choice("a", "one", "a note"), Choice("b", "a text without")])] == [
        "one  a note",
        "a text without",
    ]
