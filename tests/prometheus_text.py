"""What `/metrics` answers, as tests look things up in it."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> Samples:
    """The value of every series, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    """The value of one series; None if there is none. A label `class` is given as `class_`."""
    wanted = frozenset((label.rstrip("_"), given) for label, given in labels.items())
    return read_samples(text).get((name, wanted))


def names(text: str) -> set[str]:
    """The names of all series."""
    return {name for name, _ in read_samples(text)}
