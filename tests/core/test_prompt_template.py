"""Front matter, placeholders, and what is never read again."""

import pytest

from tui_chat.core.prompt_template import PromptTemplate, TemplateError, filled, parse_template, placeholders

REVIEW = """---
description: Review a file
argument-hint: FILE [FOCUS]
model: demo/tour
tools: [read, fetch]
---
Review $1 for $2.

{{file:src/$1}} {{clipboard}} {{stdin}}
"""


def test_front_matter_and_body_are_read() -> None:
    template = parse_template("review", REVIEW)
    assert (template.description, template.argument_hint, template.model) == (
        "Review a file",
        "FILE [FOCUS]",
        "demo/tour",
    )
    assert template.tools == ("read", "fetch") and template.body.startswith("Review $1")
    assert template.takes_arguments


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ndescription: x\n", 1, "no end"),
        ("---\nmodle: x\n---\nhi", 2, "did you mean model"),
        ("---\nmodel: a\n\nmodel: b\n---\nhi", 4, "twice"),
        ("---\njust words\n---\nhi", 2, "NAME: VALUE"),
        ("---\nmodel: a\n---\n\n", 4, "no prompt"),
        ("", 1, "no prompt"),
    ],
)
def test_bad_front_matter_names_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(TemplateError, match=words) as error:
        parse_template("x", text)
    assert error.value.line == line


@pytest.mark.parametrize("name", ["Review", "a b", "../x", "1st", ""])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(TemplateError, match="no name of a command"):
        parse_template(name, "hi")


def test_placeholders_are_filled_and_what_is_put_in_is_not_read_again() -> None:
    template = parse_template("review", REVIEW)
    assert placeholders(template, "'a b.py' {{stdin}}") == ("file:src/a b.py", "clipboard", "stdin")
    values = {"file:src/a b.py": "$ARGUMENTS", "clipboard": "{{stdin}}", "stdin": "piped"}
    text = filled(template, "'a b.py' {{stdin}}", values)
    assert text == "Review a b.py for {{stdin}}.\n\n$ARGUMENTS {{stdin}} piped"


def test_arguments_without_a_place_stand_below() -> None:
    assert filled(PromptTemplate("x", "Explain."), " this one ", {}) == "Explain.\n\nthis one"
    assert filled(PromptTemplate("x", "Explain $ARGUMENTS."), "it", {}) == "Explain it."
    assert filled(PromptTemplate("x", "Costs $10, $1."), "", {}) == "Costs $10, ."
