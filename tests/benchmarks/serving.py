"""The harness's end of the model server: starts it, reads its reports, releases its phases."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


class ModelServer:
    """The server process and everything it has reported so far."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "written.log"
        self._log.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.server", str(self._log)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin and self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._rest = b""
        self.events: list[dict[str, Any]] = []
        while not self.events:
            self.read()
        self.port = int(self.events[0]["port"])

    def fileno(self) -> int:
        """What to wait for until there is something to read."""
        return self._stdout.fileno()

    def read(self) -> None:
        """Take what it has reported; blocks where there is nothing."""
        data = os.read(self._stdout.fileno(), 1 << 16)
        if not data:
            raise EOFError("the model server ended")
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.events += [json.loads(line) for line in lines]

    def read_what_is_there(self) -> None:
        """Take what it has reported by now, if anything."""
        if select.select([self._stdout], [], [], 0)[0]:
            self.read()

    def go(self) -> None:
        """Let the next phase begin."""
        self._stdin.write(b"\n")
        self._stdin.flush()

    def written(self) -> dict[str, int]:
        """When each mark was written, in nanoseconds of the monotonic clock."""
        words = (line.split() for line in self._log.read_text().splitlines())
        return {word: int(at) for word, at in words}

    def close(self) -> None:
        """End the process."""
        self._stdin.close()
        self._process.terminate()
        self._process.wait()
        self._stdout.close()
