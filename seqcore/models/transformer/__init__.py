"""The Transformer: encoder-decoder, encoder alone and decoder alone, with every number in between to be seen."""

from seqcore.models.transformer.attention import MultiHeadAttention
from seqcore.models.transformer.block import DecoderLayer, EncoderLayer
from seqcore.models.transformer.forecaster import build
from seqcore.models.transformer.inside import altered, attentions, tapped
from seqcore.models.transformer.model import Transformer, TransformerDecoder, TransformerEncoder
from seqcore.models.transformer.position import POSITIONS

__all__ = ["POSITIONS", "DecoderLayer", "EncoderLayer", "MultiHeadAttention", "Transformer", "TransformerDecoder",
           "TransformerEncoder", "altered", "attentions", "build", "tapped"]  # fmt: skip
