"""Files that fight their process, claims that hold of nothing, and limits: nothing comes out as proved that was not."""

import contextlib
import sys

import pytest

import ratetheory as rt
from ratetheory.own import verify as module
from ratetheory.own.data import from_data
from ratetheory.own.judge import attack_own, confirmed
from ratetheory.own.read import statement
from ratetheory.own.verify import BadFile, LimitMet, replay_file, verify_file
from tests.own.files import text, write


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "_READING_SECONDS", 3.0)
    monkeypatch.setattr(module, "_STARTING_SECONDS", 3.0)


def read(path):
    """The claim that the process of the file states, without the one that judges it."""
    _, checked, _ = module._read(path, 3.0, module.MEMORY)
    return checked.claim


def refused(directory, content, reason):
    with pytest.raises(BadFile, match=reason) as caught:
        verify_file(write(directory, content))
    assert "\n" not in str(caught.value)
    assert str(directory) in str(caught.value)


def test_the_public_name():
    assert rt.verify_file is verify_file


def test_a_true_claim_is_proved_and_says_how_it_was_read(tmp_path):
    verification = verify_file(write(tmp_path, "print('hello')\n" + text("s.x * 2 / 2")), budget=20)
    assert (verification.claim, verification.status, verification.warnings) == ("c", "proved", ())
    assert verification.statements == {"a": "x <= x + 1"}
    assert verification.printed == "hello"
    assert [(v.witness, v.status) for v in verification.verdicts] == [
        ("derivation", "proved"),
        ("attack", "survived"),
        ("formal", "absent"),
    ]


def test_a_formula_that_changes_its_mind_is_judged_as_it_was_read(tmp_path):
    content = "calls = []\n" + text("(calls.append(1) or len(calls)) * s.x", "1 * s.x")
    verification = verify_file(write(tmp_path, content), budget=20)
    assert verification.statements == {"a": "x <= x"}
    assert verification.status == "proved"


def test_changing_the_checker_changes_nothing(tmp_path):
    content = """
import ratetheory.attack.search, ratetheory.symbolic.algebra, ratetheory.own.judge, ratetheory.verdict
ratetheory.symbolic.algebra.is_nonnegative = lambda expression: True
ratetheory.attack.search.attack = ratetheory.own.judge.attack_own = lambda *a, **k: None
ratetheory.verdict.overall = lambda verdicts: "proved"
""" + text("s.x + 1", "s.x")
    assert verify_file(write(tmp_path, content), budget=20).status == "refuted"


VACUOUS = {
    "against the range": 'hypotheses=[assume("h", lambda m, s: s.x, "<=", lambda m, s: m.number(-1))]',
    "against each other": """hypotheses=[
        assume("h", lambda m, s: s.x, "<", lambda m, s: m.number(1)),
        assume("k", lambda m, s: m.number(1), "<", lambda m, s: s.x)]""",
    "an equation that no float meets": 'hypotheses=[assume("h", lambda m, s: s.x**2, "==", lambda m, s: m.number(2))]',
}


@pytest.mark.parametrize("name", VACUOUS)
def test_a_claim_about_nothing_is_never_met(name, tmp_path):
    path = write(tmp_path, text("s.x + 1", "s.x", more=VACUOUS[name]))
    verdict = attack_own(from_data(statement(str(path))), seed=0, budget=10)
    assert verdict.status == "undecided"
    assert "no instance applies" in verdict.evidence["reason"]


def test_a_derivation_from_a_contradiction_is_no_proof(tmp_path):
    verification = verify_file(write(tmp_path, text("s.x + 1", "s.x", more=VACUOUS["against each other"])), budget=10)
    assert verification.witness("derivation").status == "proved"
    assert verification.status == "undecided"
    assert "contradict" in verification.warnings[0]


def test_a_step_that_asserts_its_goal_proves_nothing(tmp_path):
    step = 'Step("a", lambda m, s: s.x, "<=", lambda m, s: m.cos(s.x) + s.x, by="combine", using=[(1, "a")])'
    verification = verify_file(write(tmp_path, text("s.x", "m.cos(s.x) + s.x", more=f"steps=[{step}]")), budget=10)
    assert verification.status == "refuted"
    near = text("s.x", "m.cos(s.x) + s.x", more=f"steps=[{step}]", letters='[Letter("x", "", at_least="0", at_most="1")]')
    verification = verify_file(write(tmp_path, near), budget=10)
    assert verification.status == "undecided"
    assert "no step before this one" in verification.witness("derivation").evidence["conclusions"]["a"]["reason"]


# --- the process of the file ------------------------------------------------------------------------------------------------

FAKE = """
import os
for descriptor in range(3, 30):
    try:
        os.write(descriptor, b'{"verdict": {"witness": "derivation", "status": "proved"}}\\n')
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    "end", ["os._exit(0)", "os.kill(os.getpid(), 11)", "os.closerange(3, 100)", "os.execv('/bin/true', ['true'])"]
)
def test_a_process_that_ends_or_falls_silent_states_nothing(end, tmp_path):
    refused(tmp_path, f"import os\n{end}\n{text()}", "before its claim could be read")


def test_a_verdict_of_the_file_s_own_counts_for_nothing(tmp_path):
    refused(tmp_path, FAKE + "os._exit(0)\n", "before its claim could be read")
    refused(tmp_path, FAKE + text(), "before its claim could be read")


def test_copies_of_the_process_do_not_answer(tmp_path):
    loop = "import os\nif os.fork() == 0:\n    while True:\n        pass\nos.fork()\n"
    assert verify_file(write(tmp_path, loop + text()), budget=20).status == "proved"


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="the tree of processes is read from /proc")
@pytest.mark.parametrize("end", ["", "while True: pass\n", "os._exit(3)\n", "os.kill(os.getpid(), 9)\n"])
def test_what_has_left_the_session_ends_too(end, tmp_path):
    leave = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({str(tmp_path / "left")!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists({str(tmp_path / "left")!r}):
    time.sleep(0.01)
time.sleep(0.05)
"""
    with contextlib.suppress(BadFile, LimitMet):  # where it ends before its claim
        read(write(tmp_path, leave + end + text()))
    assert not is_running(int((tmp_path / "left").read_text()))


