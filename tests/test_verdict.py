import pytest

from ratetheory.verdict import STATUSES, Verdict, exit_code, overall


def verdict(witness, status):
    return Verdict("some-claim", witness, status)


def test_surviving_an_attack_never_promotes():
    assert (
        overall([verdict("derivation", "undecided"), verdict("attack", "survived"), verdict("formal", "absent")]) == "undecided"
    )
    assert overall([verdict("attack", "survived")]) == "undecided"


def test_one_refutation_outweighs_every_proof():
    proofs = [verdict("derivation", "proved"), verdict("formal", "proved")]
    assert overall(proofs) == "proved"
    assert overall([*proofs, verdict("attack", "refuted")]) == "refuted"
    assert overall([*proofs, verdict("observation", "violated")]) == "refuted"


def test_an_unfinished_attack_is_not_success():
    assert overall([verdict("derivation", "undecided"), verdict("attack", "undecided")]) == "undecided"
    assert exit_code(["undecided"]) == 3


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["proved", "held"], 0),
        (["held", "not applicable"], 0),
        (["proved", "refuted", "undecided"], 1),
        (["held", "violated"], 1),
        (["proved", "undecided"], 3),
        (["held", "not resolvable"], 3),
        (["survived"], 3),
        (["failed"], 1),
        (["not applicable"], 3),
        ([], 3),
    ],
)
def test_exit_codes(statuses, code):
    assert exit_code(statuses) == code


def test_no_word_is_accepted_from_the_wrong_witness():
    with pytest.raises(ValueError, match="status: 'held'"):
        verdict("derivation", "held")
    for witness, words in STATUSES.items():
        for word in words:
            assert verdict(witness, word).as_dict()["status"] == word
