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
        """As many numbers, in a row; None if there are not as many.

        What is left of a block and is too short is given up: otherwise the leftovers would add up to a supply
        of which no request could take any.
        """
        with self._lock:
            while self._ranges:
                numbers, *others = self._ranges
                if len(numbers) >= count:
                    self._ranges[0] = numbers[count:]
                    return numbers[:count]
                self._ranges = others
        return None
