"""Public suites: one file a harness, each of the shape `core.interfaces.Suite`.

A suite asks a model through `core.interfaces.TextAnswerer` and gives what its harness noted of each
item; what that says of base and tuned is found in `evals.suite_reports`.
"""
