"""The pieces of the exported program: plain PyTorch, in the order of the homework, each as a student would write it.

`{...}` marks what the table decides; `notebook` fills it with Python literals.
"""

IMPORTS = """\
import json
{imports}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn

torch.set_num_threads(1)  # the sums in the same order as on the page, so the same numbers
"""

SHORT_SERIES = '''\
NAME, UNIT, SOURCE = {name}, {unit}, {source}

SERIES = """\\
{lines}
"""

times, values = zip(*(line.split() for line in SERIES.splitlines()))
times = {times}
values = np.array([float(value) for value in values])  # every digit, so that nothing is rounded
'''

LONG_SERIES = '''\
NAME, UNIT, SOURCE = {name}, {unit}, {source}

PACKED = """\\
{lines}
"""

values = np.frombuffer(zlib.decompress(base64.b64decode(PACKED)), "<f8")  # the same bits
times = np.arange(len(values))
'''

ROWS = """\
COMMON = {common}
ROWS = {{
{rows}
}}
ROWS = {{name: COMMON | own for name, own in ROWS.items()}}
SEEDS = {seeds}
"""

WINDOWS = '''\
def windows(row):
    """Training and test windows, scaled: x (B, T, 1) and y (B, K); and the scale that undoes an error's scaling."""
    seq_length = row["seq_length"]
    size = seq_length + row["horizon"]
{split}
{scaler}
    scaled = ((values - offset) / scale).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(scaled, size)
    parts = cut[:train_windows], cut[test_begins:]
    tensors = [torch.from_numpy(part.copy()) for part in parts]
    (train_x, train_y), (test_x, test_y) = [(t[:, :seq_length, None], t[:, seq_length:]) for t in tensors]
    return train_x, train_y, test_x, test_y, float(scale)
'''

SPLITS = {
    "windows": """\
    train_windows = round(row["train_fraction"] * (len(values) - size + 1))  # windows first, then the split
    test_begins = train_windows
    split = train_windows + seq_length
""",
    "rows": """\
    split = round(row["train_fraction"] * len(values))  # rows first: no window holds values of both parts
    train_windows = split - size + 1
    test_begins = split
""",
}

SCALERS = {
    "minmax11": """\
    low, high = fitted.min(), fitted.max()
    offset, scale = high / 2 + low / 2, high / 2 - low / 2  # to -1..1
""",
    "minmax01": """\
    offset, scale = fitted.min(), fitted.max() - fitted.min()  # to 0..1
""",
    "standard": """\
    offset, scale = fitted.mean(), fitted.std()  # to mean 0, standard deviation 1
""",
    "none": """\
    offset, scale = 0.0, 1.0
""",
}

RECURRENT = '''\
class Recurrent(nn.Module):
    """Reads the window step by step; a linear layer makes the forecast of the last hidden state."""

    def __init__(self, row):
        super().__init__()
        cell = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[row["architecture"]]
        hidden_size, num_layers = row["hidden_size"], row["num_layers"]
        dropout = row["dropout"] if num_layers > 1 else 0.0  # between layers, so one layer has none
        self.directions = 2 if row["bidirectional"] else 1
        self.cell = cell(1, hidden_size, num_layers, batch_first=True, dropout=dropout,
                         bidirectional=row["bidirectional"])
        self.head = nn.Linear(self.directions * hidden_size, row["horizon"])

    def forward(self, x):
        _, state = self.cell(x)
        h_n = state[0] if isinstance(state, tuple) else state  # (L * directions, B, H)
        return self.head(torch.cat(tuple(h_n[-self.directions :]), dim=-1))
'''

MLP = '''\
class MLP(nn.Module):
    """Sees the whole window at once."""

    def __init__(self, row):
        super().__init__()
        widths = [row["seq_length"]] + [row["hidden_size"]] * row["num_layers"]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.dropout = nn.Dropout(row["dropout"])
        self.head = nn.Linear(row["hidden_size"], row["horizon"])

    def forward(self, x):
        h = x.flatten(1)
        for layer in self.layers:
            h = self.dropout(torch.relu(layer(h)))
        return self.head(h)
'''

CNN = '''\
class CNN(nn.Module):
    """Causal convolutions over three steps, each layer reaching twice as far back as the one below."""

    def __init__(self, row):
        super().__init__()
        widths = [1] + [row["hidden_size"]] * row["num_layers"]
        pairs = list(zip(widths, widths[1:]))
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 3, dilation=2**k) for k, (a, b) in enumerate(pairs))
        self.dropout = nn.Dropout(row["dropout"])
        self.head = nn.Linear(row["hidden_size"], row["horizon"])

    def forward(self, x):
        h = x.transpose(1, 2)  # (B, C, T)
        for layer in self.layers:
            past = 2 * layer.dilation[0]
            h = self.dropout(torch.relu(layer(nn.functional.pad(h, (past, 0)))))
        return self.head(h[:, :, -1])
'''

KINDS = """\
KINDS = {kinds}
"""

