from contextlib import contextmanager


class T: 
    def __init__(s): s.arrays = {}


@contextmanager
def record(model):
    t = T(); hooks = []
    from seqcore.cells.tap import Tap
    for m in model.modules():
        if isinstance(m, Tap):
            hooks.append(m.register_forward_hook(lambda m, i, o: t.arrays.__setitem__(m.name, o.detach().numpy().copy())))
        elif hasattr(m, "tape"):
            m.tape = t.arrays
    yield t
    for h in hooks: h.remove()
    for m in model.modules():
        if hasattr(m, "tape"): m.tape = None
