"""Power analysis before anything is measured: accuracies, preferences, corpus metrics, ratings, repeated answers."""
