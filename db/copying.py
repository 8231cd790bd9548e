"""Bulk load and unload through PostgreSQL's binary COPY, straight from and to numpy arrays.

Format: https://www.postgresql.org/docs/current/sql-copy.html (section "Binary Format"). A row is a 16-bit
field count and, per field, a 32-bit length (-1: null) and the value, everything big-endian. Rows of fixed
width are therefore a numpy structured array, and nulls are cut out of it with one mask.
"""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from psycopg2 import sql
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import connection as PsycopgConnection  # noqa: N812  # the class is called so
from sqlalchemy import BigInteger, DateTime, Double, Integer, Select, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from fleet.errors import InvalidRequestError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Array = npt.NDArray[Any]

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no header extension
END = b"\xff\xff"
READ_SIZE = 1 << 20
EPOCH = np.datetime64("2000-01-01", "us")  # PostgreSQL counts microseconds from here


def copy_in(session: Session, table: Table, blocks: Iterable[Mapping[str, Array]]) -> int:
    """Load blocks of columns, in the session's transaction, and return the number of rows.

    Each block maps column names to arrays of one length, the same names in each. NaN is stored as null.
    Bytes arrays (dtype S) go to text columns as they are, an empty one as null; moments (datetime64, UTC) to
    timestamps. An error in making a block is raised as it is.
    """
    stream = _EncodedStream(table, blocks)
    if stream.columns:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(str(table.schema), table.name),
            sql.SQL(", ").join(map(sql.Identifier, stream.columns)),
        )
        with _connection(session).cursor() as cursor:
            try:
                cursor.copy_expert(statement, stream, READ_SIZE)
            except QueryCanceled:
                if stream.failure is not None:  # COPY was cancelled because a block could not be made
                    raise stream.failure from None
                raise
    return stream.rows


def copy_out(session: Session, query: Select[Any], dtype: np.dtype[Any]) -> Array:
    """Unload a query into a structured array.

    Every column of the query must be an int4, int8 or float8, never null, and dtype must name them in
    order as int32, int64 or float64.
    """
    blocks: list[Array] = []
    copy_out_blocks(session, query, dtype, blocks.append)
    return blocks[0]


def copy_out_blocks(
    session: Session,
    query: Select[Any],
    dtype: np.dtype[Any],
    each: Callable[[Array], object],
    *,
    block_rows: int | None = None,
) -> None:
    """The same, handed over block by block while it comes; the last one may be short, or empty.

    What `each` raises ends it.
    """
    dialect = postgresql.psycopg2.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # not %(x)s, which would double every %
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with _Sink(dtype, each, block_rows) as sink, _connection(session).cursor() as cursor:
        many = io.BufferedWriter(sink, READ_SIZE)  # psycopg2 writes every row by itself
        cursor.copy_expert(f"COPY ({compiled}) TO STDOUT (FORMAT binary)", many, READ_SIZE)
        many.flush()
        sink.hand_over()


def _connection(session: Session) -> PsycopgConnection:
    return cast(PsycopgConnection, session.connection().connection.driver_connection)


class UnstorableValueError(InvalidRequestError):
    """A value that its column would hold as another one."""

    def __init__(self, column: str, value: float, wire: np.dtype[Any]) -> None:
        super().__init__(
            f"'{column}': {value!r} is not a whole number of {wire.itemsize} bytes, as its column holds them",
            f"Nothing was stored. Give whole numbers from {np.iinfo(wire).min} to {np.iinfo(wire).max}",
        )


class _Sink(io.RawIOBase):
    """Collects what COPY writes, until there are enough rows to hand over."""

    def __init__(self, dtype: np.dtype[Any], each: Callable[[Array], object], block_rows: int | None) -> None:
        super().__init__()
        self._wire = _wire(dtype)
        self._dtype = dtype
        self._each = each
        self._enough = math.inf if block_rows is None else len(SIGNATURE) + block_rows * self._wire.itemsize
        self._buffer = bytearray()  # += on bytes would copy everything each time
        self._start = len(SIGNATURE)

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        self._buffer += data
        if len(self._buffer) > self._enough:
            self.hand_over()
        return memoryview(data).nbytes

    def hand_over(self) -> None:
        """All rows that are whole."""
        count = (len(self._buffer) - self._start) // self._wire.itemsize
        rows = np.frombuffer(self._buffer, dtype=self._wire, count=count, offset=self._start)
        block = _decoded(rows, self._dtype)
        del rows  # which would hold on to the buffer
        del self._buffer[: self._start + count * self._wire.itemsize]
        self._start = 0
        self._each(block)


