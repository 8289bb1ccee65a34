"""Events: the lines of `events.jsonl`, the only thing a running worker says.

Each line is a JSON object with `time` (UTC, ISO 8601), `kind`, and the fields named here:

    stage       name, title                     a part of the work begins
    plan        job, task, dataset, estimate    what is going to be done (see steps/plan.py)
    progress    stage, done, total, unit        how far that part is
    step        step, total_steps, loss, learning_rate, gradient_norm, tokens, supervised_tokens,
                tokens_per_second, seconds, epoch, rows (ids)
    validation  step, loss, best
    checkpoint  step, path
    sample      when (before|after), id, prompt, reference, answer, score
    text        text                            a piece of an answer, while it is written
    answer      text, finish                    a whole answer of a chat
    note        text                            something a person should know
    warning     code, text                      something a person should look at
    verdict     verdict, headline               the answer
    result      value                           what the step returns
    error       type, code, what, why, fix      why it ended; see errors.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    time: str = ""

    def __getitem__(self, key: str) -> Any:
        return self.fields[key]

    def line(self) -> str:
        """The event as one line of JSON, without a line end."""
        head = {"time": self.time or datetime.now(UTC).isoformat(), "kind": self.kind}
        return json.dumps(head | dict(self.fields), ensure_ascii=False)

    @classmethod
    def parse(cls, line: str) -> Event:
        """Read a line that `line` wrote."""
        fields = json.loads(line)
        time, kind = fields.pop("time"), fields.pop("kind")
        return cls(kind, fields, time)


Emit = Callable[[Event], None]
"""Where events go: the worker writes them to the run folder."""
