"""Studies behind `results/published`: each is run by one command and writes the tables that the documentation quotes."""
