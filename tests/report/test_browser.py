"""The report in a browser: figures shown, nothing said on the console, nothing asked from anywhere."""

import shutil

import pytest

from ratetheory.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_report_opens_offline(tmp_path, make, with_bound, verifications, hostile):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    comparisons = [with_bound(make(rate=0.5)), with_bound(make(rate=5.0, names={"conv1": hostile}))]
    path = write_report(tmp_path / "report.html", comparisons, verifications)
    said, asked = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 500, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        widths = page.eval_on_selector_all("img", "images => images.map(image => image.complete && image.naturalWidth)")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        shown = page.evaluate("document.body.innerText")
        browser.close()
    assert said == []
    assert path.as_uri() in asked
    assert all(url.startswith(("data:", path.as_uri())) for url in asked)
    assert len(widths) == 8
    assert all(width > 0 for width in widths)
    assert overflow <= 0
    assert hostile in shown
