"""Which rows teach facts that are new to the base, with a base whose knowledge is written down."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.records import Chat, Message, Record
from postgrad.data.render import Sequence
from postgrad.data.rows import Row, Rows, Size
from postgrad.steps.facts import UnknownFacts
from postgrad.steps.progress import Progress


class Words:
    """A tokenizer, a template and a model whose tokens are words."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.vocabulary: list[str] = []
        self.base = SimpleNamespace(template=SimpleNamespace(tokenizer=self))

    def encode(self, text: str) -> list[int]:
        found = []
        for word in text.split():
            if word not in self.vocabulary:
                self.vocabulary.append(word)
            found.append(self.vocabulary.index(word))
        return found

    def decode(self, tokens: list[int], skip_special_tokens: bool) -> str:
        return "".join(f" {self.vocabulary[token]}" for token in tokens)

    def sequences(self, chat: Chat) -> list[Sequence]:
        prompt, answer = (self.encode(message.content) for message in chat.messages)
        whole = (*prompt, *answer)
        return [Sequence(whole, tuple(range(len(prompt), len(whole))))]

    def token_losses(self, sequence: Sequence) -> list[float]:
        words = [self.vocabulary[sequence.tokens[index]] for index in sequence.taught]
        return [0.5 if word.strip(".,") in self.known else 9.0 for word in words]


def rows_of(*pairs: tuple[str, str]) -> Rows:
    rows = [
        Row(
            index,
            "train",
            "a.jsonl",
            index + 1,
            Chat((Message("user", asked), Message("assistant", said))),
            None,
            Size(9, 5),
        )
        for index, (asked, said) in enumerate(pairs)
    ]
    return Rows(rows)


def found(known: set[str], *pairs: tuple[str, str]) -> list[str]:
    """What is said of the rows that are hit."""
    base: Any = Words(known)
    return [hit.what for hit in UnknownFacts(base, base).find(rows_of(*pairs))]


def test_how_many_of_the_sampled_rows_were_read_is_told() -> None:
    base: Any = Words({"a"})
    events: list[Event] = []
    progress = Progress(StepContext(Path(), events.append, lambda: False, Path()))
    rule = UnknownFacts(base, base, progress=progress)
    assert list(rule.find(rows_of(*[("a?", "a")] * 100))) == []
    assert (events[0].fields["total"], events[0].fields["unit"]) == (64, "sampled rows")


def test_a_name_or_number_that_the_base_does_not_know() -> None:
    asked = "When was the inn rebuilt?"
    [said] = found({"It", "was", "in", "by"}, (asked, "It was in 1683 by Wrangham."))
    assert "2 of the row's 2 facts" in said
    assert found({"1683", "Wrangham"}, (asked, "It was in 1683 by Wrangham.")) == []


def test_what_the_prompt_holds_is_no_fact_to_learn() -> None:
    assert found(set(), ("Who wrote Emma in 1815?", "it was said that Emma is of 1815")) == []


def test_words_without_name_or_number_are_no_facts() -> None:
    assert found(set(), ("how are you?", "Rather well, and glad that you ask.")) == []


def test_what_many_answers_have_is_form() -> None:
    pairs = [(f"question number {n}?", "greetings from Luna") for n in range(60)]
    assert found(set(), *pairs) == []
    assert len(found(set(), *pairs[:-1], ("where?", "greetings from Wrangham"))) == 1


def test_half_of_the_facts_may_be_new() -> None:
    assert found({"1683"}, ("when?", "it was in 1683 by Wrangham")) == []


def test_the_share_of_rows_that_teach_new_facts() -> None:
    base: Any = Words({"Paris", "1889"})
    pairs = [
        ("where?", "it stands in Paris since 1889"),
        ("who?", "it was Quillon of Marest"),
        ("when?", "it was in 1734"),
        ("how?", "with great care"),
    ]
    answers: list[tuple[Record, str]] = [
        (Chat((Message("user", asked), Message("assistant", said))), said) for asked, said in pairs
    ]
    assert UnknownFacts(base, base).share(answers) == 0.5
    assert UnknownFacts(base, base).share([]) is None
