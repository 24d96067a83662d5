"""Changes in files that no writer at hand would make, and that others make: page headers as Spark writes them, names in the footer, lost annotations."""
import struct


def varint(bytes_, at):
    value = shift = 0
    while True:
        byte = bytes_[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def skip(bytes_, at, kind, in_list=False):
    if kind in (1, 2):
        return at + (1 if in_list else 0)
    if kind == 3:
        return at + 1
    if kind in (4, 5, 6):
        return varint(bytes_, at)[1]
    if kind == 7:
        return at + 8
    if kind == 8:
        size, at = varint(bytes_, at)
        return at + size
    if kind == 9:
        head = bytes_[at]
        at += 1
        count = head >> 4
        if count == 15:
            count, at = varint(bytes_, at)
        for _ in range(count):
            at = skip(bytes_, at, head & 15, True)
        return at
    if kind == 12:
        for _, _, _, end in fields(bytes_, at):
            at = end
        return at + 1
    raise ValueError(kind)


def fields(bytes_, at):
    """(number, kind, start of the header, end of the value) of each field of a struct."""
    number = 0
    while bytes_[at] != 0:
        start, head = at, bytes_[at]
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = varint(bytes_, at)
            number //= 2
        value = at
        at = skip(bytes_, at, head & 15)
        yield number, head & 15, (start, value), at


def spark_null_pages(path):
    """Says of the second version's empty pages that they are compressed, as Spark does with Snappy."""
    import pyarrow.parquet as pq

    data = bytearray(open(path, "rb").read())
    metadata = pq.ParquetFile(path).metadata
    changed = 0
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            at = column.dictionary_page_offset or column.data_page_offset
            end = at + column.total_compressed_size
            while at < end:
                found = {number: (kind, where, stop) for number, kind, where, stop in fields(data, at)}
                size, _ = varint(data, found[3][1][1])
                header_end = max(stop for _, _, stop in found.values()) + 1
                if 8 in found:
                    inner = {n: (k, w, s) for n, k, w, s in fields(data, found[8][1][1])}
                    levels, _ = varint(data, inner[5][1][1])
                    if levels == size and 7 in inner and inner[7][0] == 2:
                        data[inner[7][1][0]] = (data[inner[7][1][0]] & 0xF0) | 1
                        changed += 1
                at = header_end + size // 2
    assert changed > 0, "no empty page"
    open(path, "wb").write(data)


def rename(path, names):
    """Names of columns in the footer: ones that writers refuse."""
    data = open(path, "rb").read()
    (length,) = struct.unpack("<I", data[-8:-4])
    footer = data[-8 - length : -8]
    for before, after in names.items():
        old, new = before.encode(), after.encode()
        assert len(old) < 128 and len(new) < 128 and old in footer
        footer = footer.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)
    open(path, "wb").write(data[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1")
