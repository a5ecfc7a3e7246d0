"""Studies behind `results/published`: one command each, for the tables that the documentation quotes."""