OPTIMISERS = {
    "adam": "torch.optim.Adam(parameters, lr=lr)",
    "adamw": "torch.optim.AdamW(parameters, lr=lr)",
    "rmsprop": "torch.optim.RMSprop(parameters, lr=lr)",
    "sgd": "torch.optim.SGD(parameters, lr=lr)",
    "momentum": "torch.optim.SGD(parameters, lr=lr, momentum=0.9)",
}

TRAIN = '''\
MAKE_OPTIMISER = {{
{optimisers}
}}


def rmse(model, x, y, scale):
    """In the data's own unit, of the weights as they are."""
    model.eval()
    with torch.no_grad():
        return (model(x) - y).double().square().mean().sqrt().item() * scale


def train(row, seed):
    """One run: the model, its training error after each epoch, and the two scores of the table."""
    train_x, train_y, test_x, test_y, scale = windows(row)
    torch.manual_seed(seed)  # before the model is built: its first weights are drawn here
    model = KINDS[row["architecture"]](row)
    optimiser = MAKE_OPTIMISER[row["optimiser"]](model.parameters(), row["lr"])
    loss_of = nn.MSELoss()
{loop}
    scores = rmse(model, train_x, train_y, scale), rmse(model, test_x, test_y, scale)
    curve.append(scores[0])
    return model, curve, scores
'''

FULL_BATCH = """\
    curve = []
    for epoch in range(row["epochs"]):
        loss = loss_of(model(train_x), train_y)
        curve.append(loss.item() ** 0.5 * scale)
        optimiser.zero_grad()
        loss.backward()
{clip}\
        optimiser.step()
"""

MINI_BATCHES = """\
    size = row["batch_size"] or len(train_x)
    shuffles = size < len(train_x) or row["dropout"] > 0  # a full batch without dropout needs no order
    shuffle = torch.Generator().manual_seed(seed)
    curve = []
    for epoch in range(row["epochs"]):
        curve.append(rmse(model, train_x, train_y, scale))
        order = torch.randperm(len(train_x), generator=shuffle) if shuffles else torch.arange(len(train_x))
        for chosen in order.split(size):
            model.train()
            loss = loss_of(model(train_x[chosen]), train_y[chosen])
            optimiser.zero_grad()
            loss.backward()
{clip}\
            optimiser.step()
"""

CLIP = """\
{indent}if row["clip"]:
{indent}    nn.utils.clip_grad_norm_(model.parameters(), row["clip"])
"""

RUN = """\
models, curves, scores = {{}}, {{}}, {{}}
for name, row in ROWS.items():
    for seed in SEEDS:
        model, curve, pair = train(row, seed)
        models.setdefault(name, model)
        curves.setdefault(name, []).append(curve)
        scores.setdefault(name, {{}})[seed] = pair
        print(f"{{name}}, seed {{seed}}: train {{pair[0]:.4f}}, test {{pair[1]:.4f}} {{UNIT}}", flush=True)
"""

TABLE = '''\
def mean_and_sd(numbers):
    sd = f" ± {np.std(numbers, ddof=1):.2f}" if len(numbers) > 1 else ""
    return f"{np.mean(numbers):.2f}{sd}"


def naive(row):
    """Tomorrow is as today: the last value of each window, for every step ahead."""
    train_x, train_y, test_x, test_y, scale = windows(row)
    parts = (train_x, train_y), (test_x, test_y)
    return [(x[:, -1] - y).double().square().mean().sqrt().item() * scale for x, y in parts]


lines = []
for name, row in ROWS.items():
    train_scores, test_scores = zip(*scores[name].values())
    lines.append({
        "RNN Types": name,
        "Train Score": mean_and_sd(train_scores),
        "Test Score": mean_and_sd(test_scores),
        "Parameters": ", ".join(f"{key}={row[key]}" for key in ("hidden_size", "seq_length", "num_layers", "epochs")),
        "Weights": sum(p.numel() for p in models[name].parameters()),
        "Naive test": f"{naive(row)[1]:.2f}",
    })
table = pd.DataFrame(lines)
'''

SHOW_TABLE = """\
print(table.to_string(index=False))
"""

FIGURES = """\
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.5))
for name, runs in curves.items():
    runs = np.array(runs)
    (line,) = left.plot(runs.mean(axis=0), label=name)
    left.fill_between(range(runs.shape[1]), runs.min(axis=0), runs.max(axis=0), color=line.get_color(), alpha=0.2)
left.set(xlabel="Epoch", ylabel=f"Train RMSE ({UNIT})", yscale="log", title="Convergence: mean and range of the seeds")
left.legend()

for name, row in ROWS.items():
    train_x, train_y, test_x, test_y, scale = windows(row)
    shift = values[-1] - test_y[-1, -1].item() * scale  # undoes the scaling
    with torch.no_grad():
        forecast = models[name].eval()(test_x)[:, 0].numpy() * scale + shift
    first = len(values) - len(test_x) - row["horizon"] + 1
    right.plot(times[first : first + len(forecast)], forecast, label=name)
right.plot(times[first:], values[first:], color="black", linewidth=1, label="truth")
right.set(ylabel=f"{NAME} ({UNIT})", title=f"Test part, seed {SEEDS[0]}")
right.legend()
figure.tight_layout()
plt.show()
"""

LAST_LINE = """\
print(json.dumps(scores))
"""
