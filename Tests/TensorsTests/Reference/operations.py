"""Writes operations.json: values and gradients of PyTorch that Adjoint's operations are held against.

    python operations.py        (needs torch and numpy; torch's version is written into the file)

Every case is one line: {"name", "dtype", "attributes", "inputs", "labels" or "indices" where the
operation takes them, "cotangent", "output", "gradients"}. `gradients` has one entry per input, in the
same order, and is the product of the cotangent (random, never all ones) with the operation's
derivative. Inputs and cotangents have three decimals, so that they are the same numbers whichever
precision reads them; outputs and gradients are the shortest decimals that read back exactly, through
a 64-bit number or directly.

Conventions: a linear layer's weight is [outputs, inputs]; pooling and padding name their `axis`.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

RANDOM = np.random.RandomState(2)
DTYPES = {"float64": torch.float64, "float32": torch.float32}
CASES = []

# One, and one less, equal and one more than the width of a vector register.
VECTORS = [(1,), (7,), (15,), (16,), (17,), (33,)]
FEW = [(1,), (3, 5), (17,)]


def normal(*shape, scale=1.0):
    """Normal numbers of three decimals, none of them zero, where kinks such as ReLU's lie."""
    values = np.round(RANDOM.randn(*shape) * scale, 3)
    return np.where(values == 0, 0.001, values)


def positive(*shape):
    return np.round(RANDOM.uniform(0.05, 4, size=shape), 3)


def distinct(*shape):
    """Numbers of which no two are equal, so that a maximum is one element only."""
    count = int(np.prod(shape))
    return np.round((RANDOM.permutation(count) - count / 2) * 0.137 + 0.031, 3).reshape(shape)


def written(value, dtype):
    text = repr(float(value)) if dtype == "float64" else str(np.float32(value))
    assert math.isfinite(float(text)), text
    if dtype == "float32":
        assert np.float32(float(text)) == np.float32(text) == np.float32(value), text
    return text[:-2] if text.endswith(".0") and text != "-0.0" else text


def tensor_text(array, dtype):
    values = ",".join(written(v, dtype) for v in np.asarray(array).reshape(-1))
    return f'{{"shape":{json.dumps(list(np.shape(array)), separators=(",", ":"))},"values":[{values}]}}'


def case(name, function, inputs, attributes=None, labels=None, indices=None):
    """Runs `function(*inputs)` in both precisions and keeps what came out and what flows back."""
    cotangent = None
    for dtype, torch_dtype in DTYPES.items():
        tensors = [torch.tensor(x, dtype=torch_dtype, requires_grad=True) for x in inputs]
        output = function(*tensors)
        if cotangent is None:
            cotangent = (
                normal(*output.shape) if output.dim() else np.round(RANDOM.uniform(0.5, 2), 3)
            )
        gradients = torch.autograd.grad(output, tensors, torch.tensor(cotangent, dtype=torch_dtype))
        fields = [
            f'"name":{json.dumps(name)}',
            f'"dtype":{json.dumps(dtype)}',
            f'"attributes":{json.dumps(attributes or {}, separators=(",", ":"))}',
            '"inputs":[' + ",".join(tensor_text(x, dtype) for x in inputs) + "]",
        ]
        if labels is not None:
            fields.append(f'"labels":{json.dumps(labels, separators=(",", ":"))}')
        if indices is not None:
            fields.append(f'"indices":{json.dumps(indices, separators=(",", ":"))}')
        fields += [
            f'"cotangent":{tensor_text(cotangent, dtype)}',
            f'"output":{tensor_text(output.detach().numpy(), dtype)}',
            '"gradients":[' + ",".join(tensor_text(g.numpy(), dtype) for g in gradients) + "]",
        ]
        CASES.append("{" + ",".join(fields) + "}")


