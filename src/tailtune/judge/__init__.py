"""Pure judgement: recordings in, numbers, verdicts and findings out."""
