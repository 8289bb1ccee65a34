"""The hub, played by a small HTTP server: a real download, then the cache without a network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"

# Its own process: huggingface_hub reads HF_ENDPOINT and HF_HUB_OFFLINE when it is imported.
PROGRAM = """
import json, pathlib, sys
from postgrad.core.base import ModelRef
from postgrad.errors import PostgradError
from postgrad.models.cache import Cache
from postgrad.models.hub import snapshot, stated_licence
told = []
cache = Cache(pathlib.Path(sys.argv[2]))
try:
    folder, commit = snapshot(
        ModelRef.parse(sys.argv[1]), cache, offline="offline" in sys.argv,
        on_progress=lambda *step: told.append(step),
    )
    files = sorted(path.name for path in folder.iterdir())
    print(json.dumps({"commit": commit, "files": files, "told": told,
                      "licence": stated_licence(folder)}))
except PostgradError as error:
    print(json.dumps(error.as_dict()))
"""


@pytest.fixture
def hub(tiny: Path) -> Iterator[str]:
    """The address of a hub that has o/tiny and o/pickle."""
    (tiny / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    (tiny / "modeling.py").write_text("raise SystemExit")
    (tiny / "training_args.bin").write_bytes(b"pickle")
    (tiny / "onnx").mkdir()
    (tiny / "onnx" / "config.json").write_text("{}")
    files = {str(p.relative_to(tiny)): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}
    repositories = {"o/tiny": files, "o/pickle": {"pytorch_model.bin": b"x", "config.json": b"{}"}}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def do_HEAD(self) -> None:
            self.do_GET()

        def reply(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")
            api = parts[0] == "api"
            name = "/".join(parts[2:4] if api else parts[:2])
            rest = parts[4:] if api else parts[2:]
            found = repositories.get(name)
            if found is None:
                self.reply(404, b"{}", X_Error_Code="RepoNotFound")
            elif len(rest) > 1 and rest[1] not in ("main", COMMIT):
                self.reply(404, b"{}", X_Error_Code="RevisionNotFound")
            elif api and rest[0] == "tree":
                tree = [
                    {
                        "type": "file",
                        "path": path,
                        "size": len(body),
                        "oid": hashlib.sha1(body).hexdigest(),
                    }
                    for path, body in found.items()
                ]
                self.reply(200, json.dumps(tree).encode(), X_Repo_Commit=COMMIT)
            elif api:
                info = {"id": name, "modelId": name, "sha": COMMIT, "tags": [], "private": False}
                siblings = [{"rfilename": path} for path in found]
                self.reply(200, json.dumps(info | {"siblings": siblings}).encode())
            else:
                body = found["/".join(rest[2:])]
                etag = f'"{hashlib.sha1(body).hexdigest()}"'
                self.reply(200, body, ETag=etag, X_Repo_Commit=COMMIT)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(name: str, root: Path, *flags: str, **environment: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, str(root), *flags],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


def test_safe_files_of_a_commit_then_offline(hub: str, tmp_path: Path) -> None:
    root = tmp_path / "cache"
    found = ask("hf:o/tiny", root, HF_ENDPOINT=hub)
    assert found["commit"] == COMMIT
    assert found["licence"] == "apache-2.0"
    assert "model.safetensors" in found["files"]
    assert not {"modeling.py", "training_args.bin", "onnx"} & set(found["files"])
    stage, done, total = found["told"][-1]
    assert stage == "download"
    assert done == total > 0
    closed = "http://127.0.0.1:1"
    for again in (
        ask("hf:o/tiny", root, "offline", HF_ENDPOINT=closed),
        ask("hf:o/tiny", root, HF_ENDPOINT=closed, HF_HUB_OFFLINE="1"),
        ask(f"hf:o/tiny@{COMMIT}", root, "offline", HF_ENDPOINT=closed),
    ):
        assert (again["commit"], again["files"]) == (COMMIT, found["files"])


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("hf:o/none", "unknown_model", "spelling"),
        ("hf:o/tiny@v9", "unknown_revision", "branches"),
        ("hf:o/pickle", "pickle_weights", "safetensors"),
    ],
)
def test_refused_with_a_reason(hub: str, tmp_path: Path, name: str, code: str, hint: str) -> None:
    error = ask(name, tmp_path / "cache", HF_ENDPOINT=hub)
    assert error["code"] == code
    assert hint in error["fix"]


@pytest.mark.parametrize("flags", [("offline",), ()])
def test_nothing_here_and_no_network(tmp_path: Path, flags: tuple[str, ...]) -> None:
    error = ask("hf:o/tiny", tmp_path, *flags, HF_ENDPOINT="http://127.0.0.1:1")
    assert (error["type"], error["code"]) == ("SetupError", "offline")
    assert "postgrad models pull hf:o/tiny@main" in error["fix"]
