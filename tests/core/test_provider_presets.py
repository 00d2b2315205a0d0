"""The table of providers known by name."""

import pytest

from tui_chat.core.provider_presets import DIALECTS, PRESETS


def test_only_providers_with_an_adapter_of_their_own_have_no_dialect() -> None:
    assert set(PRESETS) == {*DIALECTS, "anthropic", "demo"}


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_local_server_has_a_local_address_and_a_port_and_needs_no_key(name: str) -> None:
    dialect, preset = DIALECTS[name], PRESETS[name]
    assert preset.is_local == dialect.base_url.startswith("http://127.0.0.1")
    assert preset.is_local == (not dialect.needs_key)
    assert preset.is_local == (dialect.plain_port is not None)
    assert dialect.plain_port is None or f":{dialect.plain_port}/" in dialect.base_url
    assert preset.key_variables
