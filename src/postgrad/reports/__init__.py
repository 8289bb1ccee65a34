"""Reports: the proof of one run, as `report.json`, `report.md` and one self-contained page.

Light: the schema is `core.report.Report`; nothing here loads a model or reads the network.
"""

from __future__ import annotations

from postgrad.reports.markdown import render_markdown
from postgrad.reports.page import render_html
from postgrad.reports.write import read_report, write_report

__all__ = ["read_report", "render_html", "render_markdown", "write_report"]
