"""Code bases: what is asked of their functions, and what may not be learned."""

from __future__ import annotations

import ast
import importlib
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import gather, write
from postgrad.data.collect.sources.code.python import functions, parse_module
from postgrad.errors import DataError, JobError, RowError

MIT = next(
    text
    for name, text in importlib.import_module("identify.vendor.licenses").LICENSES
    if name == "MIT"
)
GPL = next(
    text
    for name, text in importlib.import_module("identify.vendor.licenses").LICENSES
    if name == "GPL-3.0"
)
SHOP = '''"""Texts of the shop."""

import re


def slugify(title: str, limit: int = 60) -> str:
    """A title as part of a web address.

    Args:
        limit: characters at most.
    """

    words = re.findall(r"\\w+", title.lower())
    return "-".join(words)[:limit]


class Cart:
    @property
    def total(self) -> float:
        """What all things in it cost."""
        return sum(self.prices)

    def undocumented(self):
        return 1


def stub() -> None:
    """To be done by those who come later."""
    raise NotImplementedError
'''
TESTS = """from shop.text import slugify


def test_cuts_long_titles():
    assert slugify("a b c", 3) == "a-b"


def test_nothing_of_ours():
    assert len("x") == 1
"""


def repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    return write(
        folder,
        {"LICENSE": MIT, "src/shop/text.py": SHOP, "tests/test_text.py": TESTS, **(files or {})},
    )


def asked(folder: Path, **settings_: object) -> dict[tuple[str, str], tuple[str, str]]:
    """(question, answer) by task and place."""
    found = gather(folder, "repo", **settings_)
    return {
        (row["task"], row["source"]): (row["messages"][0]["content"], row["messages"][1]["content"])
        for row in found.rows
    }


def test_functions_are_asked_for(tmp_path: Path) -> None:
    repository(tmp_path / "repo")
    found = asked(tmp_path, tasks="write_function")
    assert list(found) == [
        ("write_function", "repo/src/shop/text.py:6"),
        ("write_function", "repo/src/shop/text.py:18"),
    ]
    question, answer = found["write_function", "repo/src/shop/text.py:6"]
    assert question == (
        "Write `slugify` of src/shop/text.py.\n\n"
        "def slugify(title: str, limit: int = 60) -> str:\n\nWhat it does:\n\n"
        "A title as part of a web address.\n\nArgs:\n    limit: characters at most."
    )
    assert answer.startswith("def slugify(")
    assert answer.endswith("[:limit]")
    question, answer = found["write_function", "repo/src/shop/text.py:18"]
    assert "`Cart.total`" in question
    assert answer.startswith("@property\ndef total(self)")


def test_docstrings_are_asked_for(tmp_path: Path) -> None:
    repository(tmp_path / "repo")
    found = asked(tmp_path, tasks="write_docstring")
    question, answer = found["write_docstring", "repo/src/shop/text.py:6"]
    assert question == (
        "Write the docstring of `slugify` of src/shop/text.py.\n\n"
        "def slugify(title: str, limit: int = 60) -> str:\n"
        '    words = re.findall(r"\\w+", title.lower())\n'
        '    return "-".join(words)[:limit]'
    )
    assert answer.startswith("A title as part of a web address.\n\nArgs:\n    limit")


def test_tests_are_asked_for(tmp_path: Path) -> None:
    repository(tmp_path / "repo")
    found = asked(tmp_path, tasks="write_test")
    assert list(found) == [("write_test", "repo/tests/test_text.py:4")]
    [(question, answer)] = found.values()
    assert question.startswith(
        "Write the test `test_cuts_long_titles` for `slugify` of src/shop/text.py.\n\ndef slugify("
    )
    assert answer == 'def test_cuts_long_titles():\n    assert slugify("a b c", 3) == "a-b"'