def arithmetic():
    for shape in FEW + [(16,)]:
        case("add", torch.add, [normal(*shape), normal(*shape)])
        case("subtract", torch.sub, [normal(*shape), normal(*shape)])
        case("multiply", torch.mul, [normal(*shape), normal(*shape)])
        case("divide", torch.div, [normal(*shape), positive(*shape)])
        case("negate", torch.neg, [normal(*shape)])
        case("add-scalar", lambda x: x + 1.75, [normal(*shape)], {"scalar": 1.75})
        case("multiply-scalar", lambda x: x * -0.625, [normal(*shape)], {"scalar": -0.625})


def products():
    for rows, inner, columns in [
        (1, 1, 1),
        (1, 7, 3),
        (3, 5, 4),
        (15, 2, 3),
        (2, 3, 17),
        (2, 33, 1),
        (1, 16, 7),
    ]:
        for transpose_left in (False, True):
            for transpose_right in (False, True):
                left = normal(*((inner, rows) if transpose_left else (rows, inner)))
                right = normal(*((columns, inner) if transpose_right else (inner, columns)))
                case(
                    "matmul",
                    lambda a, b, s=transpose_left, t=transpose_right: (a.T if s else a)
                    @ (b.T if t else b),
                    [left, right],
                    {"transposeA": transpose_left, "transposeB": transpose_right},
                )
    for batch, inputs, outputs in [(1, 1, 1), (3, 7, 5), (2, 17, 3), (5, 4, 16)]:
        for name, activation in [("linear", lambda z: z), ("linear-relu", F.relu)]:
            case(
                name,
                lambda x, w, b, f=activation: f(F.linear(x, w, b)),
                [normal(batch, inputs), normal(outputs, inputs), normal(outputs)],
            )
    case("linear-without-bias", lambda x, w: F.linear(x, w), [normal(3, 7), normal(5, 7)])


def reductions():
    for shape in [(1,), (17,), (3, 5), (2, 3, 4)]:
        case("sum", torch.sum, [normal(*shape)])
        case("mean", torch.mean, [normal(*shape)])
    for shape, axis in [((1, 1), 0), ((3, 17), 0), ((3, 17), 1), ((2, 3, 5), 1), ((2, 3, 5), 2)]:
        case("sum-axis", lambda x, a=axis: x.sum(dim=a), [normal(*shape)], {"axis": axis})
        case("mean-axis", lambda x, a=axis: x.mean(dim=a), [normal(*shape)], {"axis": axis})
        case("max-axis", lambda x, a=axis: x.amax(dim=a), [distinct(*shape)], {"axis": axis})


def softmaxes():
    for shape, axis in [
        ((1, 1), 1),
        ((3, 7), 1),
        ((3, 7), 0),
        ((2, 17), 1),
        ((2, 3, 4), 1),
        ((2, 16), 1),
    ]:
        case(
            "softmax",
            lambda x, a=axis: F.softmax(x, dim=a),
            [normal(*shape, scale=2)],
            {"axis": axis},
        )
        case(
            "log-softmax",
            lambda x, a=axis: F.log_softmax(x, dim=a),
            [normal(*shape, scale=2)],
            {"axis": axis},
        )
    # Far apart, and far from zero: an exponential of the logit itself would overflow.
    extreme = np.array([[1000.0, 999.5, 990.0, -1000.0], [-1000.0, -1000.25, -1001.0, -1000.0]])
    case("softmax", lambda x: F.softmax(x, dim=1), [extreme], {"axis": 1})
    case("log-softmax", lambda x: F.log_softmax(x, dim=1), [extreme], {"axis": 1})

    for batch, classes in [(1, 1), (1, 2), (5, 3), (7, 10), (3, 17), (16, 2)]:
        labels = [int(v) for v in RANDOM.randint(0, classes, size=batch)]
        case(
            "softmax-cross-entropy",
            lambda z, t=labels: F.cross_entropy(z, torch.tensor(t)),
            [normal(batch, classes, scale=2)],
            labels=labels,
        )
    case(
        "softmax-cross-entropy",
        lambda z: F.cross_entropy(z, torch.tensor([3, 0])),
        [extreme],
        labels=[3, 0],
    )


