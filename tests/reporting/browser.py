"""The system's Chromium, for the tests that need a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

REQUIRED = "SPARSEY_TRACE_BROWSER"
"""An environment variable: `required` where a missing browser is a failure, as in continuous integration."""

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; where there is none, the test is skipped, or fails where one is required."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"expected Chromium, as {REQUIRED}=required, found none on the path")
        pytest.skip(
            "there is no Chromium here: reports weren't looked at in a browser; apt-get install chromium"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_OPTIONS)
        yield browser
        browser.close()


class Visit:
    """A report, open in a browser and drawn, and all that it said and asked for.

    Attributes:
        page: of the browser.
        said: what it said on the console, and its errors.
        asked: the addresses that it asked for.
    """

    def __init__(self, browser: Browser, report: Path, *, width: int = 1280, scheme: str = "light") -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(report.as_uri(), timeout=120_000)
        self.page.wait_for_selector("html[data-drawn=all]", timeout=120_000)
