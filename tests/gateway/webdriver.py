"""A small client of the WebDriver protocol: drives the Chromium of this machine, where there is one."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--window-size=1200,900",
)


@dataclass
class Browser:
    """A browser window."""

    address: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = Request(self.address + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def resize(self, width: int, height: int) -> None:
        """Give the page a size that may be narrower than a window can be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 0, "mobile": False}
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def press(self, label: str) -> None:
        """Click the last button with that label."""
        buttons = "[...document.querySelectorAll('button')].filter(one => one.textContent === arguments[0])"
        self.run(f"{buttons}.at(-1).click()", label)

    def open(self, url: str) -> None:
        # An address that differs in its fragment alone would not be loaded again.
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str) -> Any:
        """Run a script that calls `done` with its result."""
        body = {"script": f"const done = arguments[0]; {script}", "args": []}
        return self.call("POST", "/execute/async", body)

    def _find(self, selector: str) -> str:
        body = {"using": "css selector", "value": selector}
        return str(self.call("POST", "/element", body)[_ELEMENT])

    def click(self, selector: str) -> None:
        self.call("POST", f"/element/{self._find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        self.call("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def text(self, selector: str = "body") -> str:
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def until(self, script: str) -> Any:
        """Wait until an expression of JavaScript is true."""
        for _ in range(300):
            if value := self.run(f"return {script}"):
                return value
            time.sleep(0.1)
        raise AssertionError(f"never so: {script}\n{self.text()}")

    def log(self) -> list[str]:
        """Return what the browser complained about."""
        return [str(entry["message"]) for entry in self.call("POST", "/se/log", {"type": "browser"})]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Open a window with a profile of its own."""
    assert BROWSER is not None and DRIVER is not None
    words = [DRIVER, "--port=0", "--allowed-ips=127.0.0.1"]
    driver = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert driver.stdout is not None
        port = ""
        while not port:
            line = driver.stdout.readline()
            assert line, "chromedriver did not start"
            if "started successfully on port" in line:
                port = line.strip().rstrip(".").rpartition(" ")[2]
        options = {"binary": BROWSER, "args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        driver_window = Browser(f"http://127.0.0.1:{port}")
        made = driver_window.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        window = Browser(f"{driver_window.address}/session/{made['sessionId']}")
        try:
            yield window
        finally:
            window.call("DELETE", "")
    finally:
        driver.terminate()
        driver.communicate()
