"""Text becomes words in any script."""

import time

import pytest

from tui_chat.storage.tokenizer import SearchTerm, camel_case_suffixes, index_text, indexed_words, normalize, tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, user_name!", "Hello, user_name!"),
        ("Größe", "grosse"),
        ("naïve — café", "naive cafe"),
        ("ＡＢＣ", "abc"),
        ("搜索词", "搜索 索词 词"),
        ("用GPT模型", "用 gpt 模型 型"),
        ("東京、大阪", "東京 京 大阪 阪"),
        ("ça 🎉 va", "ca 🎉 va"),
        ("हिन्दी", "हिन्दी"),
        ("한국어", "한국 국어 어"),
    ],
)
def test_the_index_takes_in_words_and_pairs(text: str, words: str) -> None:
    assert index_text(text).split() == words.split()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("getUserName()", "username name"),
        ("HTTPServer and XMLParser2", "server parser2"),
        ("plain words, CAPITALS, Title", ""),
        ("aB x1Y aBc", "y bc"),
        ("a" * 79 + "B " + "a" * 80 + "C", "b"),
        ("naïveCase _innerPart", "case part"),
    ],
)
def test_an_identifier_is_known_by_its_ends(text: str, ends: str) -> None:
    assert sorted(camel_case_suffixes(text).split()) == sorted(ends.split())


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("Hello", (["hello"], True)),
        ("user_na", (["user", "na"], True)),
        ("c++", (["c"], False)),
        ("++", ([], False)),
        ("搜索", (["搜索"], False)),
        ("搜", (["搜"], True)),
        ("GPT模", (["gpt", "模"], True)),
        ("模型GPT", (["模型", "型", "gpt"], True)),
        ("", ([], False)),
    ],
)
def test_a_term_is_sought_as_the_index_holds_it(term: str, expected: tuple[list[str], bool]) -> None:
    assert tokens(term) == expected


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("user", "A User here", "User"),
        ("user", "superuser", None),
        ("name", "user_name", "name"),
        ("gpt", "用GPT模型", "GPT"),
        ("resume", "my Résumé", "Résumé"),
        ("résumé", "RESUME", "RESUME"),
        ("resume", "re\u0301sume\u0301", "re\u0301sume\u0301"),
        ("two words", "two\n   Words", "two\n   Words"),
        ("索", "搜索词", "索"),
        ("c++", "in C++ then", "C++"),
        ("(.*", "a (.* b", "(.*"),
        ("abc", "ＡＢＣ", "ＡＢＣ"),
        ("ß", "Straße", None),
    ],
)
def test_a_term_is_found_in_raw_text(term: str, text: str, found: str | None) -> None:
    assert SearchTerm(term).is_in(text) == (found is not None)
    if found is not None:
        assert [text[start:end] for start, end in SearchTerm(term).spans(text, len(text), 10)] == [found]


def test_the_middle_of_a_word_is_shown_where_no_word_begins_so() -> None:
    assert SearchTerm("name").spans("getUserName", 11, 5) == [(7, 11)]
    assert SearchTerm("name").spans("getUserName name", 16, 5) == [(12, 16)]


def test_inside_finds_the_middle_of_a_word() -> None:
    assert SearchTerm("ream", inside=True).spans("streaming", 9, 5) == [(2, 6)]
    assert SearchTerm("ß", inside=True).is_in("Straße")


def test_places_are_true_even_where_small_letters_are_longer() -> None:
    text = "İİİ here"
    assert [text[start:end] for start, end in SearchTerm("here").spans(text, len(text), 5)] == ["here"]


def test_folding_makes_spellings_equal() -> None:
    assert normalize("É") == normalize("e\u0301") == normalize("e") == "e"


@pytest.mark.parametrize("run", ["x", "X", "xY", "_", "搜", "é", "(", "\u0301", "0", "🎉 "])
def test_a_megabyte_without_end_is_taken_in_at_once(run: str) -> None:
    text = run * (1_000_000 // len(run))
    began = time.process_time()
    index_text(text)
    camel_case_suffixes(text)
    SearchTerm("needle").is_in(text)
    SearchTerm("xx").spans(text, len(text), 10)
    assert time.process_time() - began < 5


def test_a_huge_text_has_the_words_of_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"getUserName{number} Straße 漢字です é\u0301\n" for number in range(50))
    whole = indexed_words(text)
    monkeypatch.setattr("tui_chat.storage.tokenizer._PIECE", 30)
    assert indexed_words(text) == whole
