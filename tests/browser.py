"""The browser that tests of pages look into: Chromium as the system has it, driven by playwright.

It is found on PATH, or by RUNNER_TEST_CHROMIUM. One that is not there is a visible skip on a user's machine, and a
failure in CI.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    Scheme = Literal["light", "dark"]

URL = "http://report.test/report.html"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Opened(NamedTuple):
    """A page in the browser, and what happened in it that nobody asked for."""

    page: Page
    requests: list[str]
    complaints: list[str]

    def violations(self) -> list[str]:
        """Return what axe finds against the accessibility of the page, and what it can't decide about colours."""
        self.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations', 'incomplete']})")
        undecided = [each for each in found["incomplete"] if each["id"] == "color-contrast"]
        told = [
            f"{each['id']}: {node['html']} {node['failureSummary']}"
            for each in (*found["violations"], *undecided)
            for node in each["nodes"]
        ]
        return [line for line in told if "only non-text characters" not in line]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; a skip where there is none, a failure in CI."""
    path = os.environ.get("RUNNER_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: `apt-get install chromium`, or set RUNNER_TEST_CHROMIUM")
        pytest.skip("no Chromium here: install it, or set RUNNER_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        # a sandbox can't be had by root in a container; nothing but our own pages is opened
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, html: str, *, width: int = 1280, scheme: Scheme = "light") -> Iterator[Opened]:
    """Yield a page with this HTML, as a server would send it; whatever else it asks for is not there."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    told = Opened(page, [], [])

    def answer(route: Route) -> None:
        if route.request.url == URL:
            route.fulfill(body=html, content_type="text/html")
        else:
            route.abort()

    page.route("**/*", answer)
    page.on("request", lambda request: told.requests.append(request.url))
    page.on("console", lambda message: told.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: told.complaints.append(f"{error}"))
    page.on("dialog", lambda dialog: told.complaints.append(f"dialog: {dialog.message}"))
    try:
        page.goto(URL)
        yield told
    finally:
        context.close()
