"""Files that probably hold secrets."""

import time

import pytest

from tui_chat.attachments.secret_files import has_secret_name, secret_in

SECRET_NAMES = (
    ".env",
    ".env.local",
    "prod.env",
    "server.pem",
    "tls.KEY",
    "id_rsa",
    "id_ed25519",
    ".netrc",
    ".npmrc",
    "store.p12",
    "passwords.kdbx",
    "credentials",
    "credentials.json",
    "home/me/.ssh/config",
    "/root/.aws/config",
    "secrets.yaml",
    ".git-credentials",
    ".bash_history",
    "C:\\Users\\me\\.ssh\\config",
)
PLAIN_NAMES = (
    "environment.py",
    "main.py",
    "id_rsa.pub",
    "/home/me/.ssh/id_ed25519.pub",
    ".env.example",
    "keyboard.key.md",
    "monkey.py",
    "keys.py",
    "README.md",
    "shot.png",
    "identity.py",
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_name_is_recognised(name: str) -> None:
    assert has_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_plain_name_is_no_secret(name: str) -> None:
    assert not has_secret_name(name)


def joined(*pieces: str) -> bytes:
    """Put a made-up key together, so that no scanner of this repository takes it for a real one."""
    return "".join(pieces).encode()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (joined("x\n-----BEGIN RSA ", "PRIVATE KEY-----\nMII"), "a private key"),
        (joined("-----BEGIN ", "PRIVATE KEY-----"), "a private key"),
        (joined("key: sk-", "ant-api03-", "A1b2" * 8), "an Anthropic key"),
        (joined("AK", "IA", "ABCDEFGHIJKLMNOP"), "an AWS key"),
        (joined("gh", "p_", "a1B2" * 9), "a GitHub token"),
        (joined("xo", "xb-1234567890-abcdef"), "a Slack token"),
        (joined("AI", "za", "a" * 35), "a Google key"),
        (joined("postgres://me:", "hunter22", "@db.example.com/x"), "a password in a URL"),
        (joined("export DB_PASS", "WORD=correcthorsebattery"), "a password or key"),
        (joined("api_", "key: 0123456789abcdef"), "a password or key"),
    ],
)
def test_a_secret_in_the_content_is_named(text: bytes, what: str) -> None:
    assert secret_in(text) == what
    assert secret_in(b"a line\n" * 1000 + text + b"\n") == what


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"password = os.environ['PASSWORD']",
        b"password: ${DB_PASSWORD}",
        b"api_key=<your key>",
        b"https://example.com:8080/path?x=1@2",
        b"postgres://user:${PASSWORD}@host/db",
        b"def secret(): return 1",
        b"-----BEGIN CERTIFICATE-----",
        b"task-ant-lion",
    ],
)
def test_plain_text_holds_no_secret(text: bytes) -> None:
    assert secret_in(text) == ""


@pytest.mark.parametrize("unit", [b"a", b"password=", b"a://b:", b"eyJaaaaaaaaaaa.", b" \t", b"sk-", b"x:y@\n"])
def test_a_hostile_text_takes_linear_time(unit: bytes) -> None:
    text = unit * (1_000_000 // len(unit))
    start_s = time.process_time()
    secret_in(text)
    assert time.process_time() - start_s < 3
