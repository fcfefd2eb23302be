"""Schedules in CSV: read exactly, refused with the line."""

from fractions import Fraction as F

import pytest

from ratetheory.observation.schedule import load_schedule


def written(directory, text):
    (directory / "s.csv").write_text(text)
    return directory / "s.csv"


def test_numbers_are_read_exactly_and_windows_are_cut(tmp_path):
    schedule = load_schedule(written(tmp_path, "step,learning_rate,weight_decay\n7,0.1,0\n8,1/3,5e-4\n9,0,1e-9\n"))
    assert schedule.first == 7
    assert schedule.window(8, 2) == ((F(1, 3), F(0)), (F(5, 10_000), F(1, 10**9)))
    plain = load_schedule(written(tmp_path, "learning_rate,step\n.5,0\n"))
    assert plain.decays is None
    assert plain.window(0, 1) == ((F(1, 2),), (F(0),))
    for start, steps in [(6, 2), (9, 2), (10, 1)]:
        with pytest.raises(ValueError, match="it has 7 to 9"):
            schedule.window(start, steps)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column step is missing"),
        ("step,rate\n0,1\n", "column learning_rate is missing"),
        ("step,learning_rate\n", "no steps"),
        ("step,learning_rate\n0,nan\n", "line 2: learning_rate: 'nan' is not a number"),
        ("step,learning_rate\n0,inf\n", "'inf' is not a number"),
        ("step,learning_rate\n0,-0.1\n", "line 2: learning_rate: '-0.1' is not allowed"),
        ("step,learning_rate\n0,1,2\n", "line 2: more fields than the 2 columns"),
        ("step,learning_rate\n0,\n", "line 2: learning_rate: '' is not a number"),
        ("step,learning_rate\n0\n", "line 2: learning_rate: '' is not a number"),
        ("step,learning_rate\n0,1\n2,1\n", "step 0 is followed by 2"),
        ("step,learning_rate\n0,1\n0,1\n", "step 0 is followed by 0"),
        ("step,learning_rate\n1.5,1\n", "step '1.5' is none"),
        ("step,learning_rate\n-1,1\n", "step '-1' is none"),
        ("step,learning_rate,weight_decay\n0,1,x\n", "weight_decay: 'x' is not a number"),
        ("step,learning_rate\n0,1e9999\n", "exponent"),
    ],
)
def test_bad_schedules_are_refused(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load_schedule(written(tmp_path, text))


def test_no_file_and_no_text_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no regular file"):
        load_schedule(tmp_path)
    (tmp_path / "s.csv").write_bytes(b"step,learning_rate\n\xff\xfe\n")
    with pytest.raises(ValueError, match="no readable CSV"):
        load_schedule(tmp_path / "s.csv")
