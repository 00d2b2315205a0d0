"""Where keys come from, and the message when there is none."""

import sys
import time
from pathlib import Path

import pytest

from tui_chat.core.error import SettingsError
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.load import load_settings

KEY = "sk-canary-0123456789abcdef"


def ring(text: str, tmp_path: Path, limit_s: float = 20.0, **environ: str) -> KeyRing:
    file = tmp_path / "config.toml"
    file.write_text(text)
    settings = load_settings(environ=environ, file=file)
    assert settings.problems == ()
    return KeyRing(settings, environ, limit_s=limit_s)


def command(code: str) -> str:
    return f"api_key_cmd = [{sys.executable!r}, '-c', '''{code}''']\n"


def test_setting_the_variable_of_a_service_is_enough(tmp_path: Path) -> None:
    keys = ring("", tmp_path, GROQ_API_KEY=f" {KEY}\n")
    found = keys.find("groq")
    assert found is not None
    assert found.reveal() == KEY
    assert str(keys.source("groq")) == "GROQ_API_KEY"
    assert keys.find("openai") is None
    assert keys.source("unknown") is None


def test_the_first_variable_that_is_set_wins(tmp_path: Path) -> None:
    keys = ring("", tmp_path, ANTHROPIC_API_KEY="", ANTHROPIC_AUTH_TOKEN="token")
    assert str(keys.source("anthropic")) == "ANTHROPIC_AUTH_TOKEN"


def test_a_services_key_is_not_sent_to_another_address_by_itself(tmp_path: Path) -> None:
    text = '[providers.work]\nkind = "openai"\nbase_url = "https://llm/v1"\n[providers.second]\nkind = "openai"\n'
    keys = ring(text, tmp_path, OPENAI_API_KEY=KEY)
    assert keys.source("work") is None
    assert keys.source("second") is not None


def test_a_variable_named_in_the_file_is_read_in_place_of_the_usual_one(tmp_path: Path) -> None:
    keys = ring('[providers.openai]\napi_key_env = "WORK_KEY"\n', tmp_path, OPENAI_API_KEY="other", WORK_KEY=KEY)
    found = keys.find("openai")
    assert found is not None
    assert found.reveal() == KEY


def test_a_command_prints_the_key_in_its_first_line_and_runs_once(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f'open("{mark}", "a").write("x"); print(" {KEY} "); print("user: me")'
    keys = ring(f"[providers.work]\n{command(code)}", tmp_path)
    assert keys.source("work") is not None
    assert not mark.exists()
    for _ in range(3):
        found = keys.find("work")
        assert found is not None
        assert found.reveal() == KEY
    assert mark.read_text() == "x"


def test_a_command_is_not_given_to_a_shell(tmp_path: Path) -> None:
    keys = ring("[providers.work]\napi_key_cmd = 'echo $HOME;x'\n", tmp_path)
    found = keys.find("work")
    assert found is not None
    assert found.reveal() == "$HOME;x"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ('import sys; print("sk-canary"); sys.exit("locked")', "ended with status 1: locked"),
        ('import sys; sys.exit("no entry for canary-key-66 in /home/x")', "status 1: no entry for … in …"),
        ('import sys; print("canary"); sys.exit("canary is wrong")', "status 1: … is wrong"),
        ("", "printed nothing"),
        ('print("sk canary")', "holds a character that no key has, at position 3"),
    ],
)
def test_a_command_that_fails_reports_why_and_never_what_it_printed(code: str, sentence: str, tmp_path: Path) -> None:
    keys = ring(f"[providers.work]\n{command(code)}", tmp_path)
    with pytest.raises(SettingsError, match=sentence) as raised:
        keys.find("work")
    assert "canary" not in str(raised.value)


def test_a_command_that_is_not_there_reports_it(tmp_path: Path) -> None:
    keys = ring('[providers.work]\napi_key_cmd = "/no/such/program"\n', tmp_path)
    with pytest.raises(SettingsError, match="cannot be started: No such file"):
        keys.find("work")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    code = f'import subprocess; subprocess.run([{sys.executable!r}, "-c", "import time; time.sleep(60)"])'.replace(
        "'", '"'
    )
    keys = ring(f"[providers.work]\n{command(code)}", tmp_path, limit_s=0.5)
    began = time.monotonic()
    with pytest.raises(SettingsError, match=r"took longer than 0\.5 seconds"):
        keys.find("work")
    assert time.monotonic() - began < 10


def test_what_a_variable_puts_into_a_header_is_a_secret(tmp_path: Path) -> None:
    text = '[providers.work]\nheaders = { "X-Team" = "a-${TEAM}", "X-B" = "b" }\n'
    assert ring(text, tmp_path, TEAM="blue ").header_secrets("work") == ("blue",)


def test_headers_take_variables_and_a_missing_one_is_reported(tmp_path: Path) -> None:
    text = '[providers.work]\nheaders = { "X-Team" = "a-${TEAM}", "X-B" = "b" }\n'
    assert ring(text, tmp_path, TEAM="z\n").headers("work") == {"X-Team": "a-z", "X-B": "b"}
    with pytest.raises(SettingsError, match="TEAM is not set"):
        ring(text, tmp_path).headers("work")


def test_the_model_is_the_one_set_or_the_first_with_a_key_or_the_demo(tmp_path: Path) -> None:
    model, why = ring("", tmp_path).model()
    assert (model, str(why)) == ("demo/tour", "no key was found")
    model, why = ring("", tmp_path, GROQ_API_KEY="a", OPENAI_API_KEY="b").model()
    assert model.startswith("openai/")
    assert str(why) == "OPENAI_API_KEY is set"
    model, why = ring("", tmp_path, GROQ_API_KEY="a", TUI_CHAT_MODEL="x/y").model()
    assert (model, str(why)) == ("x/y", "TUI_CHAT_MODEL")
    own = '[providers.work]\nbase_url = "https://llm/v1"\napi_key_env = "W"\nmodels = ["large"]\n'
    assert ring(own, tmp_path, W="a").model()[0] == "work/large"
