"""A file whose writes never fail, for libraries that crash the process where one does."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 1 << 12


class UnfailingFile(io.RawIOBase):
    """Writes to a file until a write fails, and from then on into memory, so that all is read back as it was written.

    HDF5 can't close a file whose writes fail, nor forget it: the process ends in a segmentation fault. Whoever writes
    through this looks at `error` now and then, stops, closes, and throws the file away.

    Args:
        file: open for reading and writing.

    Attributes:
        error: what the first write that failed said; None while all went well.
    """

    def __init__(self, file: io.RawIOBase) -> None:
        """Nothing failed yet."""
        self._file, self._at, self._end = file, 0, 0
        self._pages: dict[int, bytearray] = {}
        self.error: OSError | None = None

    def check(self) -> None:
        """See that all was written.

        Raises:
            OSError: it wasn't.
        """
        if self.error:
            raise self.error

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        """The byte where it is."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """End after so many bytes."""
        self._end = self._at if size is None else size
        if self.error is None:
            try:
                self._file.truncate(self._end)
            except OSError as error:
                self.error = error
        return self._end

    def write(self, data: object) -> int:
        """Write all of it."""
        given = memoryview(data).cast("B")  # type: ignore[arg-type]
        if self.error is None:
            try:
                self._write_through(given)
            except OSError as error:
                self.error = error
        if self.error is not None:
            for number, inner, outer in self._parts(len(given)):
                self._page(number)[inner] = given[outer]
        self._at += len(given)
        self._end = max(self._end, self._at)
        return len(given)

    def readinto(self, buffer: object) -> int:
        """Read what there is, up to the buffer's size."""
        wanted = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        count = min(len(wanted), max(0, self._end - self._at))
        for number, inner, outer in self._parts(count):
            page = self._pages.get(number)
            wanted[outer] = self._stored(number)[inner] if page is None else page[inner]
        self._at += count
        return count

    def _write_through(self, data: memoryview) -> None:
        self._file.seek(self._at)
        done = 0
        while done < len(data):
            done += self._file.write(data[done:]) or 0

    def _page(self, number: int) -> bytearray:
        if number not in self._pages:
            self._pages[number] = self._stored(number)
        return self._pages[number]

    def _stored(self, number: int) -> bytearray:
        """What the file has of a page, and zeros behind."""
        self._file.seek(number * _PAGE)
        found = bytearray(self._file.read(_PAGE) or b"")
        return found + bytes(_PAGE - len(found))

    def _parts(self, count: int) -> Iterator[tuple[int, slice, slice]]:
        """Of the next so many bytes the pages, where in these, and where among the bytes."""
        done = 0
        while done < count:
            number, first = divmod(self._at + done, _PAGE)
            length = min(count - done, _PAGE - first)
            yield number, slice(first, first + length), slice(done, done + length)
            done += length
