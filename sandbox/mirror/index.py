"""The package index as the mirror shows it: where it comes from, and links led through the mirror.

No index address is written here: the machine's configuration says which it uses, else the
installed installer's own default does.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

from sandbox.checkout import SandboxError

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_FILES = "/files/"


def index_url() -> str:
    """Base address of the package index that this machine uses, without a slash at its end.

    Asked in this order: the variables UV_DEFAULT_INDEX, UV_INDEX_URL and PIP_INDEX_URL, pip's
    configuration files, uv's own default, pip's own default.

    Raises:
        SandboxError: if none of them tells.

    """
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if value := os.environ.get(variable):
            return value.rstrip("/")
    for file in ("~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/pip.conf"):
        parser = configparser.RawConfigParser()
        parser.read(Path(file).expanduser())
        if value := parser.get("global", "index-url", fallback=None):
            return value.rstrip("/")
    if found := _uv_default() or _pip_default():
        return found.rstrip("/")
    raise SandboxError(
        "No package index is known on this machine: there is neither uv nor pip to ask for its "
        "default. Set PIP_INDEX_URL to the address of your index."
    )


def _uv_default() -> str | None:
    uv = Path(sys.executable).with_name("uv")
    command = str(uv) if uv.is_file() else shutil.which("uv")
    if not command:
        return None
    argv = [command, "pip", "install", "--help"]
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    match = re.search(r"default package index \(by\s+default:\s+<(https?://[^>]+)>", text)
    return match[1] if match else None


def _pip_default() -> str | None:
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    for python in (sys.executable, "python3"):
        argv = [python, "-c", code]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def rewrite(page: bytes, content_type: str, page_url: str) -> bytes:
    """`page`, a project's page of the index at `page_url`, with its file links led to `/files/`.

    JSON (PEP 691) and HTML (PEP 503) are known by `content_type`.
    """
    if "json" in content_type:
        value = json.loads(page)
        for file in value.get("files", []):
            file["url"] = _local(urljoin(page_url, file["url"]))
        return json.dumps(value).encode()
    text = page.decode()
    return re.sub(
        r'(\shref=")([^"]+)(")',
        lambda match: match[1] + _local(urljoin(page_url, match[2])) + match[3],
        text,
    ).encode()


def upstream(path: str) -> str | None:
    """The address behind a path below `/files/`, or `None` if the path is none."""
    match = re.fullmatch(r"/files/(https?)/([^/]+)/(.+)", path)
    return f"{match[1]}://{match[2]}/{match[3]}" if match else None


def _local(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{_FILES}{scheme}/{rest}" if scheme in ("http", "https") else url
