"""Numbers for live samples, fetched in blocks ahead so that no answer waits for the database."""

import threading


class IndexReserve:
    """The numbers that this process may give in one use case. block: how many are fetched at a time."""

    def __init__(self, block: int) -> None:
        self.block = block
        self._lock = threading.Lock()
        self._ranges: list[range] = []

    @property
    def is_low(self) -> bool:
        """Whether another block should be fetched."""
        return sum(len(each) for each in self._ranges) < self.block

    def add(self, numbers: range) -> None:
        """A block that was fetched."""
        with self._lock:
            self._ranges.append(numbers)

    def take(self, count: int) -> range | None:
        """As many numbers, in a row; None if there are not as many."""
        with self._lock:
            for position, numbers in enumerate(self._ranges):
                if len(numbers) >= count:
                    self._ranges[position] = numbers[count:]
                    self._ranges = [each for each in self._ranges if each]
                    return numbers[:count]
        return None