def losses():
    for shape in [(1, 1), (3, 5), (2, 17)]:
        case("mean-squared-error", F.mse_loss, [normal(*shape), normal(*shape)])
        # Inputs: x, mean, log variance. Summed over the features, averaged over the batch.
        case(
            "gaussian-negative-log-likelihood",
            lambda x, mean, log_variance: (
                0.5 * (log_variance + (x - mean) ** 2 / log_variance.exp())
                + 0.5 * math.log(2 * math.pi)
            )
            .sum(dim=1)
            .mean(),
            [normal(*shape), normal(*shape), normal(*shape)],
        )
        # Inputs: mean, log variance. Kullback-Leibler divergence to the standard normal distribution.
        case(
            "gaussian-kl-divergence",
            lambda mean, log_variance: (-0.5 * (1 + log_variance - mean**2 - log_variance.exp()))
            .sum(dim=1)
            .mean(),
            [normal(*shape), normal(*shape)],
        )


def activations():
    # PyTorch's own softplus leaves out a term above its threshold; this form is exact on both sides.
    functions = {
        "relu": (F.relu, {}),
        "leaky-relu": (lambda x: F.leaky_relu(x, 0.01), {"slope": 0.01}),
        "sigmoid": (torch.sigmoid, {}),
        "tanh": (torch.tanh, {}),
        "gelu": (F.gelu, {"approximation": "none"}),
        "gelu-tanh": (lambda x: F.gelu(x, approximate="tanh"), {"approximation": "tanh"}),
        "silu": (F.silu, {}),
        "softplus": (lambda x: torch.logaddexp(x, torch.zeros_like(x)), {}),
        "sin": (torch.sin, {}),
        "exp": (torch.exp, {}),
    }
    saturating = {"relu", "leaky-relu", "sigmoid", "tanh", "gelu", "gelu-tanh", "silu", "softplus"}
    far = np.array([-80.0, -30.0, -12.0, -5.5, -0.001, 0.001, 5.5, 12.0, 30.0, 80.0])
    for name, (function, attributes) in functions.items():
        for shape in VECTORS if name in ("relu", "tanh") else FEW:
            case(name, function, [normal(*shape, scale=1.5)], attributes)
        if name in saturating:
            case(name, function, [far], attributes)
    # Arguments that need a careful reduction by multiples of pi.
    case(
        "sin",
        torch.sin,
        [np.array([-1000.0, -100.125, -3.142, 0.0, 1.571, 31.416, 255.5, 8000.75])],
    )
    for shape in FEW:
        case("log", torch.log, [positive(*shape)])
        case("sqrt", torch.sqrt, [positive(*shape)])
    case("log", torch.log, [np.array([0.001, 0.999, 1.0, 1.001, 123456.0])])


def normalizations():
    """Inputs: x, bias. Mean-only batch normalisation, over the rows or by the mean (i mod 5 - 2)/4 for column i."""
    for rows, columns in [(1, 3), (4, 5), (7, 17), (40, 2)]:
        given = (torch.arange(columns) % 5 - 2) / 4
        functions = {
            "mean-only-batch-normalization": lambda x, b: x - x.mean(dim=0) + b,
            "mean-only-batch-normalization-relu": lambda x, b: F.relu(x - x.mean(dim=0) + b),
            "mean-only-batch-normalization-by-a-given-mean": lambda x, b, m=given: F.relu(
                x - m.to(x.dtype) + b
            ),
        }
        for name, function in functions.items():
            # The numbers have three decimals: none comes to lie on the kink.
            case(name, function, [normal(rows, columns), normal(columns) + 0.0004])


def pad(x, axis, before, after, mode):
    if mode == "constant":
        widths = [0, 0] * (x.dim() - 1 - axis) + [before, after]
        return F.pad(x, widths, value=0.0)
    first = x.narrow(axis, 0, 1).repeat_interleave(before, dim=axis)
    last = x.narrow(axis, x.shape[axis] - 1, 1).repeat_interleave(after, dim=axis)
    return torch.cat([first, x, last], dim=axis)