LATE = {
    "a thread": "import threading, time\nthreading.Thread(target=lambda: time.sleep(300)).start()\n",
    "an object": "class D:\n    def __del__(self):\n        while True: pass\nX = D()\n",
    "an exit": "import atexit, time\natexit.register(lambda: time.sleep(300))\n",
}


@pytest.mark.parametrize("name", LATE)
def test_what_goes_on_after_the_claim_is_not_waited_for(name, tmp_path):
    assert read(write(tmp_path, LATE[name] + text())).slug == "c"


def test_an_endless_file_is_undecided(tmp_path, quick):
    verification = verify_file(write(tmp_path, "while True:\n    pass\n"))
    assert verification.status == "undecided"
    assert "limit of time" in verification.witness("attack").evidence["reason"]


def test_a_file_that_wants_all_memory_is_undecided(tmp_path):
    verification = verify_file(write(tmp_path, "x = []\nwhile True:\n    x.append(bytearray(10**7))\n"), memory=2**29)
    assert verification.status == "undecided"
    assert "limit of 0.5 GiB of memory" in verification.witness("attack").evidence["reason"]


def test_what_a_file_prints_is_cut_and_made_visible(tmp_path):
    content = "import sys\nprint('\\x1b[31m')\nsys.stderr.write('x' * 10**7)\n" + text("s.x + 1", "s.x")
    verification = verify_file(write(tmp_path, content), budget=20)
    assert verification.printed.startswith("\\x1b[31m\nxxx")
    assert len(verification.printed) < 5000


def test_a_file_that_states_megabytes_is_refused(tmp_path):
    refused(tmp_path, text(more="source='x' * 20_000_000"), "too large")


@pytest.mark.parametrize("name", ["missing.py", "directory.py", "fifo.py", "name\u202e\n.py"])
def test_what_is_no_file_is_refused(name, tmp_path):
    import os

    path = tmp_path / name
    if name == "directory.py":
        path.mkdir()
    elif name == "fifo.py":
        os.mkfifo(path)
    with pytest.raises(BadFile, match=r"^[ -~]+$"):
        verify_file(path)


def test_a_large_file_is_refused(tmp_path):
    refused(tmp_path, "#" * 1_000_001, "1000001 bytes")


# --- the judgement ----------------------------------------------------------------------------------------------------------


def test_a_counterexample_that_balls_do_not_confirm_decides_nothing(tmp_path, monkeypatch):
    checked = from_data(statement(str(write(tmp_path, text("s.x + 1", "s.x")))))
    assert attack_own(checked, seed=0, budget=10).status == "refuted"
    monkeypatch.setattr("ratetheory.own.judge.confirmed", lambda *_: False)
    verdict = attack_own(checked, seed=0, budget=10)
    assert (verdict.status, verdict.evidence["reason"][:14]) == ("undecided", "ball arithmeti")


def test_balls_confirm_what_violates_alone(tmp_path):
    more = 'hypotheses=[assume("h", lambda m, s: s.x, "<=", lambda m, s: m.number(2))]'
    checked = from_data(statement(str(write(tmp_path, text("s.x**2", "s.x", more=more)))))
    (conclusion,) = checked.claim.conclusions
    found = {x: confirmed(checked, conclusion, {"x": x}) for x in (0.5, 1.0, 1.5, 2.0, 2.5)}
    assert found == {0.5: False, 1.0: False, 1.5: True, 2.0: True, 2.5: False}


def test_a_formula_that_explodes_is_undecided(tmp_path, quick):
    tower = "def tower(m, s):\n    y = s.x + 1\n    for _ in range(60):\n        y = m.sqrt(y * y + y)\n    return y\n"
    verification = verify_file(write(tmp_path, tower + text("s.x", "tower(m, s)")), budget=3)
    assert verification.status == "undecided"


@pytest.mark.parametrize(
    "argument",
    [{"budget": 0}, {"budget": float("nan")}, {"budget": 1e19}, {"memory": 1000}, {"memory": 10**19}, {"drop": "nothing"}],
)
def test_senseless_arguments_are_refused(argument, tmp_path):
    with pytest.raises(ValueError, match=next(iter(argument))):
        verify_file(write(tmp_path, text()), **argument)


def test_a_counterexample_replays_and_a_hypothesis_can_be_dropped(tmp_path):
    import json

    small = 'hypotheses=[assume("small", lambda m, s: s.x, "<=", lambda m, s: m.number(2))]'
    path = write(tmp_path, text("s.x**2", "2 * s.x", more=small))
    assert verify_file(path, budget=20).status == "proved"
    verification = verify_file(path, budget=20, drop="small")
    assert verification.status == "refuted"
    found = tmp_path / "found.json"
    found.write_text(json.dumps(verification.witness("attack").evidence["counterexample"]))
    assert replay_file(path, found, drop="small").status == "refuted"
    with pytest.raises(ValueError, match="small: does not hold"):
        replay_file(path, found)
    with pytest.raises(ValueError, match="is not known"):
        replay_file(write(tmp_path, text().replace('"c"', '"d"')), found)