GUIDE = """# Contributing

Thank you for mending what you found broken.

## Names

Whole words, never abbreviations of words.

## Tests

### Where they lie

Each test lies beside what it tests.

## See also

[Style](x)
"""


def test_conventions_are_asked_for(tmp_path: Path) -> None:
    repository(tmp_path / "repo", {"CONTRIBUTING.md": GUIDE, "README.md": "# Shop\n\nIt sells."})
    found = asked(tmp_path, tasks="state_convention")
    assert list(found.values()) == [
        (
            "What are the conventions of `repo` on “Contributing”?",
            "Thank you for mending what you found broken.",
        ),
        (
            "What are the conventions of `repo` on “Contributing > Names”?",
            "Whole words, never abbreviations of words.",
        ),
        (
            "What are the conventions of `repo` on “Contributing > Tests > Where they lie”?",
            "Each test lies beside what it tests.",
        ),
    ]
    assert [place for _, place in found] == [
        "repo/CONTRIBUTING.md:1",
        "repo/CONTRIBUTING.md:5",
        "repo/CONTRIBUTING.md:9",
    ]


def test_a_guide_that_says_nothing_is_told(tmp_path: Path) -> None:
    repository(
        tmp_path / "repo", {"CONTRIBUTING.md": "# See [there](x)", "STYLE.md": "x y " * 2000}
    )
    codes = gather(tmp_path, "repo").codes
    assert codes["repo/CONTRIBUTING.md"] == "nothing_to_ask"
    assert codes["repo/STYLE.md:1"] == "too_long"


def test_a_function_is_asked_for_in_one_direction_only(tmp_path: Path) -> None:
    """Or the answer to one question would stand in the other, which may be held out."""
    many = "\n\n".join(
        f'def f{n}(a):\n    """Adds {n} to a number."""\n    return a + {n}' for n in range(60)
    )
    write(tmp_path / "repo", {"LICENSE": MIT, "a.py": many})
    found = asked(tmp_path)
    places = [place for _, place in found]
    tasks = [task for task, _ in found]
    assert len(places) == len(set(places)) == 60
    assert 15 < tasks.count("write_docstring") < 45
    assert list(asked(tmp_path, seed=1, house="") if False else found) == list(found)


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from shop.text import slugify as s", "s('a')"),
        ("from shop import text", "text.slugify('a')"),
        ("import shop.text", "shop.text.slugify('a')"),
        ("import shop.text as t", "t.slugify('a')"),
        ("from shop import slugify", "slugify('a')"),
        ("from .text import slugify", "slugify('a')"),
    ],
)
def test_what_a_test_tests_is_seen_from_its_imports(
    tmp_path: Path, imports: str, call: str
) -> None:
    text = f"{imports}\n\n\nclass TestIt:\n    def test_it(self):\n        assert {call} == 'a'\n"
    repository(tmp_path / "repo", {"tests/test_text.py": text})
    found = asked(tmp_path, tasks="write_test")
    [(question, answer)] = found.values()
    assert "`TestIt.test_it` for `slugify`" in question
    assert answer.startswith("def test_it(self):")


def test_where_it_is_not_clear_nothing_is_asked(tmp_path: Path) -> None:
    both = (
        "from shop.text import slugify\nfrom shop.other import other\n\n\n"
        "def {name}():\n    assert slugify(other('a'))\n"
    )
    other = 'def other(a):\n    """Another one of these."""\n    return a\n'
    files = {
        "src/shop/other.py": other,
        "tests/test_text.py": both.format(name="test_x"),
        "tests/test_named.py": both.format(name="test_other"),
        "tests/test_foreign.py": "import os\n\n\ndef test_x():\n    assert os.getcwd()\n",
    }
    repository(tmp_path / "repo", files)
    found = asked(tmp_path, tasks="write_test")
    assert [place for _, place in found] == ["repo/tests/test_named.py:5"]


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    repository(
        tmp_path / "repo",
        {
            ".gitignore": "build/\n*_local.py\n[\n",
            "build/a.py": SHOP,
            "b_local.py": SHOP,
            "src/.gitignore": "!b_local.py\nshop/secret.py",
            "src/b_local.py": SHOP,
            "src/shop/secret.py": SHOP,
        },
    )
    found = gather(tmp_path, "repo")
    ignored = [place for place, code in found.codes.items() if code == "ignored"]
    assert ignored == ["repo/b_local.py", "repo/build", "repo/src/shop/secret.py"]
    assert any(row["source"].startswith("repo/src/b_local.py") for row in found.rows)


