"""The same life with the library: six lines."""

import sys

import postgrad

data = sys.argv[1] if len(sys.argv) > 1 else "src/postgrad/bundled/pizzeria/rows.jsonl"
print(postgrad.plan(data)["power"])
run = postgrad.train(data)
print(run.report.headline)
print(f"Forward this: {run.folder / 'report.html'}")
