"""Every claim of speed as a script whose last line is one JSON object."""