def shapes():
    for before, after in [((6,), (2, 3)), ((3, 5), (15,)), ((2, 3, 4), (6, 4)), ((1,), (1, 1, 1))]:
        case("reshape", lambda x, s=after: x.reshape(s), [normal(*before)], {"shape": list(after)})
    for shape, axes in [
        ((1, 7), (1, 0)),
        ((3, 17), (1, 0)),
        ((2, 3, 5), (0, 2, 1)),
        ((2, 3, 5), (2, 0, 1)),
    ]:
        case("transpose", lambda x, p=axes: x.permute(p), [normal(*shape)], {"axes": list(axes)})
    for parts, axis in [
        ([(2, 3), (1, 3)], 0),
        ([(2, 3), (2, 5), (2, 1)], 1),
        ([(2, 1, 3), (2, 4, 3)], 1),
    ]:
        case(
            "concatenate",
            lambda *x, a=axis: torch.cat(x, dim=a),
            [normal(*p) for p in parts],
            {"axis": axis},
        )
    for shape, axis, start, end in [
        ((7,), 0, 2, 5),
        ((3, 17), 1, 16, 17),
        ((3, 5), 0, 0, 2),
        ((2, 5, 3), 1, 1, 4),
    ]:
        case(
            "slice",
            lambda x, a=axis, s=start, e=end: x.narrow(a, s, e - s),
            [normal(*shape)],
            {"axis": axis, "start": start, "count": end - start},
        )
    # Rows that come twice, and rows that never come.
    for shape, indices in [((1, 3), [0]), ((5, 3), [4, 0, 4, 2]), ((3, 7), [1, 1, 1, 2, 0, 2])]:
        case(
            "gather",
            lambda x, i=indices: x.index_select(0, torch.tensor(i)),
            [normal(*shape)],
            indices=indices,
        )
    for shape, axis, before, after in [
        ((5,), 0, 1, 2),
        ((2, 7), 1, 0, 3),
        ((2, 5, 3), 1, 2, 2),
        ((3, 1), 1, 3, 0),
    ]:
        for mode in ("constant", "edge"):
            case(
                "pad",
                lambda x, a=axis, b=before, c=after, m=mode: pad(x, a, b, c, m),
                [normal(*shape)],
                {"axis": axis, "before": before, "after": after, "mode": mode},
            )
    # [batch, length, channels] along axis 1, and PyTorch's own [batch, channels, length] along axis 2.
    for length, window, stride in [(7, 3, 1), (17, 5, 1), (9, 2, 2), (5, 5, 1), (4, 1, 1)]:
        attributes = {"window": window, "stride": stride}
        case(
            "average-pool-1d",
            lambda x, k=window, s=stride: F.avg_pool1d(x.transpose(1, 2), k, s).transpose(1, 2),
            [normal(2, length, 2)],
            {"axis": 1, **attributes},
        )
    case(
        "average-pool-1d",
        lambda x: F.avg_pool1d(x, 3, 1),
        [normal(2, 2, 9)],
        {"axis": 2, "window": 3, "stride": 1},
    )
    # Along the last axis, the ends repeated; also a window longer than the axis.
    for shape, window in [((5,), 3), ((2, 17), 5), ((2, 2, 33), 25), ((3, 6), 13), ((1, 96), 25)]:
        case(
            "moving-average",
            lambda x, w=window: F.avg_pool1d(
                F.pad(x.reshape(1, -1, x.shape[-1]), (w // 2, w // 2), mode="replicate"), w, 1
            ).reshape(x.shape),
            [normal(*shape)],
            {"window": window},
        )


def penalties():
    for shape in FEW:
        case("add-scaled", lambda a, b: a - 0.625 * b, [normal(*shape), normal(*shape)],
             {"scalar": -0.625})
        case("squared-norm", lambda x: (x * x).sum(), [normal(*shape)])


def likelihoods():
    """A head is [batch, 2n]: n means, then n logarithms of standard deviations."""

    def halves(head):
        return head.chunk(2, dim=1)

    for batch, n in [(1, 1), (3, 2), (2, 17)]:
        # Input: head. The noise, a constant, is (i mod 7 − 3)/4 for element i.
        noise = (torch.arange(batch * n).reshape(batch, n) % 7 - 3) / 4
        case(
            "reparameterize",
            lambda head, e=noise: halves(head)[0] + halves(head)[1].exp() * e.to(head.dtype),
            [normal(batch, 2 * n)],
        )
        # Inputs: x, head. Summed over the features, averaged over the batch.
        case(
            "gaussian-head-nll",
            lambda x, head: -torch.distributions.Normal(halves(head)[0], halves(head)[1].exp())
            .log_prob(x)
            .sum(dim=1)
            .mean(),
            [normal(batch, n), normal(batch, 2 * n, scale=0.5)],
        )
        case(
            "gaussian-head-kl",
            lambda head: torch.distributions.kl_divergence(
                torch.distributions.Normal(halves(head)[0], halves(head)[1].exp()),
                torch.distributions.Normal(torch.zeros_like(halves(head)[0]), 1.0),
            )
            .sum(dim=1)
            .mean(),
            [normal(batch, 2 * n)],
        )
        # Inputs: x, logits.
        case(
            "bernoulli-nll",
            lambda x, logits: F.binary_cross_entropy_with_logits(logits, x, reduction="none")
            .sum(dim=1)
            .mean(),
            [np.round(RANDOM.uniform(0, 1, size=(batch, n)), 3), normal(batch, n, scale=4)],
        )


def normalized_weights():
    for outputs, inputs in [(2, 3), (3, 5), (17, 33)]:
        case("weight-normalization", lambda v, g: torch._weight_norm(v, g[:, None], 0),
             [normal(outputs, inputs), normal(outputs)])
        for name, activation in [("", lambda z: z), ("-relu", torch.relu)]:
            case(f"weight-normalized-linear{name}",
                 lambda x, v, g, b, f=activation: f(
                     F.linear(x, torch._weight_norm(v, g[:, None], 0), b)),
                 [normal(4, inputs), normal(outputs, inputs), normal(outputs), normal(outputs)])


def nchw(function):
    """The function of images as PyTorch has them, for images [batch, height, width, channels]."""

    def of_nhwc(x, *others):
        y = function(x.permute(0, 3, 1, 2), *others)
        return y.permute(0, 2, 3, 1) if y.dim() == 4 else y

    return of_nhwc


def batch_normalized(x, gamma, beta, residual=None, statistics=None, activation=None):
    """Of any rows: the channels are the last axis."""
    axes = [0, x.dim() - 1, *range(1, x.dim() - 1)]
    back = [0, *range(2, x.dim()), 1]
    mean, variance = statistics or (None, None)
    y = F.batch_norm(
        x.permute(axes), mean, variance, gamma, beta, training=statistics is None, eps=1e-5
    ).permute(back)
    y = y if residual is None else y + residual
    return activation(y) if activation else y


def maxima_of_normalized():
    """Inputs: x, gamma, beta; the given statistics are those of `images`. Windows 3, stride 2, padding 1."""
    RANDOM.seed(11)
    for shape in [(2, 2, 2, 1), (2, 4, 5, 7), (1, 5, 4, 17)]:
        channels = shape[-1]
        given = lambda c=channels: ((torch.arange(c) % 5 - 2) / 4, (torch.arange(c) % 3 + 1) / 2)
        for name, is_given, activation in [
            ("", False, None), ("-relu", False, F.relu), ("-by-given-statistics", True, F.relu),
        ]:
            case(
                f"batch-normalization-max-pool{name}",
                nchw(lambda x, g, b, n=is_given, f=activation, s=given: F.max_pool2d(
                    batch_normalized(
                        x.permute(0, 2, 3, 1), g, b, statistics=tuple(t.to(x.dtype) for t in s()) if n else None,
                        activation=f,
                    ).permute(0, 3, 1, 2), 3, 2, 1)),
                [normal(*shape), normal(channels), normal(channels)],
            )


def images():
    """Images are [batch, height, width, channels]. The numbers do not hang on those drawn before."""
    RANDOM.seed(5)
    # Inputs: x, gamma, beta and, where it is added, a residual. The given mean is (i mod 5 - 2)/4 for channel i,
    # the given variance (i mod 3 + 1)/2.
    for shape in [(4, 5), (2, 3, 2, 1), (2, 1, 3, 7), (2, 2, 2, 17)]:
        channels = shape[-1]
        for name, adds, activation in [
            ("", False, None),
            ("-relu", False, F.relu),
            ("-add", True, None),
            ("-add-relu", True, F.relu),
        ]:
            inputs = [normal(*shape), normal(channels), normal(channels)]
            inputs += [normal(*shape)] if adds else []
            case(
                f"batch-normalization{name}",
                lambda x, g, b, r=None, f=activation: batch_normalized(x, g, b, r, activation=f),
                inputs,
            )
        for name, adds in [("", False), ("-add", True)]:
            case(
                f"batch-normalization-by-given-statistics{name}",
                lambda x, g, b, r=None, c=channels: batch_normalized(
                    x,
                    g,
                    b,
                    r,
                    (
                        ((torch.arange(c) % 5 - 2) / 4).to(x.dtype),
                        ((torch.arange(c) % 3 + 1) / 2).to(x.dtype),
                    ),
                    F.relu,
                ),
                [normal(*shape), normal(channels), normal(channels)]
                + ([normal(*shape)] if adds else []),
            )
    for shape, window, stride, padding, dilation in [
        ((1, 1, 1, 1), 1, 1, 0, 1),
        ((2, 4, 3, 7), 2, 2, 0, 1),
        ((1, 5, 4, 16), 3, 2, 1, 1),
        ((1, 4, 4, 17), 3, 2, 1, 1),
        ((1, 7, 6, 2), 3, 1, 1, 2),
        ((1, 18, 17, 1), 17, 1, 3, 1),
    ]:
        numbers = {"window": window, "stride": stride, "padding": padding}
        case(
            "max-pool",
            nchw(lambda x, k=window, s=stride, p=padding, d=dilation: F.max_pool2d(x, k, s, p, d)),
            [distinct(*shape)],
            {**numbers, "dilation": dilation},
        )
        if dilation == 1 and window < 17:
            for name, counts in [("", True), ("-without-padding", False)]:
                case(
                    f"average-pool-2d{name}",
                    nchw(
                        lambda x, k=window, s=stride, p=padding, c=counts: F.avg_pool2d(
                            x, k, s, p, count_include_pad=c
                        )
                    ),
                    [normal(*shape)],
                    numbers,
                )
    for shape, size in [((1, 1, 1, 1), 1), ((1, 7, 5, 3), 3), ((1, 4, 3, 17), 2), ((1, 2, 3, 5), 4)]:
        attributes = {"count": size}
        case("adaptive-average-pool", nchw(lambda x, n=size: F.adaptive_avg_pool2d(x, n)),
             [normal(*shape)], attributes)
        case("adaptive-max-pool", nchw(lambda x, n=size: F.adaptive_max_pool2d(x, n)),
             [distinct(*shape)], attributes)
        case("global-average-pool", lambda x: x.mean(dim=(1, 2)), [normal(*shape)])
    # Inputs: x and, where there are any, gamma and beta.
    for shape, axes in [((3, 5), 1), ((2, 2, 17), 1), ((2, 3, 4), 2), ((1, 16), 1)]:
        row = shape[-axes:]
        case("layer-normalization", lambda x, g, b, r=row: F.layer_norm(x, r, g, b),
             [normal(*shape), normal(*row), normal(*row)], {"count": axes})
        case("layer-normalization-without-parameters", lambda x, r=row: F.layer_norm(x, r),
             [normal(*shape)], {"count": axes})
    for shape, groups in [((2, 2, 1, 4), 2), ((1, 3, 2, 6), 3), ((1, 2, 2, 17), 1)]:
        channels = shape[-1]
        case("group-normalization",
             nchw(lambda x, g, b, n=groups: F.group_norm(x, n, g, b)),
             [normal(*shape), normal(channels), normal(channels)], {"count": groups})
        case("group-normalization-without-parameters",
             nchw(lambda x, n=groups: F.group_norm(x, n)), [normal(*shape)], {"count": groups})
    for shape in [(1, 1, 1, 1), (2, 2, 1, 3), (2, 1, 2, 17)]:
        case("scale-channels", nchw(lambda x, s: x * s[:, :, None, None]),
             [normal(*shape), normal(shape[0], shape[-1])])
    for shape in FEW:
        case("add-then-relu", lambda a, b: F.relu(a + b), [normal(*shape), normal(*shape) + 0.0004])


def soft_targets():
    for rows, classes, smoothing in [(1, 1, 0.0), (2, 3, 0.0), (5, 3, 0.1), (3, 17, 0.3), (2, 9, 1.0)]:
        # Inputs: logits, targets, which are three decimals and need not sum to one.
        case(
            "soft-cross-entropy",
            lambda z, t, e=smoothing: F.cross_entropy(z, t, label_smoothing=e),
            [normal(rows, classes, scale=2), np.round(RANDOM.dirichlet([0.5] * classes, rows), 3)],
            {"smoothing": smoothing},
        )
        labels = [int(v) for v in RANDOM.randint(0, classes, size=rows)]
        case(
            "smoothed-cross-entropy",
            lambda z, t=labels, e=smoothing: F.cross_entropy(
                z, torch.tensor(t), label_smoothing=e
            ),
            [normal(rows, classes, scale=2)],
            {"smoothing": smoothing},
            labels=labels,
        )


def pointwise_convolutions():
    for batch, inputs, outputs, length in [(1, 1, 1, 1), (2, 3, 5, 4), (3, 4, 2, 17), (2, 5, 4, 16)]:
        for name, activation in [("pointwise-convolution", lambda z: z), ("pointwise-convolution-relu", F.relu)]:
            case(
                name,
                lambda x, w, b, f=activation: f(F.conv1d(x, w[:, :, None], b)),
                [normal(batch, inputs, length), normal(outputs, inputs), normal(outputs)],
            )
    case("pointwise-convolution-without-bias", lambda x, w: F.conv1d(x, w[:, :, None]),
         [normal(2, 3, 7), normal(5, 3)])


def batched_products():
    RANDOM.seed(13)
    for batch, rows, inner, columns in [(1, 1, 1, 1), (2, 3, 5, 4), (3, 1, 7, 2), (5, 2, 17, 3), (2, 16, 1, 9)]:
        for left_turned in (False, True):
            for right_turned in (False, True):
                left = (inner, rows) if left_turned else (rows, inner)
                right = (columns, inner) if right_turned else (inner, columns)
                case(
                    "matmul-batched",
                    lambda a, b, s=left_turned, t=right_turned: torch.bmm(a.mT if s else a, b.mT if t else b),
                    [normal(batch, *left), normal(batch, *right)],
                    {"transposeA": left_turned, "transposeB": right_turned},
                )


def extrema():
    RANDOM.seed(17)
    for shape in VECTORS + [(3, 5)]:
        case("abs", torch.abs, [normal(*shape)])
        # Three decimals against four: no number is at a bound, and no two are equal.
        case("maximum", torch.maximum, [normal(*shape), normal(*shape) + 0.0004])
        case("minimum", torch.minimum, [normal(*shape), normal(*shape) + 0.0004])
        case("clamp", lambda x: torch.clamp(x, -0.5004, 0.8004), [normal(*shape)],
             {"minimum": -0.5004, "maximum": 0.8004})
    # Equal numbers share the gradient.
    case("maximum", torch.maximum, [np.array([1.0, 2.0, -3.0, 0.0]), np.array([1.0, -2.0, -3.0, 0.5])])
    case("minimum", torch.minimum, [np.array([1.0, 2.0, -3.0, 0.0]), np.array([1.0, -2.0, -3.0, 0.5])])
    case("maximum", torch.maximum, [normal(3, 5), np.array(0.2504)])
    case("minimum", torch.minimum, [np.array(0.2504), normal(3, 5)])
    case("abs", torch.abs, [np.array([0.0, 1.0, -1.0])])
    case("clamp", lambda x: torch.clamp(x, min=0.2504), [normal(9)], {"minimum": 0.2504})
    case("clamp", lambda x: torch.clamp(x, max=0.2504), [normal(9)], {"maximum": 0.2504})
    for shape in FEW:
        for exponent in (2.5, 0.5, -0.5, 0.3, 1.0):
            case("power", lambda x, p=exponent: x**p, [positive(*shape)], {"scalar": exponent})
        for exponent in (2.0, 3.0, -1.0, -2.0, 5.0, 0.0):
            signs = np.where(RANDOM.uniform(size=shape) < 0.5, -1, 1)
            case("power", lambda x, p=exponent: x**p, [positive(*shape) * signs], {"scalar": exponent})


def robust_losses():
    RANDOM.seed(19)
    for shape in [(1,), (3, 5), (2, 17), (2, 3, 4)]:
        case("mean-absolute-error", F.l1_loss, [normal(*shape), normal(*shape) + 0.0004])
        for delta in (0.25, 1.0, 3.0):
            case("huber-loss", lambda x, y, d=delta: F.huber_loss(x, y, delta=d), [normal(*shape), normal(*shape)],
                 {"delta": delta})
    # Errors of nothing, and at the place where the parts meet.
    case("mean-absolute-error", F.l1_loss, [np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, -3.0])])
    case("huber-loss", lambda x, y: F.huber_loss(x, y, delta=2.0),
         [np.array([1.0, -2.0, 3.0, 0.0]), np.array([1.0, 0.0, 1.0, 9.0])], {"delta": 2.0})


