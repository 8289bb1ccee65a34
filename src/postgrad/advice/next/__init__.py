"""What to try next: one rule a file. A rule looks at the evidence of a run and suggests, or not."""
