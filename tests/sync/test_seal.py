"""Sealed records: opened by no one else, bound to their place, named by a keyed hash."""

from dataclasses import replace

import pytest

from tui_chat.core.error import SyncError
from tui_chat.sync.protocol import SealBroken, SealedRecord
from tui_chat.sync.seal import SpaceKey

PLAIN = b"the prompt and the reply"


def sealed(key: SpaceKey, plain: bytes = PLAIN) -> SealedRecord:
    name = key.name(1, "conversation", "turn")
    record = SealedRecord(1, name, key.name(9, "conversation", ""), 0, 7, b"machine1", b"")
    return replace(record, body=key.seal(record, plain))


def test_a_record_opens_with_its_key() -> None:
    key = SpaceKey.new()
    assert key.open(sealed(key)) == PLAIN


def test_another_key_of_the_same_space_opens_nothing() -> None:
    key = SpaceKey.new()
    with pytest.raises(SealBroken):
        SpaceKey(key.space, SpaceKey.new().secret).open(sealed(key))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 2},
        {"key": bytes(16)},
        {"room": bytes(16)},
        {"rank": 1},
        {"counter": 8},
        {"device": b"machine2"},
    ],
)
def test_a_record_that_was_moved_or_restamped_is_refused(change: dict[str, object]) -> None:
    key = SpaceKey.new()
    with pytest.raises(SealBroken):
        key.open(replace(sealed(key), **change))  # type: ignore[arg-type]


def test_a_record_that_was_altered_or_truncated_is_refused() -> None:
    key = SpaceKey.new()
    record = sealed(key)
    for position in range(len(record.body)):
        body = bytearray(record.body)
        body[position] ^= 1
        with pytest.raises(SealBroken):
            key.open(replace(record, body=bytes(body)))
        with pytest.raises(SealBroken):
            key.open(replace(record, body=record.body[:position]))


def test_a_record_of_another_space_is_refused() -> None:
    key = SpaceKey.new()
    with pytest.raises(SealBroken):
        SpaceKey(SpaceKey.new().space, key.secret).open(sealed(key))


def test_sealing_again_gives_the_same_bytes_and_other_bytes_another_nonce() -> None:
    key = SpaceKey.new()
    assert sealed(key).body == sealed(key).body
    assert sealed(key).body[1:25] != sealed(key, PLAIN + b".").body[1:25]


def test_a_sealed_record_shows_neither_text_nor_ids() -> None:
    record = sealed(SpaceKey.new())
    everything = record.key + record.room + record.body
    assert not any(part in everything for part in (PLAIN, b"prompt", b"conversation", b"turn"))


def test_names_differ_by_kind_conversation_and_name() -> None:
    key = SpaceKey.new()
    assert len({key.name(1, "a", "b"), key.name(2, "a", "b"), key.name(1, "a", "c"), key.name(1, "ab", "")}) == 4


def test_key_text_can_be_typed_in_with_capitals_and_spaces() -> None:
    key = SpaceKey.new()
    assert SpaceKey.parse(key.text) == key
    assert SpaceKey.parse(key.text.upper().replace("-", " ") + "\n") == key


@pytest.mark.parametrize("spoil", [lambda text: text[:-1], lambda text: text[:-1] + "?", lambda text: "x" + text])
def test_key_text_with_a_mistake_is_refused(spoil: object) -> None:
    with pytest.raises(SyncError) as refused:
        SpaceKey.parse(spoil(SpaceKey.new().text))  # type: ignore[operator]
    assert refused.value.detail == "bad_key"


def test_key_text_with_two_letters_swapped_fails_its_checksum() -> None:
    text = SpaceKey.new().text
    position = next(
        place for place in range(20, 80) if "-" not in text[place : place + 2] and text[place] != text[place + 1]
    )
    swapped = text[:position] + text[position + 1] + text[position] + text[position + 2 :]
    with pytest.raises(SyncError, match="checksum"):
        SpaceKey.parse(swapped)
