"""Suggests model options as they are typed: `effort=high thinking=on`. Knows no widget."""

from collections.abc import Sequence

from tui_chat.ui.picker_rows import Choice

EFFORTS = ("low", "medium", "high")
"""Those of a model whose provider lists none."""
_OFFERED = (
    *(Choice(f"thinking={how}", f"thinking={how}") for how in ("on", "off", "auto")),
    *(
        Choice(f"max_tokens={most}", f"max_tokens={most}", "maximum length of a reply")
        for most in (1000, 4000, 16000)
    ),
    *(Choice(f"temperature={how}", f"temperature={how}") for how in ("0", "0.5", "1")),
)


def suggest_options(typed: str, efforts: Sequence[str] = ()) -> Sequence[Choice]:
    """Return completions of the last word; `efforts` are those of the model, if they are known."""
    before = typed[: len(typed) - len(typed.split(" ")[-1])]
    taken = {word.partition("=")[0] for word in before.split()}
    note = "" if efforts else "if the model supports it"
    all_of_them = [*(Choice(f"effort={how}", f"effort={how}", note) for how in efforts or EFFORTS), *_OFFERED]
    free = [one for one in all_of_them if one.value.partition("=")[0] not in taken]
    return [Choice(before + one.value, before + one.text, one.note) for one in free]
