"""The layers of the settings, and that nothing in a file keeps the program from opening."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Origin, Settings

PIECES = [
    "\n",
    "[ui]\n",
    "[providers.x]\n",
    "[[providers]]\n",
    '[prices."a/b"]\n',
    "[keys]\n",
    "measure = ",
    "input = ",
    "headers = ",
    "models = ",
    "a.b = ",
    "1",
    "-0.5",
    "nan",
    "true",
    '"x"',
    "{ a = 1 }",
    "[1, 2]",
    '"""',
    "'''",
    "2026-01-01",
    "#",
]


def load(text: str, tmp_path: Path, **environ: str) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load_settings(environ=environ, file=file)


def problems_of(settings: Settings) -> list[str]:
    name = str(settings.file)
    return [str(problem).replace(name, "FILE") for problem in settings.problems]


def test_no_file_is_no_problem(tmp_path: Path, empty_home: Path) -> None:
    settings = load_settings(environ={}, file=tmp_path / "none.toml")
    assert settings.problems == ()
    assert settings.ui.enter_sends
    assert settings.data_dir.is_relative_to(empty_home)
    assert settings.origin("ui.enter_sends") == Origin("default")


def test_a_setting_with_a_choice_of_words_takes_one_of_them(tmp_path: Path) -> None:
    assert load('[chat]\ntitles = "model"\n', tmp_path).chat.titles == "model"
    wrong = load('[chat]\ntitles = "both"\n', tmp_path)
    assert wrong.chat.titles == "prompt"
    assert problems_of(wrong) == ["FILE:2: chat.titles: it wants prompt or model"]


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('\ndefault_model = "demo/file"\n')
    environ = {"TUI_CHAT_MODEL": "demo/environment"}

    by_flag = load_settings({"default_model": "demo/flag"}, environ=environ, file=file)
    assert (by_flag.default_model, str(by_flag.origin("default_model"))) == ("demo/flag", "--model")
    by_variable = load_settings({"default_model": None}, environ=environ, file=file)
    assert by_variable.default_model == "demo/environment"
    assert by_variable.origin("default_model") == Origin("environment", "TUI_CHAT_MODEL")
    by_file = load_settings(environ={"TUI_CHAT_MODEL": " "}, file=file)
    assert by_file.default_model == "demo/file"
    assert by_file.origin("default_model") == Origin("file", f"{file}:2")


def test_an_unknown_key_names_the_nearest_one_and_the_line(tmp_path: Path) -> None:
    settings = load('default_modl = "x/y"\n[ui]\nenter_send = true\n[profile.fast]\nmodel = "a/b"\n', tmp_path)
    assert problems_of(settings) == [
        "FILE:1: default_modl: unknown setting; did you mean default_model?",
        "FILE:4: profile: unknown setting; did you mean profiles?",
        "FILE:3: ui.enter_send: unknown setting; did you mean enter_sends?",
    ]
    assert (settings.problems[0].line, settings.problems[0].key) == (1, "default_modl")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('measure = "wide"', "ui.measure: it wants a number"),
        ("measure = 1.5", "ui.measure: it wants a whole number"),
        ("measure = -1", "ui.measure: it wants 0 or more"),
        ("measure = true", "ui.measure: it wants a number"),
        ('enter_sends = "yes"', "ui.enter_sends: it wants true or false"),
        ("theme = 3", "ui.theme: it wants text in quotes"),
    ],
)
def test_a_value_of_the_wrong_kind_is_reported_and_the_rest_holds(line: str, sentence: str, tmp_path: Path) -> None:
    settings = load(f"[ui]\n{line}\nthinking_folded = false\n", tmp_path)
    assert problems_of(settings) == [f"FILE:2: {sentence}"]
    assert settings.ui.measure == 100
    assert not settings.ui.thinking_folded


def test_a_line_that_is_not_toml_costs_only_itself(tmp_path: Path) -> None:
    settings = load('system = "brief"\n[ui]\ntheme = dark\nmeasure = 90\nmeasure = 91\n', tmp_path)
    assert settings.system == "brief"
    assert settings.ui.measure == 90
    assert [problem.line for problem in settings.problems] == [3, 5]


def test_the_keys_below_a_broken_head_do_not_land_in_the_table_before_it(tmp_path: Path) -> None:
    settings = load('[ui]\nmeasure = 90\n[chat\nmeasure = 50\nretries = 9\n[keys]\n"a.b" = "x"\n', tmp_path)
    assert settings.ui.measure == 90
    assert settings.chat.retries == 2
    assert settings.keys == {"a.b": ("x",)}
    assert settings.problems[0].line == 3