def test_a_folder_inside_a_repository_stands_under_its_rules(tmp_path: Path) -> None:
    repository(
        tmp_path / "repo",
        {".git/HEAD": "", ".gitignore": "/src/shop/secret.py", "src/shop/secret.py": SHOP},
    )
    found = gather(tmp_path, "repo/src")
    assert {row["licence"] for row in found.rows} == {"MIT"}
    assert found.codes["src/shop/secret.py"] == "ignored"


def test_code_of_others_is_left_out(tmp_path: Path) -> None:
    repository(
        tmp_path / "repo",
        {
            "vendor/lib/a.py": SHOP,
            "src/gpl/LICENSE": GPL,
            "src/gpl/a.py": SHOP,
            "src/same/LICENSE": MIT.replace("[year]", "2026"),
            "src/same/a.py": SHOP,
            "src/sub/.git": "gitdir: elsewhere",
            "src/sub/a.py": SHOP,
            "src/header.py": f"# SPDX-License-Identifier: GPL-2.0-only\n{SHOP}",
            "src/free.py": f"# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause\n{SHOP}",
            "src/generated.py": f"# Generated by a tool. DO NOT EDIT.\n{SHOP}",
        },
    )
    found = gather(tmp_path, "repo", tasks="write_function")
    places = {row["source"].rpartition(":")[0]: row["licence"] for row in found.rows}
    assert places == {
        "repo/src/free.py": "GPL-2.0-only OR BSD-3-Clause",
        "repo/src/same/a.py": "MIT",
        "repo/src/shop/text.py": "MIT",
    }
    codes = found.codes
    assert codes["repo/vendor"] == codes["repo/src/sub"] == "vendored"
    assert codes["repo/src/gpl"] == codes["repo/src/header.py"] == "other_licence"
    assert codes["repo/src/generated.py"] == "generated"
    more = gather(tmp_path, "repo", out="b.jsonl", allow="GPL-3.0,GPL-2.0-only")
    licences = {row["source"].rpartition(":")[0]: row["licence"] for row in more.rows}
    assert licences["repo/src/gpl/a.py"] == "GPL-3.0"
    assert licences["repo/src/header.py"] == "GPL-2.0-only"


@pytest.mark.parametrize(
    ("files", "code", "allow"),
    [
        ({}, "licence_unknown", "unknown"),
        ({"LICENSE": "All rights reserved."}, "licence_unknown", "unknown"),
        ({"COPYING": GPL}, "licence_not_permitted", "GPL-3.0"),
        (
            {"pyproject.toml": '[project]\nlicense = "AGPL-3.0-only"\n'},
            "licence_not_permitted",
            "AGPL-3.0-only",
        ),
        ({"LICENSE-A": "Mine.", "LICENSE-B": MIT}, "licence_unknown", "unknown"),
    ],
)
def test_a_licence_that_does_not_permit_it(
    tmp_path: Path, files: dict[str, str], code: str, allow: str
) -> None:
    write(tmp_path / "repo", {"a.py": SHOP, **files})
    with pytest.raises(DataError) as caught:
        gather(tmp_path, "repo")
    assert caught.value.code == code
    assert caught.value.fix.endswith(f"--set allow={allow}")
    assert gather(tmp_path, "repo", allow=allow).rows


