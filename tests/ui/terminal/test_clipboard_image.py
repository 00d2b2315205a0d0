"""Images from the clipboard of this machine, by fake tools that behave as the real ones do."""

import base64
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.attachments.samples import image
from tui_chat.ui.terminal import clipboard_image
from tui_chat.ui.terminal.clipboard_image import NoClipboardImage, NoClipboardTool, read_image

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a script on a path that has nothing else but the shell's own programs."""
    (tmp_path / "shot.png").write_bytes(image())
    (tmp_path / "shot.b64").write_bytes(base64.b64encode(image()))
    for name in ("sh", "cat", "sleep", "printf", "cut"):
        (tmp_path / name).symlink_to(next(p for d in ("/bin", "/usr/bin") if (p := Path(d, name)).exists()))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def script(name: str, body: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    return script


WL_PASTE = (
    'case "$*" in *--list-types*) echo text/plain; echo {kind};; *"--type {kind}"*) cat shot.png;; *) exit 1;; esac'
)
XCLIP = 'case "$*" in *TARGETS*) echo TIMESTAMP; echo {kind};; *"-o -t {kind}"*) cat shot.png;; *) exit 1;; esac'
X11, WAYLAND, WSL = (
    {"DISPLAY": ":0"},
    {"WAYLAND_DISPLAY": "wayland-0"},
    {"WSL_DISTRO_NAME": "Ubuntu", "DISPLAY": ":0"},
)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg"])
@pytest.mark.parametrize(("tool", "body", "environ"), [("wl-paste", WL_PASTE, WAYLAND), ("xclip", XCLIP, X11)])
async def test_an_image_is_read_by_its_type(
    install: Install, tool: str, body: str, environ: Mapping[str, str], kind: str
) -> None:
    install(tool, body.replace("{kind}", kind))
    assert await read_image(environ) == image()


async def test_under_wsl_powershell_is_asked(install: Install) -> None:
    install("xclip", "exit 1")
    install("powershell.exe", 'case "$*" in *GetImage*) cat shot.b64; printf "\\r\\n";; esac')
    assert await read_image(WSL) == image()
    install("powershell.exe", "printf '\\r\\n'")
    assert "no image" in await failure(WSL)


async def test_on_macos_pngpaste_or_osascript_is_asked(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    install("osascript", 'path=$(printf "%s" "$2" | cut -d\\" -f2); cat shot.png > "$path"')
    assert await read_image({}) == image()
    install(
        "osascript",
        'echo "execution error: Can’t make some data into the expected type. (-1700) «class PNGf»" >&2; exit 1',
    )
    assert "The clipboard holds nothing, no image." in await failure({})
    install("pngpaste", "cat shot.png")
    assert await read_image({}) == image()


async def failure(environ: Mapping[str, str]) -> str:
    with pytest.raises(NoClipboardImage) as caught:
        await read_image(environ)
    return str(caught.value)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo text/plain; echo UTF8_STRING", "The clipboard holds text, no image."),
        ("echo image/bmp", "The clipboard holds an image of type image/bmp, which models do not take."),
        ('echo "Error: Can\'t open display: :0" >&2; exit 1', "xclip failed: Error: Can't open display: :0."),
        ("echo 'Error: target TARGETS not available' >&2; exit 1", "The clipboard holds nothing, no image."),
        ("printf 'bad \\033[31m' >&2; exit 1", "xclip failed: bad ␛[31m."),
        ("sleep 9", "xclip did not answer within 0 s."),
    ],
)
async def test_a_failure_reports_why_and_what_to_do(
    install: Install, monkeypatch: pytest.MonkeyPatch, script: str, sentence: str
) -> None:
    monkeypatch.setattr(clipboard_image._output, "__kwdefaults__", {"patience_s": 0.4, "most": 1000})
    install("xclip", script)
    reason = await failure(X11)
    assert reason.startswith(sentence) and len(reason) > len(sentence)


async def test_an_endless_image_is_cut_off(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard_image._output, "__kwdefaults__", {"patience_s": 5.0, "most": 100_000})
    install("xclip", 'case "$*" in *TARGETS*) echo image/png;; *) while :; do cat shot.png; done;; esac')
    assert "larger than 20 MB" in await failure(X11)


@pytest.mark.parametrize(
    ("environ", "tool"),
    [(X11, "xclip"), (WAYLAND, "wl-clipboard"), ({"WSL_DISTRO_NAME": "Ubuntu"}, "powershell.exe"), ({}, "neither")],
)
async def test_a_missing_tool_is_named(install: Install, environ: Mapping[str, str], tool: str) -> None:
    with pytest.raises(NoClipboardTool, match=tool):
        await read_image(environ)


async def test_over_ssh_no_tool_of_the_other_machine_is_asked(install: Install) -> None:
    install("xclip", XCLIP)
    with pytest.raises(NoClipboardTool, match="SSH"):
        await read_image({**X11, "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"})
