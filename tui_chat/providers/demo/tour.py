"""The guided tour of the demo model: one page for each prompt of a branch."""

KEYS = {
    "send": "Enter",
    "newline": "Ctrl+J",
    "cancel": "Esc",
    "retry": "Alt+R",
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

This is the **demo model**. It needs no key and no network. It replies with this tour, so that you can see how a
reply streams in before you connect a real model.

## The keys you need first

| key | what it does |
|---|---|
| `{KEYS["send"]}` | send the prompt |
| `{KEYS["newline"]}` | start a new line in it |
| `{KEYS["cancel"]}` | stop generating; the partial reply is kept |
| `{KEYS["retry"]}` | regenerate the reply; the old one is kept as a branch |
| `{KEYS["help"]}` | show all keys |
| `{KEYS["quit"]}` | quit |

Try it now: press `{KEYS["cancel"]}` while this text is streaming. *Nothing is lost.* Then press `{KEYS["retry"]}`.

## Play with it

Start a prompt with one of these words to see that case:

- `code`, `table`, `unicode`: how they look while they stream
- `thinking`: a model that thinks first; `{KEYS["thinking"]}` expands or collapses the thinking
- `long 5000`: that many tokens of Markdown
- `tools`: a model that calls tools, after `/tools read run`; `tools slow` runs a command that you can stop
- `slow`: ten tokens per second for half a minute
- `error`, `flaky`, `cut`: what happens on errors
  - `error 429`, `error 401`, `error dns` and others each show one kind of error
  - `flaky` fails twice and is retried automatically
  - `cut` loses the connection in the middle; the partial reply is kept

## Connect a real model

```bash
export ANTHROPIC_API_KEY=...     # or OPENAI_API_KEY, or a local server
tui-chat                         # without --demo
```

Ask anything again for the next page: branches, the library, and the command line.
"""

_BRANCHES = f"""# Page two: nothing is ever overwritten

A conversation is a *tree*. Regenerating a reply or editing a prompt creates a new branch; the old one is kept.

1. `{KEYS["retry"]}` regenerates the reply; the first one is kept.
2. Edit an earlier prompt and send it: everything below the old one is kept.
3. A message with several versions shows `‹2/3›`; you can switch between them.

## The library

Every conversation is saved **as it happens**, to one SQLite file on this machine. Even if the terminal dies in the
middle of a reply, the partial text is there at the next start.

- `{KEYS["library"]}` opens the library of conversations
- `{KEYS["search"]}` finds text in this conversation
- `{KEYS["new"]}` starts a new conversation

> Reading, searching and exporting need no key and no network.

## Useful while writing

| key | what it does |
|---|---|
| `{KEYS["editor"]}` | edit the prompt in your own editor |
| `{KEYS["copy"]}` | copy the last reply |
| `{KEYS["model"]}` | switch model |
| `{KEYS["palette"]}` | command palette |

One more page follows: the command line.
"""

_COMMAND_LINE = f"""# Page three: the command line

`ask` streams the reply to standard output and nothing else, so it works in pipes:

```bash
git diff --staged | tui-chat ask "Write a commit message for this"
tui-chat ask --model anthropic/claude-sonnet-5-5 "Explain the borrow checker"
tui-chat ask -c "And an example?"          # continues the last conversation
tui-chat ask --jsonl "Hello" | jq .type    # JSON Lines
```

Conversations of `ask` are saved like all others:

```bash
tui-chat list --json | jq -r '.[].title'
tui-chat show 3f2a                         # a unique prefix of the id
```

## What it costs

The footer shows the tokens of the reply and what they cost, *cached input separately*. An unknown price is shown
as unknown, never as zero.

That was the tour. `{KEYS["help"]}` lists every key, and `{KEYS["palette"]}` finds every action by name.
"""

PAGES = (_BASICS, _BRANCHES, _COMMAND_LINE)


def page(prompts_before: int) -> str:
    """Return the page for a prompt with this many prompts before it."""
    return PAGES[prompts_before % len(PAGES)]