def weighted_labels():
    RANDOM.seed(23)
    for rows, classes, smoothing in [(1, 1, 0.0), (4, 3, 0.0), (7, 10, 0.1), (5, 17, 1.0)]:
        for ignored in (None, 0, -100):
            weights = [float(v) for v in np.round(RANDOM.uniform(0, 3, size=classes), 3)]
            labels = [int(v) for v in RANDOM.randint(0, classes, size=rows)]
            if ignored is not None and rows > 1:
                labels[:2] = [ignored, 1]
            if rows == 1 and ignored == 0:
                continue  # nothing would be left
            case(
                "weighted-cross-entropy",
                lambda z, t=labels, w=weights, i=ignored, e=smoothing: F.cross_entropy(
                    z, torch.tensor(t), torch.tensor(w, dtype=z.dtype), label_smoothing=e,
                    ignore_index=-100 if i is None else i,
                ),
                [normal(rows, classes, scale=2)],
                {"weights": weights, "smoothing": smoothing} | ({} if ignored is None else {"ignored": ignored}),
                labels=labels,
            )


def main():
    torch.set_num_threads(1)
    for group in (arithmetic, products, reductions, softmaxes, losses, activations, shapes, penalties,
                  normalized_weights, likelihoods):
        group()
    normalizations()
    soft_targets()
    images()
    maxima_of_normalized()
    pointwise_convolutions()
    batched_products()
    extrema()
    robust_losses()
    weighted_labels()
    write(pathlib.Path(__file__).with_name("operations.json"))


def write(path):
    version = torch.__version__.split("+")[0]
    text = f'{{"source":"PyTorch {version}","cases":[\n' + ",\n".join(CASES) + "\n]}\n"
    json.loads(text)
    path.write_text(text)
    print(f"{path.name}: {len(CASES)} cases, {len(text) / 1024:.0f} KB")


if __name__ == "__main__":
    main()
