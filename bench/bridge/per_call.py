"""A compressor that LibPressio starts for every call, as its documentation has it: NumPy and zlib, external protocol."""
import json
import sys
import zlib

import numpy

words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
values = numpy.fromfile(words["--input"], numpy.float32)
data = zlib.compress(numpy.rint(values / 0.02).astype(numpy.int32).tobytes())
with open(words["--output"], "wb") as file:
    file.write(data)
output = {"output:0:path": words["--output"], "output:0:dtype": "byte", "output:0:dims": [len(data)]}
print("external:api=json:1\n" + json.dumps(output))
