"""The operations a recurrent cell is made of, each by the fastest routine that the installed libraries offer."""

import torch

WORTH_ONEDNN = 1e6
"""Multiply-adds from which oneDNN's product beats the BLAS that `torch.mm` calls, in spite of its dearer call."""

_linear = torch.ops.mkldnn._linear_pointwise.default if torch.backends.mkldnn.is_available() else None
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_relu_backward = torch.ops.aten.threshold_backward.grad_input


def multiply(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a @ b, for a (M, K) and b (K, N).

    Torch's BLAS (MKL) keeps AVX-512 for Intel's processors; oneDNN, which torch brings along for convolutions and
    linear layers, uses it on all: 2.3 times faster on an AMD EPYC. `benchmarks.cells` shows what it gives.
    """
    if _linear is None or a.dtype != torch.float32 or a.shape[0] * b.numel() < WORTH_ONEDNN:
        return torch.mm(a, b)
    return _linear(a, b.t(), None, "none", [], "")


def sigmoid_backward(dy: torch.Tensor, y: torch.Tensor, out: torch.Tensor) -> None:
    """out = dy * y * (1 - y), in one pass."""
    _sigmoid_backward(dy, y, grad_input=out)


def tanh_backward(dy: torch.Tensor, y: torch.Tensor, out: torch.Tensor) -> None:
    """out = dy * (1 - y^2), in one pass."""
    _tanh_backward(dy, y, grad_input=out)


def relu_backward(dy: torch.Tensor, y: torch.Tensor, out: torch.Tensor) -> None:
    """out = dy where y > 0, else 0."""
    _relu_backward(dy, y, 0, grad_input=out)
