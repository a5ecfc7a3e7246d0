"""What models have answered already: kept as it comes, so that a run that was killed asks only the rest."""
