"""The ladder: what simpler things than fine-tuning do on the same questions, by the same scorer.

    constant     the most frequent training answer, whatever is asked
    nearest      the answer of the most similar training question
    zero_shot    the base model, asked as in the exam
    few_shot     the base model, shown four training examples, the same for every question
    similar_shot the base model, shown the four most similar training examples
    retrieval    the base model, given the most similar answers as text in its prompt

Fine-tuning is worth its trouble if it beats the best of these. `nearest` also tells on the test: a
copy that does well means that the task needs only looking up, or that the test leaks. Examples come
from the training rows alone. Source of the rungs: the baselines that the reports of large gains
left out (LoRA Land, arXiv:2405.00732, compares with zero- and one-shot prompts only), and RAG
against fine-tuning for facts (Ovadia et al., arXiv:2312.05934).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from postgrad.core.interfaces import Answerer, Scorer
from postgrad.core.records import Chat, Message, Record
from postgrad.core.task import Answer, Task
from postgrad.evals import metrics
from postgrad.evals.nearest import Nearest

NUM_SHOTS = 4
"""Examples in a prompt: most of what a small model gains by examples it gains by the first four
(Brown et al. 2020, arXiv:2005.14165, figure 1.2), and each costs its tokens at every question."""

MOST_SHOWN_CHARACTERS = 6000
"""Of examples in a prompt: about 1,500 tokens, well within the context of a small model."""

RUNGS: Mapping[str, str] = {
    "constant": "One answer for all",
    "nearest": "Answer of the most similar question",
    "zero_shot": "Base model, as it is",
    "few_shot": f"Base model, {NUM_SHOTS} examples in the prompt",
    "similar_shot": f"Base model, {NUM_SHOTS} similar examples in the prompt",
    "retrieval": "Base model, similar answers in the prompt",
}
"""Name and words of each rung, from the cheapest to the dearest."""

MODEL_FREE = ("constant", "nearest")

QUICK_RUNGS = (*MODEL_FREE, "zero_shot")
"""Those that cost nothing: the base's own answers are there already."""

ASKED_RUNGS = tuple(name for name in RUNGS if name not in QUICK_RUNGS)
"""Those that the base model is asked for."""

EVERY_ROW = slice(None)

Scores = dict[str, list[float]]
"""By rung, a score for each question, in their order."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A training row as an example: its chat and its parts as text."""

    chat: Chat
    question: str
    answer: str


def scorer_of(task: Task) -> Scorer | None:
    """What marks every rung: the scorer of the primary metric, or the first of the task's that a
    single answer's text can be marked by; None for tasks without answers."""
    for name in (task.primary, *task.secondary):
        if name not in metrics.BESIDE_SCORERS and task.kind != "text":
            return metrics.scorer(name)
    return None


def fits(task: Task, trained: Sequence[Record], tested: Sequence[Record]) -> bool:
    """Whether there is something to climb: questions with answers in text, on either side."""
    shown = [*trained, *tested]
    return (
        scorer_of(task) is not None
        and bool(trained)
        and all(isinstance(row, Chat) and not row.answer.tool_calls for row in shown)
    )


