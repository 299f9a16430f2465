"""Engines that look at many records at once: impact and simulation."""