class _EncodedStream(io.BufferedIOBase):
    """A readable file over encoded blocks: only one block is in memory at a time."""

    def __init__(self, table: Table, blocks: Iterable[Mapping[str, Array]]) -> None:
        super().__init__()
        self.rows = 0
        self.failure: Exception | None = None
        self._blocks = iter(blocks)
        self._first = next(self._blocks, None)
        self.columns = list(self._first) if self._first is not None else []
        self._types = [wire_type(table.c[name].type) for name in self.columns]
        self._parts = self._encoded()
        self._part = memoryview(b"")

    def read(self, size: int | None = READ_SIZE, /) -> bytes:
        if not self._part:
            self._part = memoryview(self._next_part())
        chunk, self._part = self._part[:size], self._part[size:]
        return bytes(chunk)

    def _next_part(self) -> bytes:
        try:
            return next(self._parts, b"")
        except Exception as error:
            self.failure = error
            raise

    def _encoded(self) -> Iterator[bytes]:
        yield SIGNATURE
        block = self._first
        while block is not None:
            arrays = [np.asarray(block[name]) for name in self.columns]
            self.rows += len(arrays[0])
            if len(arrays[0]):
                yield encode_rows(arrays, self._types, self.columns)
            block = next(self._blocks, None)
        yield END


def wire_type(column_type: TypeEngine[Any]) -> str:
    """How a column's values travel: a numpy dtype, or S for text of the array's own width."""
    if isinstance(column_type, Double):
        return ">f8"
    if isinstance(column_type, BigInteger | DateTime):
        return ">i8"
    if isinstance(column_type, Integer):
        return ">i4"
    if isinstance(column_type, Text):
        return "S"
    raise TypeError(f"no binary form for {column_type!r}")


def encode_rows(arrays: list[Array], types: list[str], names: Sequence[str] = ()) -> bytes:
    """Rows in COPY's binary format.

    arrays: the columns, of one length; types: from `wire_type`; names: of the columns. Raises
    UnstorableValueError for a value that its column would hold as another one.
    """
    for number, (array, kind) in enumerate(zip(arrays, types, strict=True)):
        _refuse_lossy(array, kind, names[number] if names else str(number + 1))
    wire = [array.dtype.str if kind == "S" else kind for array, kind in zip(arrays, types, strict=True)]
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for number, kind in enumerate(wire):
        layout += [(f"length{number}", ">i4"), (f"value{number}", kind)]
    rows = np.empty(len(arrays[0]), dtype=np.dtype(layout))
    rows["fields"] = len(arrays)
    shorter: dict[str, Array] = {}
    for number, given in enumerate(arrays):
        array = _microseconds(given) if given.dtype.kind == "M" else given
        value, length = f"value{number}", f"length{number}"
        width = rows.dtype[value].itemsize
        sizes = _sizes(array, width)
        rows[length] = np.where(sizes == 0, -1, sizes)
        if (sizes == width).all():
            rows[value] = array
        else:
            shorter[value] = sizes
            rows[value] = np.where(sizes == 0, 0, array) if array.dtype.kind == "f" else array
    return _cut(rows, shorter)


def _microseconds(moments: Array) -> Array:
    """As PostgreSQL counts them; NaN, for null, beside a moment that is none."""
    counted = (moments - EPOCH).astype("timedelta64[us]").astype(np.int64)
    none = np.isnat(moments)
    return np.where(none, np.nan, counted.astype(np.float64)) if none.any() else counted


def _refuse_lossy(array: Array, kind: str, name: str) -> None:
    """Raise UnstorableValueError if a value of the array is not the same in this form."""
    wire = np.dtype(kind)
    if wire.kind == "S" and array.dtype.kind != "S":
        raise TypeError(f"column {name!r} takes bytes, not {array.dtype}")
    if wire.kind != "i" or array.dtype.kind not in "iuf" or not len(array):
        return
    if array.dtype.kind != "f" and np.can_cast(array.dtype, wire):
        return
    least, most = np.iinfo(wire).min, np.iinfo(wire).max
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            kept = np.isnan(array) | ((array >= least) & (array < most + 1) & (array == np.rint(array)))
    else:
        kept = (array >= least) & (array <= most)
    if not kept.all():
        raise UnstorableValueError(name, array[np.argmin(kept)].item(), wire)


def _sizes(array: Array, width: int) -> Array:
    """Bytes that each value takes; 0 for null."""
    if array.dtype.kind == "S":
        return np.strings.str_len(array)
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), dtype=bool)
    return np.where(missing, 0, width)


def _cut(rows: Array, shorter: Mapping[str, Array]) -> bytes:
    """The rows' bytes less those that values do not take. shorter: sizes, where some are less than full."""
    if not shorter:
        return rows.tobytes()
    keep = np.ones((len(rows), rows.dtype.itemsize), dtype=bool)
    fields = cast(Mapping[str, tuple[np.dtype[Any], int]], rows.dtype.fields)
    for value, sizes in shorter.items():
        kind, offset = fields[value]
        keep[:, offset : offset + kind.itemsize] = np.arange(kind.itemsize) < sizes[:, np.newaxis]
    return bytes(rows.view(np.uint8).reshape(keep.shape)[keep].tobytes())


def _wire(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A row as COPY writes it."""
    layout: list[tuple[str, Any]] = [("fields", ">i2")]
    for name in cast(tuple[str, ...], dtype.names):
        layout += [(f"length of {name}", ">i4"), (name, dtype[name].newbyteorder(">"))]
    return np.dtype(layout)


def _decoded(rows: Array, dtype: np.dtype[Any]) -> Array:
    decoded = np.empty(len(rows), dtype=dtype)
    for name in cast(tuple[str, ...], dtype.names):
        decoded[name] = rows[name]
    return decoded
