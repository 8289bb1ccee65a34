"""Every collector, by its row in the table: all items are used or have a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from collecting import completion, mail, mbox, write
from postgrad import plugins
from postgrad.core.collecting import CollectSettings, Look, Skipped, Used, Visit
from postgrad.core.interfaces import Collector
from postgrad.core.records import Chat, Text
from postgrad.data.collect.recognise import look_at

NAMES = plugins.names("collectors")
SETTINGS = CollectSettings.build({"house": "acme.example", "allow": "unknown"})

ASK = [{"role": "user", "content": "Is it open?"}]
TICKETS = "ticket,role,text\n1,customer,Is it open?\n1,agent,It is.\n2,customer,Lost?\n,agent,x\n"
CODE = 'def double(number):\n    """Twice as much as before."""\n    return 2 * number\n'
MAILS = mbox(
    mail(1, "a@cust.example", "Is it open?"),
    mail(2, "b@acme.example", "It is.", 1),
    mail(3, "c@cust.example", "Lost?"),
)

# of each: files, and how many items they are
SAMPLES: dict[str, tuple[dict[str, str | bytes], int]] = {
    "completions": (
        {
            "a.jsonl": json.dumps({**completion("c-1", "It is."), "messages": ASK})
            + "\n"
            + json.dumps(completion("c-2", "Lost."))
        },
        2,
    ),
    "helpdesk": ({"t.csv": TICKETS}, 4),
    "rows": ({"r.jsonl": '{"prompt": "Is it open?", "completion": "It is."}\n{"prompt": 1}\n'}, 2),
    "mailbox": ({"m.mbox": MAILS}, 3),
    "code": ({"src/a.py": CODE, "src/b.py": "x = 1\n", "src/c.ts": "let x;"}, 3),
    "documents": ({"book/a.md": "Words.", "book/b.html": "<p>More", "book/c.png": "x"}, 3),
}


def sample(name: str, folder: Path) -> Path:
    files, _ = SAMPLES[name]
    write(folder, files)
    return folder / next(iter(files)).partition("/")[0]


@pytest.fixture(params=NAMES)
def collector(request: pytest.FixtureRequest) -> Collector:
    return plugins.load("collectors", request.param)()


def visit(folder: Path, tell: Callable[[int, int, str], None]) -> Visit:
    (folder / "scratch").mkdir(exist_ok=True)
    return Visit("here", SETTINGS, folder / "scratch", tell, lambda text: None)


def test_names_itself(collector: Collector) -> None:
    assert plugins.TABLES["collectors"].get(collector.name, "").endswith(type(collector).__name__)
    assert collector.title
    assert collector.item
    assert collector.gives in ("texts", "chats", "")


def test_every_collector_has_a_sample() -> None:
    assert set(SAMPLES) == set(NAMES)


def test_an_empty_folder_is_nothing_to_it(collector: Collector, tmp_path: Path) -> None:
    assert collector.recognises(look_at(tmp_path, SETTINGS)) == 0
    (tmp_path / "empty").touch()
    assert collector.recognises(look_at(tmp_path / "empty", SETTINGS)) == 0


def test_its_own_source_is_recognised_and_by_none_more(
    collector: Collector, tmp_path: Path
) -> None:
    look: Look = look_at(sample(collector.name, tmp_path), SETTINGS)
    counts = {name: plugins.load("collectors", name)().recognises(look) for name in NAMES}
    assert counts[collector.name] > 0
    assert max(counts, key=lambda name: counts[name]) == collector.name


def test_every_item_is_used_or_has_a_reason(collector: Collector, tmp_path: Path) -> None:
    path = sample(collector.name, tmp_path)
    found = list(collector.collect(path, visit(tmp_path, lambda done, total, unit: None)))
    assert sum(each.num_items for each in found) == SAMPLES[collector.name][1]
    used = [each for each in found if isinstance(each, Used)]
    skipped = [each for each in found if isinstance(each, Skipped)]
    assert used
    for each in used:
        kind = {Text: "texts", Chat: "chats"}[type(each.row.record)]
        assert collector.gives in (kind, "")
        assert each.row.source.startswith("here")
    assert skipped
    for each in skipped:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", each.code)
        assert each.source.startswith("here")
        assert each.what


def test_twice_the_same(collector: Collector, tmp_path: Path) -> None:
    path = sample(collector.name, tmp_path)
    once, twice = (
        list(collector.collect(path, visit(tmp_path, lambda done, total, unit: None)))
        for _ in range(2)
    )
    assert once == twice
    assert list((tmp_path / "scratch").iterdir()) == []


def test_it_can_be_stopped_while_it_reads(collector: Collector, tmp_path: Path) -> None:
    """Where a source is long enough for progress to be told."""

    class Asked(Exception):
        pass

    def stop(done: int, total: int, unit: str) -> None:
        raise Asked

    path = sample(collector.name, tmp_path)
    if path.suffix in (".csv", ".jsonl") and collector.name in ("rows", "helpdesk"):
        lines = path.read_text().split("\n")
        path.write_text("\n".join([lines[0], *([lines[1]] * 3000)]))
    with pytest.raises(Asked):
        list(collector.collect(path, visit(tmp_path, stop)))
    assert list((tmp_path / "scratch").iterdir()) == []
