from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from postgrad.models.cache import Cache, default_cache_root, publish, read_json, write_json


def test_root_comes_from_the_first_variable_that_is_set() -> None:
    assert default_cache_root({"POSTGRAD_CACHE": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert default_cache_root({"XDG_CACHE_HOME": "/b"}) == Path("/b/postgrad")
    assert default_cache_root({}) == Path.home() / ".cache" / "postgrad"


def test_light_modules_load_neither_torch_nor_transformers() -> None:
    program = (
        "import sys, postgrad.models.catalog, postgrad.models.cache, postgrad.models.check, "
        "postgrad.models.templates; "
        "sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_scratch_disappears_when_the_block_fails(cache: Cache) -> None:
    def build() -> None:
        with cache.lock("m"), cache.scratch("m") as work:
            (work / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        build()
    assert [path.name for path in cache.models.iterdir()] == [".lock-m"]


def test_what_a_killed_process_left_is_removed(cache: Cache) -> None:
    leftover = cache.models / ".tmp-m-123"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("x")
    other = cache.models / ".tmp-n-123"
    other.mkdir()
    with cache.lock("m"), cache.scratch("m"):
        assert not leftover.exists()
    assert other.exists()


def test_publish_replaces_a_damaged_folder(cache: Cache, tmp_path: Path) -> None:
    target = cache.models / "m"
    target.mkdir(parents=True)
    (target / "old").write_text("old")
    with cache.lock("m"), cache.scratch("m") as work:
        (work / "model").mkdir()
        (work / "model" / "new").write_text("new")
        publish(work / "model", target)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert sorted(path.name for path in cache.models.iterdir()) == [".lock-m", "m"]


def test_only_one_at_a_time_builds(cache: Cache) -> None:
    built: list[int] = []
    waited: list[int] = []

    def fetch(number: int) -> None:
        with cache.lock("m", on_wait=lambda: waited.append(number)):
            if not (cache.models / "m").exists():
                with cache.scratch("m") as work:
                    time.sleep(0.2)
                    (work / "model").mkdir()
                    publish(work / "model", cache.models / "m")
                    built.append(number)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert len(waited) == 3


_HOLD_AND_DIE = """
import os, sys, pathlib
from postgrad.models.cache import Cache
cache = Cache(pathlib.Path(sys.argv[1]))
with cache.lock("m"), cache.scratch("m") as work:
    (work / "half").write_text("x")
    os.kill(os.getpid(), 9)
"""


def test_a_killed_process_leaves_no_lock_and_its_rest_is_cleaned(cache: Cache) -> None:
    subprocess.run([sys.executable, "-c", _HOLD_AND_DIE, str(cache.root)])
    assert list(cache.models.glob(".tmp-m-*"))
    with cache.lock("m", on_wait=lambda: pytest.fail("still locked")), cache.scratch("m") as work:
        assert list(cache.models.glob(".tmp-m-*")) == [work]


def test_json_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    assert read_json(path) is None
    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    path.write_text("{")
    assert read_json(path) is None
