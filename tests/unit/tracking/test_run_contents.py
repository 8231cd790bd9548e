"""Parameters that fit into MLflow."""

from tracking.persistence.repository.run_contents import LONGEST_PARAMETER, is_shortened, shortened, typed


def test_a_list_that_fits_is_written_as_it_is() -> None:
    assert shortened([None, 3]) == "[None, 3]"
    assert not is_shortened({"max_depth": [None, 3]})


def test_a_list_that_does_not_fit_is_cut_visibly() -> None:
    values = list(range(5000))
    text = shortened(values)
    assert len(text) <= LONGEST_PARAMETER
    assert text.endswith("… (5000 values, all of them in the artifact grid_search.json)")
    assert is_shortened({"C": values})


def test_texts_are_read_as_what_they_stand_for() -> None:
    texts = ["null", "None", "true", "10", "-1", "0.5", "scale", "[1, 2]", "nan", "a b"]
    assert [typed(text) for text in texts] == [None, None, True, 10, -1, 0.5, "scale", [1, 2], "nan", "a b"]
