"""Figures and tables of papers: the width of a column, words large enough in print, a caption that says what it is.

One file a kind of figure; `kinds.KINDS` lists them with what each needs of a finished run. `style.Sheet` is what they
draw on, `part.Part` what they read, `album` what `job=figures` writes.
"""
