"""The page in a real browser: it asks nobody for anything, everybody can use it, it fits the screen and the paper."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.app import execute
from runner.report.html import render_results
from runner.values.result import Status
from tests.browser import URL, chromium, opened
from tests.results import EVERY_STATUS, FULL, HOSTILE, REVIEW, SOURCES, UNDO, hostile, result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser import Scheme

JOBS = Path(__file__).parent.parent / "jobs"
LOOKS = tuple(product((320, 1280), ("light", "dark")))
SEVERAL = (
    replace(EVERY_STATUS[Status.REFUSED], tally=FULL, review=REVIEW),
    EVERY_STATUS[Status.INVALID],
    EVERY_STATUS[Status.UNKNOWN],
    UNDO,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make the pages: the demo's fall job by the command line, every status, every hostile text, large numbers."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(JOBS, folder / "jobs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("RUNNER_DATABASE", "sqlite:///district.db")
        assert execute(["demo"]) == 0
        run = ["run", "jobs/fall.yaml", "--dry-run", "--as-of", "2026-10-01", "--format", "html"]
        assert execute([*run, "--output", "fall.html"]) == 0
    told = [hostile(text) for text in HOSTILE.values()]
    return {
        "fall": (folder / "fall.html").read_text("utf-8"),
        "several": render_results(SEVERAL, [SOURCES] * len(SEVERAL)),
        "hostile": render_results([each for each, _ in told], [each for _, each in told]),
    }


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [*(("fall", *look) for look in LOOKS), ("several", 320, "light"), ("several", 1280, "dark")],
)
def test_everybody_can_use_it(browser: Browser, pages: dict[str, str], name: str, width: int, scheme: Scheme) -> None:
    with opened(browser, pages[name], width=width, scheme=scheme) as told:
        told.page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true })")
        assert told.violations() == []


@pytest.mark.parametrize("name", ["fall", "several", "hostile"])
def test_it_asks_for_nothing_and_is_no_wider_than_the_screen(
    browser: Browser, pages: dict[str, str], name: str
) -> None:
    with opened(browser, pages[name], width=320) as told:
        told.page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true })")
        assert told.page.evaluate("document.documentElement.scrollWidth") == 320
        assert told.requests == [URL]
        assert told.complaints == []


def test_nothing_of_others_is_run(browser: Browser, pages: dict[str, str]) -> None:
    with opened(browser, pages["hostile"]) as told:
        assert told.page.locator("script, img, iframe, b, textarea, [onerror], [onmouseover]").count() == 0
        assert told.page.evaluate("document.querySelectorAll('[style]').length") == 0
        assert told.page.title().endswith("Contact preferences")
        assert "<script>alert(1)</script>" in told.page.inner_text("main")
        assert told.complaints == []


def test_what_is_folded_opens_by_the_keyboard(browser: Browser, pages: dict[str, str]) -> None:
    with opened(browser, pages["fall"]) as told:
        sql = told.page.locator(".sql details")
        assert not told.page.get_by_text("INSERT INTO runner_change").first.is_visible()
        for _ in range(20):
            told.page.keyboard.press("Tab")
            if told.page.evaluate("document.activeElement.closest('.sql') !== null"):
                break
        told.page.keyboard.press("Enter")
        assert sql.evaluate("element => element.open")
        assert told.page.get_by_text("INSERT INTO runner_change").first.is_visible()
        told.page.keyboard.press("Space")
        assert not sql.evaluate("element => element.open")


def test_a_problem_leads_to_its_line(browser: Browser) -> None:
    with opened(browser, render_results([EVERY_STATUS[Status.INVALID]], [SOURCES])) as told:
        told.page.get_by_role("link", name="jobs/fall.yaml:3:1").press("Enter")
        line = told.page.locator("li:target")
        assert line.get_attribute("value") == "3"
        assert line.locator("code").first.inner_text() == "mode: students"
        assert "gradez means nothing here." in line.inner_text()
        assert told.complaints == []


def test_tables_are_tables_on_a_narrow_screen_too(browser: Browser, pages: dict[str, str]) -> None:
    for width in (320, 1280):
        with opened(browser, pages["fall"], width=width) as told:
            matrix = told.page.get_by_role("table", name="How many preferences are set anew")
            assert matrix.get_by_role("row").count() == 9
            assert matrix.get_by_role("columnheader").count() == 7
            assert matrix.get_by_role("rowheader").count() == 8
            assert matrix.get_by_role("cell").count() == 48
            row = matrix.get_by_role("row").filter(has=told.page.get_by_role("rowheader", name="Attendance"))
            assert row.get_by_role("cell").nth(0).inner_text().split()[-2:] == ["236", "On"]


def test_it_has_landmarks_and_headings(browser: Browser, pages: dict[str, str]) -> None:
    with opened(browser, pages["several"]) as told:
        assert told.page.get_by_role("main").count() == 1
        assert told.page.get_by_role("banner").count() == 1
        assert told.page.get_by_role("navigation", name="Jobs of this report").count() == 1
        assert told.page.get_by_role("article").count() == len(SEVERAL)
        assert told.page.get_by_role("heading", level=1).count() == 1
        assert told.page.get_by_role("article", name="Undo of run 3 (fall-attendance)").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_demos_job_is_printed_on_one_page_of_a4(browser: Browser, pages: dict[str, str], scheme: Scheme) -> None:
    with opened(browser, pages["fall"], scheme=scheme) as told:
        paper = told.page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", paper)
        assert box
        assert (round(float(box[1])), round(float(box[2]))) == (595, 842)
        told.page.emulate_media(media="print")
        assert told.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert told.page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 38, 48)"


def test_each_job_is_printed_on_a_page_of_its_own(browser: Browser) -> None:
    with opened(browser, render_results([result(), result(name="other")])) as told:
        assert len(re.findall(rb"/Type\s*/Page\b", told.page.pdf(prefer_css_page_size=True))) == 2
