"""The examples in each `--help`, by command. A test parses each of them."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "tui-chat                                opens the app",
        "tui-chat --demo                         the same without a key or a network",
        "tui-chat -c                             continues the last conversation",
        'tui-chat ask "What is EAGAIN?"          answers on stdout',
        'git diff | tui-chat ask "Review this."',
        "tui-chat help keys                      explains the keys of the app",
    ),
    "ask": (
        'tui-chat ask "What does EAGAIN mean?"',
        'git diff | tui-chat ask "Review this."',
        'tui-chat ask "What could break here?" < server.py',
        'tui-chat ask -c "Shorter, please."',
        'tui-chat ask -m openai/gpt-6-astra --no-save "Just this once."',
        'git diff | tui-chat ask -t review "only the tests"',
        'tui-chat ask -a shot.png "What is wrong here?"',
        'tui-chat ask --tools read "Where is the retry delay set?"',
        'tui-chat ask --jsonl "Hello" | jq -j \'select(.type == "text").text\'',
    ),
    "chat": (
        "tui-chat chat --linear",
        "tui-chat chat --linear -c",
        "tui-chat chat --temp",
        "echo 'What does EAGAIN mean?' | tui-chat chat --linear",
    ),
    "open": (
        "tui-chat open rate limiter",
        "tui-chat open 1a2b3c4d",
    ),
    "list": (
        "tui-chat list",
        "tui-chat list --limit 5",
        "tui-chat list --json | jq -r '.[].title'",
    ),
    "show": (
        "tui-chat show 1a2b3c4d",
        "tui-chat show --plain 1a2b3c4d | less",
        "tui-chat show --json 1a2b3c4d | jq '.turns | length'",
    ),
    "search": (
        "tui-chat search rate limiter",
        "tui-chat search '\"token bucket\"' role:assistant",
        "tui-chat search model:sonnet after:2026-01-01 docker --json",
    ),
    "rename": ('tui-chat rename 1a2b3c4d "Rate limiter, second try"',),
    "fork": (
        "tui-chat fork 1a2b3c4d",
        'tui-chat --conversation "$(tui-chat fork 1a2b3c4d)"',
    ),
    "delete": ("tui-chat delete 1a2b3c4d",),
    "restore": (
        "tui-chat restore --list",
        "tui-chat restore 1a2b3c4d",
    ),
    "export": (
        "tui-chat export 1a2b3c4d > talk.md",
        "tui-chat export --all -o notes",
        "tui-chat export --all -f json -o all.json",
        "tui-chat export 1a2b3c4d --branch all -f txt",
    ),
    "import": (
        "tui-chat import conversations.json",
        "tui-chat import ~/Downloads/chatgpt-export.zip claude.json",
    ),
    "backup": ('tui-chat backup "chats-$(date +%F).db"',),
    "stats": (
        "tui-chat stats",
        "tui-chat stats --json",
    ),
    "usage": (
        "tui-chat usage --since 7d",
        "tui-chat usage --by model",
        "tui-chat usage --by conversation --since month --csv > month.csv",
    ),
    "prices": (
        "tui-chat prices -m anthropic/claude-sonnet-5-5",
        "tui-chat prices --matching sonnet",
    ),
    "prices update": ("tui-chat prices update",),
    "models": (
        "tui-chat models",
        "tui-chat models sonnet --refresh",
    ),
    "config": (
        "tui-chat config init",
        "tui-chat config edit",
        "tui-chat config set ui.theme nord",
        "tui-chat config show",
    ),
    "config get": ("tui-chat config get ui.theme",),
    "config set": (
        "tui-chat config set ui.theme nord",
        "tui-chat config set chat.titles model",
    ),
    "config path": ('less "$(tui-chat config path)"',),
    "config show": (
        "tui-chat config show",
        "tui-chat config show --json | jq '.problems'",
    ),
    "config init": ("tui-chat config init",),
    "config edit": ("EDITOR=nano tui-chat config edit",),
    "doctor": (
        "tui-chat doctor",
        "tui-chat doctor --offline",
        "tui-chat doctor --repair",
    ),
    "help": (
        "tui-chat help",
        "tui-chat help headless",
    ),
    "serve": (
        "tui-chat serve",
        "tui-chat serve --demo --port 8080",
        "tui-chat serve --status",
    ),
    "sync": (
        "tui-chat sync",
        "tui-chat sync init postgresql://me@db.example.com/chats",
        "tui-chat sync key | ssh workstation tui-chat sync join URL --key -",
    ),
    "sync init": (
        "tui-chat sync init postgresql://me@db.example.com/chats",
        'tui-chat sync init "service=chats"',
        "tui-chat sync init --upgrade",
    ),
    "sync join": (
        "tui-chat sync join postgresql://me@db.example.com/chats --key key.txt",
        "ssh laptop tui-chat sync key | tui-chat sync join URL --key -",
        "tui-chat sync join URL --key key.txt --from laptop.db",
    ),
    "sync key": ("tui-chat sync key > key.txt",),
    "sync status": (
        "tui-chat sync status",
        "tui-chat sync status --json | jq .to_send",
    ),
    "sync verify": ("tui-chat sync verify",),
    "sync leave": ("tui-chat sync leave",),
    "token": ("tui-chat token add phone --own",),
    "token add": (
        "tui-chat token add editor",
        "tui-chat token add phone --own",
    ),
    "token list": ("tui-chat token list",),
    "token revoke": ("tui-chat token revoke phone",),
    "acp": ("tui-chat acp",),
    "templates": (
        "tui-chat templates",
        "tui-chat templates --trust",
    ),
    "mcp": (
        "tui-chat mcp import ~/project/.mcp.json",
        "tui-chat mcp approve git",
    ),
    "mcp list": ("tui-chat mcp list",),
    "mcp approve": ("tui-chat mcp approve git",),
    "mcp login": ("tui-chat mcp login tracker",),
    "mcp forget": ("tui-chat mcp forget git",),
    "mcp import": ("tui-chat mcp import ~/project/.mcp.json",),
    "tools": (
        "tui-chat tools",
        "tui-chat tools --json | jq '.always_allowed'",
        "tui-chat tools revoke 2",
    ),
    "tools revoke": ("tui-chat tools revoke 2",),
}
