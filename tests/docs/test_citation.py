"""CITATION.cff by the rules of the Citation File Format 1.2.0, and CONTRIBUTING.md's links."""

from __future__ import annotations

import re
import tomllib

import yaml

from ..conftest import ROOT

REQUIRED = {"cff-version", "message", "title", "authors"}
ALLOWED = REQUIRED | {
    "abstract",
    "commit",
    "contact",
    "date-released",
    "doi",
    "identifiers",
    "keywords",
    "license",
    "license-url",
    "preferred-citation",
    "references",
    "repository",
    "repository-artifact",
    "repository-code",
    "type",
    "url",
    "version",
}
"""Keys of the schema 1.2.0; it allows no others."""


def test_the_citation_file_is_valid_and_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(citation) >= REQUIRED
    assert set(citation) <= ALLOWED
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert citation["authors"]
    assert all(set(author) & {"name", "family-names", "given-names"} for author in citation["authors"])
    assert len(set(citation["keywords"])) == len(citation["keywords"])
    assert (str(citation["version"]), citation["license"]) == (project["version"], project["license"])


def test_links_of_contributing_hold() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).is_file(), target
