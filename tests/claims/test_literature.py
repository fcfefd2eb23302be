"""Sources name works, and every work is listed once."""

import re

import pytest

from ratetheory.claims import claims
from ratetheory.claims.literature import LITERATURE, cited


@pytest.mark.parametrize("slug", list(claims))
def test_every_source_is_new_or_names_a_listed_work(slug):
    source = claims[slug].source
    assert "new" in source or cited(source)
    for number in re.findall(r"arXiv:[0-9]{4}[.][0-9]{5}", source):
        assert any(number in reference.where for reference in cited(source)), number
    years = re.findall(r"[A-Z][\w-]+(?: et al[.])? (?:19|20)[0-9]{2}", source)
    assert all(any(year in reference.label for reference in cited(source)) for year in years), years


def test_keys_and_labels_are_unique():
    assert len({r.key for r in LITERATURE}) == len({r.label for r in LITERATURE}) == len(LITERATURE)
