"""The guided tour of the demo model: one page for each prompt of a branch."""

KEYS = {
    "send": "Enter",
    "newline": "Ctrl+J",
    "cancel": "Esc",
    "retry": "Ctrl+R",
    "new": "Ctrl+N",
    "library": "Ctrl+O",
    "search": "Ctrl+F",
    "model": "Ctrl+L",
    "thinking": "Ctrl+T",
    "copy": "Ctrl+Y",
    "editor": "Ctrl+G",
    "palette": "Ctrl+P",
    "help": "F1",
    "quit": "Ctrl+Q",
}
"""The default keys that the tour names; tests/ui/test_keymap.py compares them with the keymap."""

_BASICS = f"""# Welcome to tui-chat

This is the **demo model**. It needs no key and no network, and it answers with this tour, so that you can see how a
reply streams in before you connect a real model.

## The keys you need first

| key | what it does |
|---|---|
| `{KEYS["send"]}` | send the prompt |
| `{KEYS["newline"]}` | start a new line in it |
| `{KEYS["cancel"]}` | stop the reply; what has arrived stays |
| `{KEYS["retry"]}` | ask again; the first answer is kept beside the new one |
| `{KEYS["help"]}` | every key there is |
| `{KEYS["quit"]}` | quit |

Try it now: press `{KEYS["cancel"]}` while this text is coming in. *Nothing is lost.* Then press `{KEYS["retry"]}`.

## Play with it

Begin a prompt with one of these words and the demo plays exactly that:

- `code`, `table`, `unicode`: how such things look while they stream
- `thinking`: a model that thinks first; `{KEYS["thinking"]}` shows or folds its thoughts
- `long 5000`: that many tokens of Markdown
- `slow`: ten tokens a second for half a minute
- `error`, `flaky`, `cut`: what happens when things go wrong
  - `error 429`, `error 401`, `error dns` and others play one kind of trouble each
  - `flaky` fails twice and is tried again for you
  - `cut` breaks off in the middle, and the half that came is kept

## Connect a real model

```bash
export ANTHROPIC_API_KEY=...     # or OPENAI_API_KEY, or a local server
tui-chat                         # without --demo
```

Ask anything again for the next page: branches, the library, and the command line.
"""

_BRANCHES = f"""# Page two: nothing is ever overwritten

A conversation is a *tree*. A retry or an edited prompt makes a new branch; the old one stays where it was.

1. `{KEYS["retry"]}` asks again and adds a second answer beside the first.
2. Step back to an earlier prompt, edit it and send: everything below the old one is kept.
3. Where a turn has siblings you see `‹2/3›` and can walk between them.

## The library

Every conversation is saved **as it happens**, to one SQLite file on this machine. Even if the terminal dies in the
middle of a reply, what had arrived is there at the next start.

- `{KEYS["library"]}` opens past conversations
- `{KEYS["search"]}` searches
- `{KEYS["new"]}` begins a new one

> Reading, searching and exporting need no key and no network.

## Handy while writing

| key | what it does |
|---|---|
| `{KEYS["editor"]}` | write the prompt in your own editor |
| `{KEYS["copy"]}` | copy the last answer |
| `{KEYS["model"]}` | choose another model |
| `{KEYS["palette"]}` | everything else, by name |

One more page follows: the command line.
"""

_COMMAND_LINE = f"""# Page three: the same without a screen

`ask` streams the reply to standard output and prints nothing else there, so it fits into pipes:

```bash
git diff --staged | tui-chat ask "Write a commit message for this"
tui-chat ask --model anthropic/claude-sonnet-5-5 "Explain the borrow checker"
tui-chat ask -c "And an example?"          # goes on with the last conversation
tui-chat ask --jsonl "Hello" | jq .type    # one object a line
```

What `ask` says is saved like everything else:

```bash
tui-chat list --json | jq -r '.[].title'
tui-chat show 3f2a                         # ids may be shortened
```

## What it costs

The footer shows the tokens of the reply and what they cost, *cached input told apart*. A price nobody knows is shown
as unknown, never as nothing.

That was the tour. `{KEYS["help"]}` lists every key, and `{KEYS["palette"]}` finds every action by name.
"""

PAGES = (_BASICS, _BRANCHES, _COMMAND_LINE)


def page(prompts_before: int) -> str:
    """Return the page for a prompt with this many prompts before it."""
    return PAGES[prompts_before % len(PAGES)]
