"""The core of SeqLab: data, cells, models, training, probes, engine and figures, without a user interface."""

__version__ = "0.1.0"
