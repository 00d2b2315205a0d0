"""`python -m tui_chat`."""

from tui_chat.cli.main import main

main()