@dataclass(frozen=True)
class Climb:
    """Test questions, and what is needed to try the rungs on them.

    Args:
        scorer: of the task. Questions that it can't mark score 0 on every rung.
        answerer: the base model.
        trained: training rows; they alone are shown as examples.
        tested: the questions.
        answers: of the base model to them, zero-shot, with their references.
        max_new_tokens: longest answer.
        seed: chooses the fixed examples.
    """

    scorer: Scorer
    answerer: Answerer
    trained: Sequence[Record]
    tested: Sequence[Chat]
    answers: Sequence[Answer]
    max_new_tokens: int
    seed: int

    def scores(
        self,
        names: Sequence[str],
        on_done: Callable[[int], None] = lambda done: None,
        rows: slice = EVERY_ROW,
    ) -> Scores:
        """Scores of some rungs on each question, or on some of them.

        Args:
            on_done: called with how many answers the base model has given.
            rows: which of the questions.
        """
        asked = [name for name in names if name not in QUICK_RUNGS]
        texts = {name: self._free(name)[rows] for name in names if name not in asked}
        texts |= self._given(asked, rows, on_done)
        references = [answer.reference for answer in self.answers[rows]]
        return {
            name: [
                self.scorer.score(text, reference) or 0.0
                for text, reference in zip(texts[name], references, strict=True)
            ]
            for name in names
        }

    @cached_property
    def _known(self) -> list[Shown]:
        return [_shown(row) for row in self.trained if isinstance(row, Chat)]

    @cached_property
    def _near(self) -> Sequence[Sequence[int]]:
        search = Nearest([each.question for each in self._known])
        return search.to([_question(chat) for chat in self.tested], NUM_SHOTS)

    def _free(self, name: str) -> list[str]:
        """Answers that cost nothing, to every question."""
        if name == "zero_shot":
            return [answer.answer for answer in self.answers]
        return _copied(name, self._known, self._near)

    def _given(
        self, names: Sequence[str], rows: slice, on_done: Callable[[int], None]
    ) -> dict[str, list[str]]:
        """Answers of the base model, rung by rung."""
        tested, near = self.tested[rows], self._near[rows]
        # all at once: each token of an answer costs a pass over the weights, for one as for dozens
        prompts = [
            chat for name in names for chat in _prompts(name, self._known, near, tested, self.seed)
        ]
        if not prompts:
            return {name: [] for name in names}
        given = self.answerer.answer(prompts, max_new_tokens=self.max_new_tokens, on_done=on_done)
        texts = [each.text for each in given]
        starts = range(0, len(texts), len(tested))
        return {
            name: texts[start : start + len(tested)]
            for name, start in zip(names, starts, strict=True)
        }


def _copied(name: str, known: Sequence[Shown], near: Sequence[Sequence[int]]) -> list[str]:
    if name == "nearest":
        return [known[places[0]].answer for places in near]
    [(usual, _)] = Counter(each.answer for each in known).most_common(1)
    return [usual] * len(near)


def _prompts(
    name: str,
    known: Sequence[Shown],
    near: Sequence[Sequence[int]],
    tested: Sequence[Chat],
    seed: int,
) -> Iterator[Chat]:
    fixed = random.Random(seed).sample(range(len(known)), min(NUM_SHOTS, len(known)))
    for places, chat in zip(near, tested, strict=True):
        # the most similar one last, beside the question: models lean on what they read last
        chosen = [known[place] for place in (fixed if name == "few_shot" else reversed(places))]
        shown = list(_within(chosen))
        yield _with_answers(shown, chat) if name == "retrieval" else _with_shots(shown, chat)


def _within(shown: Sequence[Shown]) -> Iterator[Shown]:
    room = MOST_SHOWN_CHARACTERS
    for each in shown:
        room -= len(each.question) + len(each.answer)
        if room >= 0:
            yield each


def _with_shots(shown: Sequence[Shown], chat: Chat) -> Chat:
    """The question with examples as turns before it, under the question's own system message."""
    system = [message for message in chat.messages if message.role == "system"]
    turns = [
        message
        for each in shown
        for message in each.chat.messages[: len(each.chat.prompt) + 1]
        if message.role != "system"
    ]
    rest = [message for message in chat.messages if message.role != "system"]
    return Chat((*system, *turns, *rest), chat.tools)


def _with_answers(shown: Sequence[Shown], chat: Chat) -> Chat:
    """The question with what was answered to similar ones, as retrieval would give it."""
    told = "\n\n".join(f"{each.question}\n-> {each.answer}" for each in shown)
    place = max(i for i, message in enumerate(chat.prompt) if message.role != "system")
    asked = chat.messages[place]
    text = f"What was answered to similar messages:\n\n{told}\n\nThe message:\n{asked.content}"
    changed = Message(asked.role, text)
    return Chat((*chat.messages[:place], changed, *chat.messages[place + 1 :]), chat.tools)


def _shown(chat: Chat) -> Shown:
    return Shown(chat, _question(chat), chat.answer.content)


def _question(chat: Chat) -> str:
    return "\n".join(message.content for message in chat.prompt if message.role != "system")
