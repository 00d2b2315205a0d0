"""The garbage collector is paused within a block, and only there."""

import gc

import pytest

from tui_chat.collector import collector_paused


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_as_it_was_after_the_block_also_when_that_fails(was_on: bool) -> None:
    before = gc.isenabled()
    try:
        gc.enable() if was_on else gc.disable()
        with pytest.raises(ValueError), collector_paused():
            assert not gc.isenabled()
            raise ValueError
        assert gc.isenabled() is was_on
    finally:
        gc.enable() if before else gc.disable()