def test_a_text_that_never_ends_is_reported_where_it_starts(tmp_path: Path) -> None:
    settings = load('[ui]\nmeasure = 90\n[chat]\nretries = 4\n[providers.work]\nbase_url = """http://x\n', tmp_path)
    assert (settings.ui.measure, settings.chat.retries) == (90, 4)
    assert settings.problems[0].line == 6


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"\x00" * 50, b"[" * 3000, b"a=" + b"[" * 20_000, b"= = ="])
def test_rubbish_never_keeps_the_program_from_opening(raw: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(raw)
    settings = load_settings(environ={}, file=file)
    assert settings.problems
    assert settings.ui.measure == 100


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25))
def test_no_text_whatever_keeps_the_program_from_opening(tmp_path: Path, pieces: list[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text("".join(pieces), "utf-8", "replace", newline="")
    found = load_settings(environ={}, file=file)
    assert isinstance(found.ui.measure, int)
    assert all(problem.line is None or problem.line >= 1 for problem in found.problems)


def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    settings = load_settings(environ={}, file=tmp_path)
    assert "cannot be read" in settings.problems[0].message


def test_a_table_where_a_value_belongs_and_the_reverse_are_reported(tmp_path: Path) -> None:
    settings = load('ui = 3\nproviders = "x"\n[system]\na = 1\n', tmp_path)
    assert [problem.key for problem in settings.problems] == ["providers", "system", "ui"]


def test_a_windows_file_with_a_mark_reads_as_any_other(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[ui]\r\nmeasure = 77\r\nthem = 1\r\n")
    settings = load_settings(environ={}, file=file)
    assert settings.ui.measure == 77
    assert settings.problems[0].line == 3


def test_a_provider_of_ones_own_speaks_openai_unless_it_names_another_kind(tmp_path: Path) -> None:
    settings = load(
        '[providers.work]\nbase_url = "https://llm/v1"\napi_key_cmd = "pass show \'a b\'"\ntimeout_s = 9\n'
        'headers = { "X-A" = "b" }\n[providers.other]\nkind = "antropic"\n[providers.box]\nkind = "anthropic"\n',
        tmp_path,
    )
    work = settings.providers["work"]
    assert (work.kind, work.base_url, work.timeout_s) == ("openai", "https://llm/v1", 9.0)
    assert work.api_key_cmd == ("pass", "show", "a b")
    assert work.headers == {"X-A": "b"}
    assert settings.providers["box"].kind == "anthropic"
    assert settings.providers["groq"].kind == "groq"
    assert problems_of(settings) == [
        "FILE:7: providers.other.kind: antropic is no known kind; did you mean anthropic?"
    ]


def test_the_variables_of_the_ecosystem_go_before_the_file(tmp_path: Path) -> None:
    settings = load(
        '[providers.openai]\nbase_url = "https://file/v1"\n',
        tmp_path,
        OPENAI_BASE_URL="https://environment/v1",
        OLLAMA_HOST="0.0.0.0:99",
        CLOUDFLARE_ACCOUNT_ID="abc",
        AZURE_OPENAI_DEPLOYMENT="large, small",
    )
    assert settings.providers["openai"].base_url == "https://environment/v1"
    assert settings.providers["ollama"].base_url == "0.0.0.0:99"
    assert settings.providers["workersai"].account_id == settings.providers["cloudflare"].account_id == "abc"
    assert settings.providers["azure"].models == ("large", "small")
    assert str(settings.origin("providers.openai.base_url")) == "OPENAI_BASE_URL"


def test_a_price_is_exact_and_whole_or_reported(tmp_path: Path) -> None:
    settings = load(
        '[prices."a/b"]\ninput = 0.1\noutput = 3\ncache_read = 0\n[prices."a/half"]\ninput = 1\n'
        '[prices."ollama/x"]\nfree = true\n',
        tmp_path,
    )
    price, free = settings.prices["a/b"].price, settings.prices["ollama/x"].price
    assert price is not None
    assert (price.input_usd, price.output_usd, price.cache_read_usd) == (Decimal("0.1"), Decimal(3), Decimal(0))
    assert price.cache_write_5m_usd == Decimal("0.1")
    assert free is not None
    assert free.output_usd == 0
    assert problems_of(settings) == ["FILE:5: prices.a/half: it wants input and output, or free = true"]


def test_a_profile_asks_for_everything_by_one_word(tmp_path: Path) -> None:
    settings = load(
        '[profiles.review]\nmodel = "a/b"\nsystem = "s"\neffort = "high"\nthinking = true\nmax_tokens = 10\n'
        "temperature = 0.5\n",
        tmp_path,
    )
    profile = settings.profiles["review"]
    assert (profile.model, profile.system, settings.problems) == ("a/b", "s", ())
    options = profile.options
    assert (options.effort, options.thinking, options.max_tokens, options.temperature) == ("high", True, 10, 0.5)


def test_an_action_has_a_key_several_or_none(tmp_path: Path) -> None:
    settings = load('[keys]\n"chat.retry" = "ctrl+r"\n"a" = ["x", "y"]\n"b" = false\n"c" = true\n', tmp_path)
    assert settings.keys == {"chat.retry": ("ctrl+r",), "a": ("x", "y"), "b": ()}
    assert problems_of(settings) == ["FILE:5: keys.c: it wants a key, a list of keys, or false for none"]


def test_a_bad_variable_is_reported_and_the_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[ui]\nmeasure = 88\n")
    settings = load_settings({"ui.measure": "wide"}, environ={}, file=file)
    assert str(settings.problems[0]) == "--ui.measure: ui.measure: it wants a number"
    assert settings.ui.measure == 88
