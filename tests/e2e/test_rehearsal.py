"""`./launch.sh rehearse`: the loop in four acts, on wine; and the third of them on a regression."""

import pandas as pd
import pytest
import yaml

from launcher.rehearsal import Rehearsal
from launcher.scenes import scene_of
from launcher.use_cases import find_use_case
from tests.e2e.conftest import PROJECT, Stack
from tests.fire_brigade_features import make_features

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

FIRE_BRIGADE = PROJECT / "simulator" / "config" / "use_cases" / "fire_brigade.yml"
TOLD = (
    ("nothing is done", "steady, steady"),
    ("noise that harms nobody", "warning"),
    ("harm is noticed", "act"),
    ("a bad model", "not waited for"),
)


def test_a_rehearsal_on_wine_ends_as_it_is_told(stack: Stack) -> None:
    done = stack.launch("rehearse")
    assert done.returncode == 0, done.stdout + done.stderr
    account = done.stdout[done.stdout.index("what was done") :]
    acts = {line.split("Act ")[1][0]: line for line in account.splitlines() if "Act " in line}
    for number, (words, verdicts) in enumerate(TOLD, 1):
        assert words in acts[str(number)]
        assert verdicts in acts[str(number)]
    assert account.count("in pictures: http") == len(TOLD)
    assert "kept: it is not worse" in account
    assert "roll back: the model before it is better" in account


def test_harm_to_a_regression_is_noticed_and_another_model_takes_over(stack: Stack) -> None:
    fleet, said = stack.fleet, list[str]()
    calls = pd.date_range("2024-01-01", periods=800, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    rows = make_features(800).assign(CallTime=calls).to_csv(index=False)
    # By another name: the fire brigade's demo leaves features of its own, and others cannot be sent.
    definition = yaml.safe_load(FIRE_BRIGADE.read_text(encoding="utf-8")) | {"name": "attendance"}
    definition["source"]["file"] = "attendance.csv"
    fleet.simulator.add_use_case(definition, rows)
    use_case = find_use_case(fleet, "attendance")
    (act,) = Rehearsal(fleet, scene_of(use_case), stack.address("monitoring"), said.append).run(acts=(3,))
    assert [each.verdict for each in act.verdicts] == ["act"]
    before, after = (float(part.split()[-1]) for part in act.done[-1].split(": ")[1].split(", "))
    assert after < 0.8 * before, said
