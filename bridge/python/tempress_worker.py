"""Compressors in Python for Tempress, by the persistent worker protocol (docs/external.md).

One file and the standard library; NumPy is used where it is installed. A compressor is a class:

    from tempress_worker import Compressor, option, serve

    class Mine(Compressor):
        name = "mine"
        def encode(self, array, bound, options):        # -> bytes
            ...
        def decode(self, data, dtype, shape, bound, options):  # -> array or bytes
            ...

    serve(Mine())

Tempress starts the program once, asks what it is, lets it load its model, and then sends it one request after another.
Values travel through memory that both processes map; only short lines of JSON pass through the pipes. What the
program prints goes to standard error. Tempress checks every value that `decode` gives against the promise.

`array` is a read-only NumPy array, or a memoryview of the same shape without NumPy; `data` is a memoryview of bytes.
Both are valid during the call only.
`bound` has `kind` ("abs", "pw_rel" or "lossless") and `value`. `options` holds a value for every declared option.
"""

import inspect
import json
import mmap
import os
import signal
import sys
import time
import traceback
from types import SimpleNamespace

try:
    import numpy
except ImportError:
    numpy = None

PROTOCOL = 1
INPUT_FD = 3
OUTPUT_FD = 4

#: Codes of struct and memoryview for Tempress's element types.
CODES = {
    "float32": "f", "float64": "d", "bool": "?",
    "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
}  # fmt: skip
WIDTHS = {"f": 4, "d": 8, "?": 1, "b": 1, "h": 2, "i": 4, "q": 8, "B": 1, "H": 2, "I": 4, "Q": 8}


class Refused(Exception):
    """Raise it for requests that the compressor cannot serve: Tempress shows the text as it is."""


def option(default, help="", min=None, max=None, choices=None):
    """Declares an option. Its type is that of the default: bool, int, float or str."""
    kinds = {bool: "bool", int: "int", float: "float", str: "string"}
    declared = {"type": kinds[type(default)], "default": default, "help": help}
    for key, value in (("min", min), ("max", max), ("choices", choices)):
        if value is not None:
            declared[key] = value
    return declared


class Compressor:
    """What a program of one's own fills in."""

    #: Stored in every file: programs are found by it again.
    name = "unnamed"
    version = "0"
    summary = ""
    #: Promises that `encode` tries to keep. Any is tried: Tempress stores exactly what breaks it.
    keeps = ("abs", "pw_rel", "lossless")
    dtypes = tuple(CODES)
    #: By their names: `option(...)`.
    options = {}

    def load(self, options):
        """Called once before the first request and whenever options change: load models here."""

    def encode(self, array, bound, options):
        raise NotImplementedError

    def decode(self, data, dtype, shape, bound, options):
        raise NotImplementedError


class Segment:
    """Memory shared with Tempress: a file without a name, mapped anew when it has grown."""

    def __init__(self, fd):
        self.fd = fd
        self.mapped = None

    def view(self, size, grow=False):
        if size == 0:
            return memoryview(b"")
        present = os.fstat(self.fd).st_size
        if present < size:
            if not grow:
                raise Refused(f"{size} bytes are announced, {present} are there")
            os.ftruncate(self.fd, size)
            present = size
        if self.mapped is None or len(self.mapped) < size:
            self.mapped = mmap.mmap(self.fd, present)
        return memoryview(self.mapped)[:size]


def _values(view, dtype, shape):
    if numpy is not None:
        array = numpy.frombuffer(view, numpy.dtype(dtype)).reshape(shape)
        array.flags.writeable = False
        return array
    return view.toreadonly().cast(CODES[dtype], shape)


def _bytes_of(result, dtype=None):
    """The result of encode or decode as a flat view of bytes."""
    if numpy is not None and isinstance(result, numpy.ndarray):
        result = numpy.ascontiguousarray(result if dtype is None else result.astype(dtype, copy=False))
        return memoryview(result.reshape(-1)).cast("B")
    view = memoryview(result)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


class _Server:
    def __init__(self, compressor, input_fd, output_fd):
        self.compressor = compressor
        self.input = Segment(input_fd)
        self.output = Segment(output_fd)

    def hello(self, request):
        first, last = request["protocol"]
        if not first <= PROTOCOL <= last:
            raise Refused(f"protocol {PROTOCOL} is not in {first}..{last}")
        of = self.compressor
        return {
            "protocol": PROTOCOL, "name": of.name, "version": of.version,
            "summary": of.summary or (inspect.getdoc(type(of)) or "").split("\n")[0],
            "keeps": list(of.keeps), "dtypes": list(of.dtypes), "options": of.options,
        }  # fmt: skip

    def _options(self, request):
        given = request.get("options", {})
        unknown = [key for key in given if key not in self.compressor.options]
        if unknown:
            known = ", ".join(self.compressor.options) or "none"
            raise Refused(f'there is no option "{unknown[0]}"; there are: {known}')
        return {key: given.get(key, declared["default"]) for key, declared in self.compressor.options.items()}

    def load(self, request):
        self.compressor.load(self._options(request))
        return {}

    def encode(self, request):
        array = _values(self.input.view(request["bytes"]), request["dtype"], request["shape"])
        bound = SimpleNamespace(**request["bound"])
        started = time.perf_counter()
        result = self.compressor.encode(array, bound, self._options(request))
        return self._put(_bytes_of(result), started)

    def decode(self, request):
        data = self.input.view(request["bytes"])
        dtype, shape = request["dtype"], tuple(request["shape"])
        bound = SimpleNamespace(**request["bound"])
        started = time.perf_counter()
        result = self.compressor.decode(data.toreadonly(), dtype, shape, bound, self._options(request))
        view = _bytes_of(result, dtype)
        wanted = WIDTHS[CODES[dtype]]
        for extent in shape:
            wanted *= extent
        if len(view) != wanted:
            raise Refused(f"decode gave {len(view)} bytes; {dtype} of shape {shape} has {wanted}")
        return self._put(view, started)

    def _put(self, view, started):
        own = (time.perf_counter() - started) * 1000
        self.output.view(len(view), grow=True)[:] = view
        return {"bytes": len(view), "own_ms": own}


def serve(compressor, input_fd=INPUT_FD, output_fd=OUTPUT_FD):
    """Answers requests until standard input ends."""
    try:
        os.fstat(input_fd), os.fstat(output_fd)
    except OSError:
        sys.exit(f"{compressor.name} is a worker of Tempress, which starts it: see docs/external.md")
    # Ctrl-C is for Tempress, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", 0)
    # Nothing but answers may come out of standard output.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    server = _Server(compressor, input_fd, output_fd)
    work = {"hello": server.hello, "load": server.load, "encode": server.encode, "decode": server.decode}
    for line in requests:
        started = time.perf_counter()
        try:
            request = json.loads(line)
            answer = {"ok": True, **work[request["op"]](request)}
        except Exception as error:  # a fault of one request must not end the worker
            if not isinstance(error, Refused):
                traceback.print_exc()
            text = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            answer = {"ok": False, "error": text}
        answer["ms"] = (time.perf_counter() - started) * 1000
        answers.write(json.dumps(answer).encode() + b"\n")
