"""Tables, figures and documents from plain results."""
