"""Templates in the user's folder and in the project's."""

from pathlib import Path

from tui_chat.settings.templates import find_project, load_templates

BUILT_IN = ("new", "clear")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_the_users_templates_come_first_and_collisions_are_named(tmp_path: Path) -> None:
    user, work = tmp_path / "config", tmp_path / "work"
    write(user / "commands" / "review.md", "Mine.")
    write(user / "commands" / "new.md", "No.")
    write(work / ".tui-chat" / "commands" / "review.md", "Theirs.")
    write(work / ".tui-chat" / "commands" / "fix.md", "Fix $1.")
    project = find_project(work / "deep" / "down", home=tmp_path)
    assert project is not None and project.what == "commands/fix.md, commands/review.md"
    loaded = load_templates(user, project, BUILT_IN)
    assert {name: one.body for name, one in loaded.by_name.items()} == {"review": "Mine.", "fix": "Fix $1."}
    assert loaded.by_name["fix"].is_project and not loaded.by_name["review"].is_project
    words = [str(problem) for problem in loaded.problems]
    assert "new.md:1: /new is a command of the program" in words[0] and "is there already" in words[1]


def test_a_change_of_any_file_changes_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "work" / ".tui-chat" / "commands" / "fix.md"
    write(file, "Fix.")
    first = find_project(tmp_path / "work", home=tmp_path)
    write(file, "Fix!")
    second = find_project(tmp_path / "work", home=tmp_path)
    write(tmp_path / "work" / ".tui-chat" / "settings.toml", 'profile = "x"\n')
    third = find_project(tmp_path / "work", home=tmp_path)
    assert first is not None and second is not None and third is not None
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3


def test_the_home_folder_is_no_project(tmp_path: Path) -> None:
    write(tmp_path / ".tui-chat" / "commands" / "fix.md", "Fix.")
    (tmp_path / "work").mkdir()
    assert find_project(tmp_path / "work", home=tmp_path) is None


def test_text_that_is_not_utf_8_and_a_folder_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "bad.md").write_bytes(b"fine\n\xff\n")
    loaded = load_templates(tmp_path, None, BUILT_IN)
    assert loaded.by_name == {} and str(loaded.problems[0]).endswith("bad.md:2: the text is not UTF-8")
    assert load_templates(tmp_path / "nowhere", None, BUILT_IN).problems == ()
