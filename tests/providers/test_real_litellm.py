"""LiteLLM's proxy, with replies made up by itself, on both of its wires."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.attachments.samples import image, pdf
from tests.providers.contract import collected, last_usage, parts, request, stops, text_of
from tests.providers.real import environment_with, free_port, running
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.error import KeyRejected, ProviderError, RateLimited, RequestRefused
from tui_chat.core.event import ReplyOpened, Stopped
from tui_chat.core.part import TextPart
from tui_chat.core.provider import Model, Provider
from tui_chat.core.secret import Secret
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.registry import make_provider

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

KEY = "sk-canary-0123456789abcdef"
SAID = "Two words — über 👩‍🚀 and 日本語, in several pieces, so that it streams."
SETTINGS = f"""
model_list:
  - model_name: first
    litellm_params: {{model: openai/gpt-4o, api_key: none, mock_response: "{SAID}"}}
  - model_name: second
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_key: none, mock_response: "{SAID}"}}
  - model_name: limited
    litellm_params: {{model: openai/gpt-4o, api_key: none, mock_response: "litellm.RateLimitError"}}
general_settings: {{master_key: {KEY}}}
router_settings: {{num_retries: 0}}
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running proxy."""
    installed = environment_with("litellm", ["litellm[proxy]>=1.80"])
    folder = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(SETTINGS)
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        str(installed / "bin" / "litellm"),
        "--config",
        "config.yaml",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(folder), "NO_PROXY": "*"}
    with running([*command, "--telemetry", "False"], Path(folder), f"{url}/health/liveliness", offline):
        yield url


def provider(kind: str, url: str, key: str = KEY) -> Provider:
    return make_provider(ProviderConfig(kind, kind, url, find_key=lambda: Secret(key), has_key=True))


async def test_a_reply_streams_with_its_usage_and_its_price(proxy: str) -> None:
    made = provider("litellm", proxy)
    events, error = await collected(made, request(model="first"))
    await made.aclose()
    assert error is None
    assert text_of(events) == SAID
    assert len(events) > 10
    assert parts(events) == (TextPart(SAID),)
    assert isinstance(events[0], ReplyOpened)
    assert events[0].request_id
    assert stops(events) == [Stopped("stop")]
    usage = last_usage(events)
    assert usage is not None
    assert usage.total_input_tokens > 0
    assert usage.output_tokens > 5
    assert usage.billed_usd is None or usage.billed_usd > Decimal(0)


async def test_the_other_wire_reads_the_same_reply(proxy: str) -> None:
    made = provider("anthropic", proxy)
    events, error = await collected(made, request(model="second"))
    await made.aclose()
    assert error is None
    assert text_of(events) == SAID
    assert [stop.reason for stop in stops(events)] == ["end_turn"]
    assert last_usage(events) is not None


@pytest.mark.parametrize(("kind", "model"), [("litellm", "first"), ("anthropic", "second")])
async def test_files_of_every_kind_are_taken(proxy: str, kind: str, model: str) -> None:
    contents = {f"a.{name}": image(name.upper()) for name in ("png", "jpeg", "gif", "webp")}
    files = [attachment_from_bytes(*named) for named in (contents | {"b.pdf": pdf(), "c.md": b"# Notes"}).items()]
    asking = request(model=model)
    turn = asking.turns[-1]
    with_files = replace(turn, parts=(*turn.parts, *files))
    made = provider(kind, proxy)
    events, error = await collected(made, replace(asking, turns=(*asking.turns[:-1], with_files)))
    await made.aclose()
    assert error is None
    assert text_of(events) == SAID


async def test_its_models_are_listed_with_their_context(proxy: str) -> None:
    made = provider("litellm", proxy)
    models = {model.ref: model for model in await made.models()}
    await made.aclose()
    assert set(models) == {"litellm/first", "litellm/second", "litellm/limited"}
    first = models["litellm/first"]
    assert first == Model("litellm/first", "", 128_000, 16_384, first.can_think, can_see=first.can_see)


@pytest.mark.parametrize(
    ("model", "key", "kind"),
    [
        ("nobody", KEY, RequestRefused),
        ("first", "sk-wrong-0123456789abcdef", KeyRejected),
        ("limited", KEY, RateLimited),
    ],
)
async def test_its_refusals_are_understood(proxy: str, model: str, key: str, kind: type[ProviderError]) -> None:
    made = provider("litellm", proxy, key)
    events, error = await collected(made, request(model=model))
    await made.aclose()
    assert events == []
    assert type(error) is kind
    assert key not in error.message


async def test_a_reply_that_is_left_leaves_the_proxy_well(proxy: str) -> None:
    made = provider("litellm", proxy)
    for _ in range(5):
        stream = made.stream(request(model="first"))
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]
    events, error = await collected(made, request(model="first"))
    await made.aclose()
    assert error is None
    assert text_of(events) == SAID
