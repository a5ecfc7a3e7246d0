"""anchoreval: benchmark compression with honest error bars."""
