"""The documentation: its blocks run as they stand, the site builds without a warning, its links and anchors hold."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import anchoreval

from ..commands import RUN, Block, blocks
from ..conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = {page.relative_to(DOCS).with_suffix("").as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
CODE = [name for name, text in TEXTS.items() if any(one.reason is None and one.language in RUN for one in blocks(text))]
RUNNING = [name for name in CODE if any(blocks(TEXTS[name], language) for language in ("sh", "python"))]
BUILDS = pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="the extra docs is not installed")


def all_blocks() -> Iterator[tuple[str, Block]]:
    for name, text in TEXTS.items():
        for block in blocks(text):
            yield name, block


def install_packages(page: str, folder: Path) -> list[Path]:
    """Folders of the packages that a page writes, each beside what pip would have noted of it."""
    found = []
    for block in blocks(page, "toml"):
        place = folder / Path(str(block.title)).parent
        project = tomllib.loads(block.text)["project"]
        noted = place / f"{project['name']}-{project['version']}.dist-info"
        noted.mkdir(parents=True)
        about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (noted / "METADATA").write_text(about, encoding="utf-8")
        groups = project["entry-points"].items()
        listed = [f"[{group}]\n" + "\n".join(f"{n} = {v}" for n, v in entries.items()) for group, entries in groups]
        (noted / "entry_points.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
        found.append(place)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNING)
def test_the_blocks_of_a_page_run_to_the_letter(name: str, tmp_path: Path) -> None:
    packages = install_packages(TEXTS[name], tmp_path)
    places = [str(place) for place in (*packages, ROOT)] + os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
    command = [sys.executable, "-m", "tests.commands", str(DOCS / f"{name}.md")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def test_every_block_is_run_or_says_why_not() -> None:
    for name, block in all_blocks():
        assert block.reason is None or block.reason.startswith("not run"), (name, block.reason)
        assert block.language in (*RUN, "text"), (name, block.language)
    for name, text in TEXTS.items():
        fences = re.findall(r"^[ \t]*```", text, flags=re.MULTILINE)
        assert len(fences) == 2 * len(blocks(text)), f"{name}: a fence that the tests would overlook"


def test_yaml_blocks_are_yaml() -> None:
    for name, block in all_blocks():
        if block.language == "yaml":
            quoted = re.fullmatch(r'--8<-- "([^":]+)"\n', block.text)
            text = (ROOT / quoted[1]).read_text(encoding="utf-8") if quoted else block.text
            assert yaml.safe_load(text), name


def test_every_job_method_and_public_name_has_its_place() -> None:
    everything = "\n".join(TEXTS.values())
    for job in (ROOT / "conf" / "job").glob("*.yaml"):
        assert f"job={job.stem}" in everything, job.stem
    methods = TEXTS["methods/index"] + TEXTS["methods/policies"]
    for method in (ROOT / "conf").glob("*/*.yaml"):
        if method.parent.name in ("selector", "estimator", "policy"):
            assert f"`{method.stem}`" in methods, method
    listed = re.findall(r"^::: anchoreval\.(\w+)$", TEXTS["reference/api"] + TEXTS["reference/plugins"], re.MULTILINE)
    assert sorted(listed) == sorted(anchoreval.__all__)


def test_gaps_quoted_in_the_questions_are_those_measured() -> None:
    measured = (ROOT / "results" / "published" / "power_claims.md").read_text(encoding="utf-8")
    for k in (20, 50, 100):
        gaps = [
            re.search(rf"^\| {name} \| optimal \| {k} \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", measured, re.MULTILINE)
            for name in ("arc", "musr", "ifeval")
        ]
        row = " | ".join(gap[1] for gap in gaps if gap)
        assert f"| k = {k} | {row} |" in TEXTS["faq"]


class Links(HTMLParser):
    """Anchors of a page, and what it links to or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := values.get(key))}
        self.targets += [(tag, value) for key in ("href", "src") if (value := values.get(key))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Links]:
    """The pages of the built site."""
    folder = tmp_path_factory.mktemp("site").resolve()
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return {page: Links(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))}


@BUILDS
def test_every_link_and_anchor_of_the_site_holds(site: dict[Path, Links]) -> None:
    for page, links in site.items():
        for _, target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or page.name == "404.html":
                continue
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            there = there / "index.html" if there.is_dir() else there
            assert there.is_file(), f"{page.name}: {target}"
            if parts.fragment and there.suffix == ".html":
                assert unquote(parts.fragment) in site[there].anchors | {"__skip"}, f"{page.name}: {target}"


@BUILDS
def test_the_site_loads_nothing_from_elsewhere(site: dict[Path, Links]) -> None:
    for page, links in site.items():
        loaded = [target for tag, target in links.targets if tag in ("script", "link", "img", "iframe")]
        assert not [target for target in loaded if urlsplit(target).netloc], page.name


@BUILDS
def test_search_works_from_a_file_and_asks_no_network(site: dict[Path, Links]) -> None:
    driving = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no browser: install Debian's package chromium")
    (home,) = (page for page in site if page.name == "index.html" and (page.parent / "faq.html").is_file())
    with driving.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(home.as_uri())
        page.click("input.md-search__input")
        page.wait_for_selector(".md-search-result__meta:text('Type to start')", timeout=60_000)  # the index is loaded
        page.keyboard.type("redundancy")
        page.wait_for_selector(".md-search-result__item", timeout=60_000)
        found = page.inner_text(".md-search-result__list")
        browser.close()
    assert "optimal" in found
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]


@BUILDS
def test_every_published_result_is_a_page(site: dict[Path, Links]) -> None:
    names = {page.stem for page in site if page.parent.name == "results"}
    assert {path.stem for path in (ROOT / "results" / "published").glob("*.md")} <= names
