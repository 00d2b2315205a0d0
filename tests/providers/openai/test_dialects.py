"""The table of dialects against the table of what the environment knows."""

import pytest

from tui_chat.providers.openai.dialects import DIALECTS
from tui_chat.settings.provider_presets import PROVIDER_PRESETS


def test_every_service_is_a_dialect_or_has_an_adapter_of_its_own() -> None:
    assert set(PROVIDER_PRESETS) == {*DIALECTS, "anthropic", "demo"}


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_dialect_and_its_service_agree_on_what_runs_here(name: str) -> None:
    dialect, service = DIALECTS[name], PROVIDER_PRESETS[name]
    assert service.is_local == dialect.base_url.startswith("http://127.0.0.1")
    assert service.is_local == (not dialect.needs_key)
    assert service.is_local == (dialect.plain_port is not None)
    assert dialect.plain_port is None or f":{dialect.plain_port}/" in dialect.base_url
    assert service.key_variables