@pytest.mark.parametrize(
    "files",
    [
        {"license.md": MIT},
        {"LICENSE-MIT": MIT, "LICENSE-GPL": GPL},
        {"pyproject.toml": '[project]\nlicense = "MIT AND (Apache-2.0 OR GPL-3.0-only)"\n'},
    ],
)
def test_a_licence_that_permits_it(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path / "repo", {"a.py": SHOP, **files})
    assert gather(tmp_path, "repo").rows


def test_files_that_are_no_python_have_a_reason(tmp_path: Path) -> None:
    write(
        tmp_path / "repo",
        {
            "LICENSE": MIT,
            "a.py": SHOP,
            "b.py": "print 'two'",
            "c.py": b"\0\0",
            "d.py": "x = '" + "y" * 1_100_000 + "'",
            "e.py": "(" * 100_000,
            "f.py": "x = 1",
            "g.py": b"# coding: no-such\n",
            "h.ts": "let x;",
        },
    )
    found = gather(tmp_path, "repo")
    codes = {place[5]: code for place, code in found.codes.items() if place != "repo/LICENSE"}
    assert codes.pop("b") == codes.pop("c") == codes.pop("e") == codes.pop("g") == "not_python"
    assert codes == {"d": "too_large", "f": "nothing_to_ask", "h": "other_kind"}
    [source] = found.result["sources"]
    assert (source["items"], source["used"], source["skipped"]) == (9, 1, 8)


def test_a_function_too_long_to_be_learned_whole(tmp_path: Path) -> None:
    body = "\n".join(f"    x = {n}" for n in range(1000))
    long = f'def long():\n    """Counts to a thousand."""\n{body}\n'
    write(tmp_path / "repo", {"LICENSE": MIT, "a.py": SHOP + long})
    found = gather(tmp_path, "repo")
    assert [(each["code"], each["part"]) for each in found.skipped if "part" in each] == [
        ("too_long", True)
    ]


def test_a_task_that_is_not_known(tmp_path: Path) -> None:
    repository(tmp_path / "repo")
    with pytest.raises(JobError) as caught:
        gather(tmp_path, "repo", tasks="write_poem")
    assert caught.value.code == "unknown_task"


STATEMENTS = st.sampled_from(
    ["x = 1", "return x", '"""no doc"""', "pass", "def inner():\n    pass", "# words"]
)
DOCS = st.sampled_from(
    ["", '"""One line of words."""', "'''Two\n\n    lines.'''", '"odd"; x = 2', 'r"raw \\d"']
)


@given(st.lists(st.tuples(DOCS, st.lists(STATEMENTS, max_size=3), st.booleans()), max_size=5))
@settings(max_examples=200, deadline=None)
def test_functions_are_python_that_says_the_same(
    drawn: list[tuple[str, list[str], bool]],
) -> None:
    text = ""
    head = "async def f{number}(a,\n      b=1):"
    for number, (doc, body, decorated) in enumerate(drawn):
        lines = "\n".join(filter(None, [doc, *body, "y = 0"]))
        indented = textwrap.indent(lines, "    ")
        decorators = "@cache\n" if decorated else ""
        text += f"{decorators}{head.format(number=number)}\n{indented}\n\n"
    module = parse_module(text.encode())
    for written in functions(module):
        [node] = ast.parse(written.source).body
        assert ast.dump(node) == ast.dump(written.node)
        [bare] = ast.parse(written.bare).body
        assert isinstance(bare, ast.AsyncFunctionDef)
        rest = written.node.body[1:] if written.doc else written.node.body
        assert list(map(ast.dump, bare.body)) == list(map(ast.dump, rest))


@given(st.binary(max_size=100))
@settings(max_examples=200, deadline=None)
def test_whatever_is_in_a_file_it_is_python_or_has_a_reason(data: bytes) -> None:
    try:
        list(functions(parse_module(data)))
    except RowError as error:
        assert error.code == "not_python"
