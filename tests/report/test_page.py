"""The page: self-contained, escaped, complete, the same every time, and refused for bad paths."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ratetheory.observation import load_csv
from ratetheory.observation.compare import compare
from ratetheory.report import write_report
from ratetheory.report.page import rate_groups


def written(path: Path, *args, **options) -> str:
    return write_report(path / "report.html", *args, **options).read_text()


def images(page) -> list[bytes]:
    found = [attributes["src"] for tag, attributes in page.elements if tag == "img"]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found)
    return [base64.b64decode(source.partition(",")[2]) for source in found]


@pytest.fixture(scope="module")
def full(make, with_bound, verifications, hostile):
    """Two runs at different rates, one of them with hostile names, and three verifications."""
    runs = [make(rate=0.5), make(rate=5.0, names={"conv1": hostile})]
    return [with_bound(run) for run in runs], verifications


@pytest.fixture(scope="module")
def html(tmp_path_factory, full) -> str:
    """The page of the full report."""
    return written(tmp_path_factory.mktemp("report"), *full)


def test_page_needs_nothing_else_and_runs_nothing(html, read_page):
    page = read_page(html)
    assert page.open == []
    assert not {"script", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "srcset", "action"):
            assert re.match(r"data:|#|$", attributes.get(name, "")), attributes
    assert not re.search(r"@import|url\(", html)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_every_figure_is_there_and_not_empty(html, read_page):
    page = read_page(html)
    found = images(page)
    assert len(found) == 2 + 2 * 3
    for svg in found:
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        assert len([e for e in root.iter() if e.tag.endswith("path")]) > 20
        assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject", "image"))]
        links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
        assert all(link.startswith("#") for link in links)
    assert all(attributes["alt"] for tag, attributes in page.elements if tag == "img")


def test_hostile_names_are_text(tmp_path, make, with_bound, verifications, hostile, read_page):
    trace = make(names={"conv1": hostile, "conv2": "$x_{1}$ --><script>"}, specification={"network": hostile})
    page = read_page(written(tmp_path, [with_bound(trace)], verifications, title=hostile))
    assert hostile in page.text
    assert f"{hostile}[0]" in page.text
    assert all(attributes["src"] != "x" for tag, attributes in page.elements if tag == "img")
    assert not [tag for tag, _ in page.elements if tag == "script"]
    assert not [e for svg in images(page) for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("script")]


def test_figures_are_written_and_the_same_input_gives_the_same_bytes(tmp_path, make, with_bound, hostile):
    written_files = []
    for name in ("a", "b"):
        directory = tmp_path / name / "figures"
        directory.parent.mkdir()
        written(tmp_path / name, [with_bound(make(steps=5, specification={"network": hostile}))], figures=directory)
        written_files.append({p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*")})
    assert written_files[0] == written_files[1]
    figures = {path.name: content for path, content in written_files[0].items() if path.suffix != ".html"}
    assert len(figures) == 2 * (1 + 3)
    assert all(re.fullmatch(r"[a-z0-9-]+\.(png|pdf)", name) for name in figures)
    for name, content in figures.items():
        assert content.startswith(b"\x89PNG" if name.endswith("png") else b"%PDF")
        assert len(content) > 5000


def test_page_names_verdicts_reasons_and_the_label_of_the_bound(html, full, read_page):
    assert {c.apriori.label for c in full[0]} == {"estimated", "vacuous"}
    text = read_page(html).text
    for phrase in ("survived 1,234 instances, least slack 2e-15", "rate at step 7", "the budget ended", "attack: 3"):
        assert phrase in text
    assert "estimated : it says more than the trivial bound" in text
    assert "vacuous : after 40 steps it says no more than the trivial bound" in text
    shown = re.findall(r"(\w+) bound observed ratio", text)
    assert shown == ["estimated", "estimated"]


def test_page_without_runs_or_claims(tmp_path, read_page):
    page = read_page(written(tmp_path, []))
    assert "against no recorded training runs" in page.text
    assert "No claim was verified and no run compared." in page.text
    assert len(images(page)) == 1


def test_page_of_a_foreign_log(tmp_path, read_page):
    rows = ["step,block,squared_norm,squared_gradient,learning_rate"]
    rows += [f"{t},_a$b,{1 + t * 0.01},{0.1 / (1 + t)},0.1" for t in range(3)]
    (tmp_path / "log.csv").write_text("\n".join(rows))
    page = read_page(written(tmp_path, [compare(load_csv(tmp_path / "log.csv", "w"))]))
    assert "not known (scale_invariant)" in page.text
    assert "not recorded" in page.text
    assert len(images(page)) == 3


def test_runs_that_differ_in_the_rate_alone_stand_side_by_side(make):
    runs = [compare(make(steps=steps, rate=rate)) for steps, rate in ((30, 5.0), (40, 0.5), (40, 5.0))]
    other = compare(make(specification={"network": "other", "data": "none", "learning_rate": 0.1}))
    (group,) = rate_groups([*runs, other])
    assert group == [runs[1], runs[0]]
    assert rate_groups([runs[0], runs[2], other]) == []


def test_bad_paths_are_refused_in_one_line_and_nothing_is_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("kept")
    (tmp_path / "folder.html").mkdir()
    cases = [
        (tmp_path / "missing" / "report.html", None, "is no directory; allowed: a file in a directory that exists"),
        (tmp_path / "report.pdf", None, "does not end in .html; allowed"),
        (tmp_path / "folder.html", None, "is no regular file; allowed"),
        (tmp_path / "report.html", file, "is a file; allowed: a directory"),
        (tmp_path / "report.html", file / "figures", "cannot write"),
    ]
    for path, figures, expected in cases:
        with pytest.raises(ValueError, match=re.escape(expected)) as caught:
            write_report(path, [], figures=figures)
        assert "\n" not in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.html"]
    assert file.read_text() == "kept"
