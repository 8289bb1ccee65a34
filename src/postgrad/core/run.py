"""RunFolder: the places inside one run's folder. Names only; nothing is read or written here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What happened, as a folder. See ARCHITECTURE.md for what each file holds."""

    path: Path

    @property
    def job(self) -> Path:
        return self.path / "job.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def request(self) -> Path:
        return self.path / "request.json"

    @property
    def data(self) -> Path:
        return self.path / "data"

    def split(self, name: str) -> Path:
        """`name` is train, valid, test or rejected."""
        return self.data / f"{name}.jsonl"

    @property
    def data_report(self) -> Path:
        return self.data / "report.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def adapter(self) -> Path:
        return self.path / "adapter"

    @property
    def weights(self) -> Path:
        return self.path / "weights"

    def answers(self, who: str) -> Path:
        """`who` is base, tuned, or seed-N: trained again with another seed."""
        return self.path / "answers" / f"{who}.jsonl"

    def probe(self, name: str, who: str) -> Path:
        """Readings of a probe; `who` is base or tuned."""
        return self.path / "probes" / f"{name}.{who}.jsonl"

    @property
    def read_before(self) -> Path:
        """Which readings of the base an earlier run took, and when."""
        return self.path / "probes" / "read_before.json"

    @property
    def curve(self) -> Path:
        """Points of the learning curve, and trainings on parts of the rows while they go on."""
        return self.path / "curve"

    @property
    def seeds(self) -> Path:
        """Trainings with other seeds, while they go on."""
        return self.path / "seeds"

    @property
    def judgements(self) -> Path:
        """What language models said of both answers; a file for each judge."""
        return self.path / "judgements"

    @property
    def review(self) -> Path:
        """A person's marks."""
        return self.path / "review.jsonl"

    @property
    def suites(self) -> Path:
        return self.path / "suites"

    def suite_task(self, name: str) -> Path:
        """What a task of a public suite is; `name` is SUITE.TASK."""
        return self.suites / f"{name}.json"

    def suite_readings(self, name: str, who: str) -> Path:
        """Readings of a task of a public suite; `who` is base or tuned."""
        return self.suites / f"{name}.{who}.jsonl"

    def suite_answers(self, who: str) -> Path:
        """What `who` (base or tuned) has answered public suites so far, while they are asked."""
        return self.suites / f"answers.{who}.jsonl"

    @property
    def report_json(self) -> Path:
        return self.path / "report.json"

    @property
    def report_markdown(self) -> Path:
        return self.path / "report.md"

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"
