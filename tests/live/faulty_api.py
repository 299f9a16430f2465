"""The API, with points at which it dies (see faults.py)."""

import os

from api.__main__ import main
from tests.live import faults

if __name__ == "__main__":
    faults.arm()
    code = main()
    os._exit(code)
