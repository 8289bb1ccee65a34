"""Which test rows belong together, so that the bootstrap draws them together.

Rows that ask the same, or nearly the same, are right or wrong together; so are the parts of one
document. Taken as independent they make an interval too narrow. What is known of a row: its prompt,
its words, and, of texts that `data collect` cut, the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from postgrad.core.records import Text
from postgrad.data.files import Example
from postgrad.data.similar import are_alike, candidates, words_of
from postgrad.data.split import prompt_key
from postgrad.evals.statistics import FEWEST_TO_TELL

MOST_ALIKE = 1 / 3
"""Share of the rows in one cluster of near duplicates from which it is a template that was filled
in, not copies of a row: a judgement. Then only equal prompts and documents count."""


def row_clusters(rows: Sequence[Example]) -> dict[str, str]:
    """A name by row id, the same for rows that belong together: equal prompts (as the split sees
    them), prompts that are nearly the same (as the data doctor sees them), texts of one document.

    Documents count only if there are enough of them (six) to tell anything of further ones; of
    fewer, the test is about more rows of these documents.
    """
    keys = [prompt_key(row.record) for row in rows]
    by_prompt = _linked(len(rows), _equal(keys))
    alike = _linked(len(rows), [*_equal(keys), *_near(keys)])
    most = max(Counter(alike).values(), default=0)
    names = by_prompt if most > max(2.0, MOST_ALIKE * len(rows)) else alike
    documents = [_document(row) for row in rows]
    if len(set(documents) - {""}) >= FEWEST_TO_TELL:
        links = [*_equal(list(map(str, names))), *_equal(documents)]
        names = _linked(len(rows), links)
    return {row.id: rows[name].id for row, name in zip(rows, names, strict=True)}


def _document(row: Example) -> str:
    """The file that a text was cut from; "" if the row does not say. Chats of one file (a table of
    tickets, say) are cases of their own."""
    return row.source.rpartition(":")[0] if isinstance(row.record, Text) else ""


def _equal(names: Sequence[str]) -> list[tuple[int, int]]:
    """Each place with the first of the same name; those without a name are left out."""
    first: dict[str, int] = {}
    return [(first.setdefault(name, at), at) for at, name in enumerate(names) if name]


def _near(texts: Sequence[str]) -> list[tuple[int, int]]:
    text_of: Callable[[str], str] = str
    words = [words_of(text) for text in texts]
    return [
        (one, two)
        for one, two in candidates(texts, text_of)
        if words[one] and are_alike(words[one], words[two])
    ]


def _linked(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """For each place the first place that it is linked to, by any way: union and find."""
    parent = list(range(count))

    def find(at: int) -> int:
        while parent[at] != at:
            parent[at] = at = parent[parent[at]]
        return at

    for one, two in links:
        low, high = sorted((find(one), find(two)))
        parent[high] = low
    return [find(at) for at in range(count)]
