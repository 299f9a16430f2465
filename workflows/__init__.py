"""The lifecycles: deterministic, readable top to bottom; they wait, retry, time and order, and decide nothing."""
