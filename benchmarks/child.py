"""Calls `module:function` with arguments in JSON, and prints how long it took and what it returned."""

from __future__ import annotations

import importlib
import json
import sys
import time


def main() -> None:
    """Do it once."""
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(module), name)
    start = time.perf_counter()
    result = function(**json.loads(sys.argv[2]))
    print(json.dumps({"seconds": time.perf_counter() - start, "result": result}))


if __name__ == "__main__":
    main()
