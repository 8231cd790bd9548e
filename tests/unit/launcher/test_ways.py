from pathlib import Path

import pytest

from launcher.composition import Way, choose, forget, held_way, remember


def never_asked() -> bool:
    raise AssertionError("the engine was asked although all was decided")


@pytest.mark.parametrize("held", [None, *Way])
@pytest.mark.parametrize("asked", Way)
def test_what_is_asked_for_goes_before_everything(asked: Way, held: Way | None) -> None:
    assert choose(asked, held, never_asked) is asked


@pytest.mark.parametrize("held", Way)
def test_what_the_state_folder_holds_goes_before_detection(held: Way) -> None:
    assert choose(None, held, never_asked) is held


@pytest.mark.parametrize(("answers", "way"), [(True, Way.DOCKER), (False, Way.LOCAL)])
def test_the_first_time_containers_are_used_where_docker_answers(answers: bool, way: Way) -> None:
    assert choose(None, None, lambda: answers) is way


def test_an_empty_state_folder_holds_neither(tmp_path: Path) -> None:
    assert held_way(tmp_path) is None


@pytest.mark.parametrize("way", Way)
def test_a_choice_is_remembered_until_it_is_forgotten(tmp_path: Path, way: Way) -> None:
    remember(way, tmp_path)
    assert held_way(tmp_path) is way

    forget(way, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_purging_one_way_does_not_forget_the_other(tmp_path: Path) -> None:
    remember(Way.DOCKER, tmp_path)

    forget(Way.LOCAL, tmp_path)

    assert held_way(tmp_path) is Way.DOCKER


def test_local_data_from_before_means_local(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()

    assert held_way(tmp_path) is Way.LOCAL


def test_a_file_that_names_no_way_counts_as_absent(tmp_path: Path) -> None:
    (tmp_path / "way").write_text("sideways\n")

    assert held_way(tmp_path) is None
