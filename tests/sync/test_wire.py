"""Records as bytes: what comes back, and what is refused before it can do harm."""

import zlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sync.fake_hub import FakeSeal
from tui_chat.core.replica import Key, Kind, Record, SealedRecord, Stamp
from tui_chat.sync import wire
from tui_chat.sync.protocol import FORMAT

SEAL = FakeSeal()
RECORD = Record(Key(Kind.TURN, "c1", "t1"), Stamp(0, 3, b"8 bytes."), b'{"text":"\xc3\xa9"}')


def sealed_with(plain: bytes) -> SealedRecord:
    """Return a record whose seal is right and whose content is anything."""
    empty = replace(wire.pack(RECORD, SEAL), body=b"")
    return replace(empty, body=SEAL.seal(empty, plain))


@given(
    st.sampled_from(Kind),
    st.text(max_size=20),
    st.text(max_size=20),
    st.integers(0, 2**53),
    st.binary(max_size=200),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_record_comes_back_as_it_was_and_packs_to_the_same_bytes(
    kind: Kind, conversation: str, name: str, counter: int, body: bytes
) -> None:
    record = Record(Key(kind, conversation, name), Stamp(counter % 3, counter, counter.to_bytes(8, "big")), body)
    sealed = wire.pack(record, SEAL)
    assert wire.unpack(sealed, SEAL).record == record and wire.pack(record, SEAL) == sealed
    assert sealed.room == wire.pack(Record(Key(Kind.GONE, conversation), Stamp(), b""), SEAL).key


def test_an_unknown_format_is_kept_as_it_is() -> None:
    sealed = wire.pack(RECORD, SEAL)
    future = replace(sealed, body=bytes([FORMAT + 1]) + sealed.body[1:])
    arrival = wire.unpack(future, SEAL)
    assert arrival.record is None and arrival.why == "format" and arrival.sealed == future


@pytest.mark.parametrize(
    "change",
    [{"rank": 1}, {"counter": 4}, {"device": b"another."}, {"kind": 3}, {"key": bytes(16)}, {"room": bytes(16)}],
)
def test_a_record_that_was_moved_or_stamped_again_is_refused(change: dict[str, object]) -> None:
    assert wire.unpack(replace(wire.pack(RECORD, SEAL), **change), SEAL).why == "seal"  # type: ignore[arg-type]


@pytest.mark.parametrize("kept", [0, 1, 16, 17, 30])
def test_a_record_that_was_cut_is_refused(kept: int) -> None:
    sealed = wire.pack(RECORD, SEAL)
    assert wire.unpack(replace(sealed, body=sealed.body[:kept]), SEAL).record is None


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1_000_000)
    head = b'[1,"c1","t1"]\n'
    assert wire.unpack(sealed_with(zlib.compress(head + bytes(900_000))), SEAL).record is not None
    assert wire.unpack(sealed_with(zlib.compress(head + bytes(50_000_000))), SEAL).why == "seal"


@pytest.mark.parametrize(
    "head", [b"", b"[]", b"{}", b'[1,"c1"]', b'[1,2,"t1"]', b'["1","c1","t1"]', b'[1,"c1","t2"]', b"[" * 100_000]
)
def test_a_record_that_names_nothing_or_another_one_is_refused(head: bytes) -> None:
    assert wire.unpack(sealed_with(zlib.compress(head + b"\n{}")), SEAL).why == "seal"


def test_bytes_that_are_no_zlib_are_refused() -> None:
    assert wire.unpack(sealed_with(b"no zlib"), SEAL).why == "seal"
