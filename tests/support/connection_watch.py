"""The program, with every name that is looked up and every connection that is tried written into a FILE."""

import sys
from pathlib import Path
from typing import Any

EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")


def main() -> None:
    """Run it as it is called otherwise."""
    _, log_file, *words = sys.argv

    def hear(event: str, details: tuple[Any, ...]) -> None:
        if event in EVENTS:
            with Path(log_file).open("a") as file:
                file.write(f"{event} {details[1:]}\n")

    sys.addaudithook(hear)
    sys.argv = ["tui-chat", *words]

    from tui_chat.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
