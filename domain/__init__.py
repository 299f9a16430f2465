"""The vocabulary and the rules of governed change: pure functions over frozen models, no I/O, no clock, no Temporal."""

import zoneinfo

# Every program passes here. Python prefers the zones of the machine, but what is recorded with each activation is the
# version of the package (D6a), which is the same on every machine.
zoneinfo.reset_tzpath(to=[])
zoneinfo.ZoneInfo.clear_cache()
