"""A headless Chromium, steered over the WebDriver protocol (W3C) that its own driver speaks."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the protocol names an element (W3C WebDriver, "Elements")."""
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
PATIENCE_S = 90

T = TypeVar("T")


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._at = f"/session/{session}"

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is loaded."""
        self._post("url", {"url": address})

    @property
    def address(self) -> str:
        """Where it is now."""
        return str(_value(self._client.get(f"{self._at}/url")))

    def find(self, selector: str) -> str | None:
        """The first element of a CSS selector, or None."""
        answer = self._client.post(
            f"{self._at}/element", json={"using": "css selector", "value": selector}
        )
        return None if answer.status_code == 404 else str(_value(answer)[_ELEMENT])

    def wait_for(self, selector: str) -> str:
        """`find`, once it is there."""
        return self.until(lambda: self.find(selector), f"{selector} is not there")

    def until(self, look: Callable[[], T | None], otherwise: str) -> T:
        """What `look` gives, once it gives something."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < deadline, f"{otherwise} on {self.address}:\n{self.text}"
            time.sleep(0.2)
        return found

    @property
    def text(self) -> str:
        """The page's text, as it is seen."""
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def type(self, element: str, text: str) -> None:
        """Type into an element."""
        self._post(f"element/{element}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click the first element of a CSS selector, which must be one that a person can click."""
        self._post(f"element/{self.wait_for(selector)}/click", {})

    def resize(self, width: int, height: int) -> None:
        """Give the page this room, in CSS pixels."""
        room = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self.ask("Emulation.setDeviceMetricsOverride", room)

    def ask(self, command: str, words: dict[str, Any]) -> Any:
        """A command of Chromium's own protocol (DevTools), and its answer."""
        return self._post("goog/cdp/execute", {"cmd": command, "params": words})

    def run(self, script: str) -> Any:
        """Run JavaScript and give what it returns."""
        return self._post("execute/sync", {"script": script, "args": []})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return _value(self._client.post(f"{self._at}/{path}", json=body))


def _value(answer: httpx.Response) -> Any:
    value = answer.json()["value"]
    assert answer.is_success, value
    return value


@contextlib.contextmanager
def opened() -> Iterator[Browser]:
    """A browser without any history, closed at the end."""
    program = shutil.which("chromedriver")
    assert program is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gpuwright-browser-") as folder:
        driver = subprocess.Popen(
            [program, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
                _until_ready(client)
                arguments = [*_OPTIONS, f"--user-data-dir={folder}"]
                wanted = {"goog:chromeOptions": {"args": arguments}}
                body = {"capabilities": {"alwaysMatch": wanted}}
                session = _value(client.post("/session", json=body))["sessionId"]
                try:
                    yield Browser(client, session)
                finally:
                    client.delete(f"/session/{session}")
        finally:
            driver.terminate()
            driver.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(httpx.TransportError):
            if _value(client.get("/status"))["ready"]:
                return
        assert time.monotonic() < deadline, "chromedriver does not answer"
        time.sleep(0.1)
