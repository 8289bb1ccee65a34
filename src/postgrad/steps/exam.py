"""The exam: the test rows put to the base and to the tuned model, answers stored and marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from postgrad.core.events import Event
from postgrad.core.interfaces import Answerer, StepContext
from postgrad.core.records import Chat, Record, Text
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.data.files import Example
from postgrad.data.render import Template
from postgrad.evals.ask import ask
from postgrad.evals.compare import score_answers
from postgrad.steps.prepare import Prepared
from postgrad.steps.stop import stop_if_asked
from postgrad.training.checkpoint import flush


@dataclass(frozen=True)
class Exam:
    """One sitting: the prepared test rows and a model that answers."""

    context: StepContext
    prepared: Prepared
    answerer: Answerer

    @property
    def examples(self) -> Sequence[Example]:
        """The test rows that are asked, in the order of the data."""
        return self.prepared.dataset.test[: self.prepared.job.evaluation.limit]

    def ask(self, run: RunFolder, who: str) -> list[Answer]:
        """Ask every test row, mark the answers and store them.

        Raises:
            Interrupted: the step was asked to stop; nothing is stored.
        """
        stop_if_asked(self.context)
        examples, template = self.examples, self.prepared.base.template
        asked = "texts" if self.prepared.task.kind == "text" else "questions"
        title = f"Asking the {who} model {len(examples)} held-out {asked}"
        self.context.emit(Event("stage", {"name": f"ask_{who}", "title": title}))

        def tell(stage: str, unit: str) -> Callable[[int], None]:
            def on_done(done: int) -> None:
                fields = {"stage": stage, "done": done, "total": len(examples), "unit": unit}
                self.context.emit(Event("progress", fields))
                stop_if_asked(self.context)

            return on_done

        answers = ask(
            self.answerer,
            [(example.id, example.record) for example in examples],
            [reference_of(example.record, template) for example in examples],
            max_new_tokens=self.prepared.job.evaluation.max_new_tokens or 1,
            on_read=tell("How likely it finds what was wanted", "texts"),
            on_done=tell(title, "answers"),
        )
        marked = score_answers(answers, self.prepared.task)
        store_answers(run, who, marked)
        return marked

    def show_samples(self, when: str, answers: Sequence[Answer], count: int) -> None:
        """Emit a few questions with their answers; the same ones before and after."""
        if self.prepared.task.kind == "text":
            return
        for answer in answers[:count]:
            fields = {
                "when": when,
                "id": answer.id,
                "prompt": answer.question,
                "reference": answer.reference,
                "answer": answer.answer,
                "score": answer.scores.get(self.prepared.task.primary),
            }
            self.context.emit(Event("sample", fields))


def reference_of(record: Record, template: Template) -> str:
    """The right answer to a chat; of a plain text, the text itself."""
    if isinstance(record, Text):
        return record.text
    assert isinstance(record, Chat)
    return template.reference(record)


def store_answers(run: RunFolder, who: str, answers: Sequence[Answer]) -> None:
    """Write the answers of `who`, whole or not at all."""
    path = run.answers(who)
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    lines = [json.dumps(answer.as_dict(), ensure_ascii=False) + "\n" for answer in answers]
    unfinished.write_text("".join(lines), encoding="utf-8")
    flush(unfinished)
    unfinished.rename(path)
