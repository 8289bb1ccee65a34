"""Ask: the same held-out items, put to a model; the answers are kept word for word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from postgrad.core.interfaces import Answerer
from postgrad.core.records import Chat, Record
from postgrad.core.task import Answer

BITS_PER_BYTE = "bits_per_byte"


def ask(
    answerer: Answerer,
    items: Sequence[tuple[str, Record]],
    references: Sequence[str],
    *,
    max_new_tokens: int,
    on_read: Callable[[int], None] | None = None,
    on_done: Callable[[int], None] | None = None,
) -> list[Answer]:
    """Answers of one model, not yet marked but for the bits per byte of each reference.

    Args:
        answerer: base or tuned.
        items: id and record of each test item. Plain text has no question: only its likelihood
            is taken.
        references: the right answer of each item, as the model would write it.
        max_new_tokens: longer answers are cut.
        on_read: called with the number of references whose likelihood is taken so far.
        on_done: called with the number of answers so far.
    """
    records = [record for _, record in items]
    bits = answerer.bits_per_byte(records, on_done=on_read)
    chats = [record for record in records if isinstance(record, Chat)]
    generated = iter(
        answerer.answer(chats, max_new_tokens=max_new_tokens, on_done=on_done) if chats else ()
    )
    answers: list[Answer] = []
    for (name, record), reference, bit in zip(items, references, bits, strict=True):
        scores = {BITS_PER_BYTE: bit}
        if isinstance(record, Chat):
            given = next(generated)
            prompt = tuple(message.as_dict() for message in record.prompt)
            answers.append(Answer(name, prompt, reference, given.text, given.finish, scores))
        else:
            answers.append(Answer(name, (), reference, "", "stop", scores))
    return answers
