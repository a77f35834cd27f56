"""Writes the references for the comparisons of windows and counts (tests/it/support/statistics.json) with SciPy.

    pip install "scipy>=1.15" "numpy>=2" && python3 references.py > ../../it/support/statistics.json

The samples themselves are not in the file: each is made here and in the test by the same small generator from its seed.
"""

import json
import math
import sys

import numpy as np
from scipy import stats

SEED = 20260117
MASK = (1 << 64) - 1


class Split:
    """SplitMix64, so that a test in any language can make the same numbers."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def unit(self):
        return (self.next() >> 11) / float(1 << 53)


# Only operations that IEEE 754 rounds in one way, so that both sides make the same bits: no logarithm, no power.
def sample(kind, seed, n, shift):
    r = Split(seed)
    out = []
    for _ in range(n):
        u, v = r.unit(), r.unit()
        if kind == "uniform":
            x = u * 100.0
        elif kind == "heavy":
            x = 1.0 / (1.0 - u) / (1.0 - v)
        elif kind == "ties":
            x = math.floor(u * 5.0)
        elif kind == "few":
            x = 1.0 if u < 0.03 else 0.0
        elif kind == "signed":
            x = (u - 0.5) * 1e-6 + (v - 0.5)
        else:
            x = 7.0
        out.append(x + shift)
    return out


def windows():
    r = Split(SEED)
    sizes = [(50, 50), (51, 50), (50, 720), (60, 73), (120, 119), (360, 360), (720, 720)]
    shifts = {
        "uniform": [0.0, 1.0, -3.0, 10.0, 30.0, 99.0, 500.0],
        "heavy": [0.0, 0.1, 1.0, -1.0, 10.0, 1e6],
        "ties": [0.0, 1.0, -1.0, 2.0, 5.0],
        "few": [0.0, 1.0, -1.0],
        "signed": [0.0, 0.01, -0.1, 0.5, 1e-9],
        "constant": [0.0, 1.0, -2.0],
    }
    cases = []
    for kind, some in shifts.items():
        for shift in some:
            for n, m in sizes:
                a, b = r.next() >> 12, r.next() >> 12
                x, y = sample(kind, b, m, shift), sample(kind, a, n, 0.0)
                if len(set(x + y)) == 1:
                    u, p = n * m / 2.0, 1.0
                else:
                    u, p = stats.mannwhitneyu(x, y, use_continuity=True, alternative="two-sided", method="asymptotic")
                differences = np.subtract.outer(np.array(x), np.array(y)).ravel()
                cases.append(
                    [kind, a, n, b, m, shift, float(u), float(p), float(np.median(differences)), float(np.median(y)), float(np.median(x))]
                )
    return cases


def tables():
    r = Split(SEED + 1)
    fixed = [
        (0, 1, 0, 1), (0, 10, 0, 10), (1, 1, 0, 1), (3, 3, 0, 3), (0, 100, 5, 100), (1, 1000, 8, 1000), (2, 20, 2, 20),
        (10, 10, 10, 10), (8, 10, 1, 6), (1, 24, 12, 13), (5, 100000, 20, 100000), (400, 1000000, 520, 1000000),
        (3, 1000000000, 19, 1000000000), (0, 5000000, 1, 100), (40, 2000, 4, 200), (7, 7, 7, 9), (1000, 3000, 1200, 3000),
        (20000, 1000000, 20600, 1000000), (0, 3, 4000, 4000), (50, 100, 50, 100),
    ]
    cases = []
    while len(fixed) < 130:
        n1, n2 = 1 + r.next() % 10 ** (1 + r.next() % 6), 1 + r.next() % 10 ** (1 + r.next() % 6)
        rate = [0.0005, 0.01, 0.2, 0.9][r.next() % 4]
        k1 = min(n1, int(n1 * rate * 2.0 * r.unit()))
        k2 = min(n2, int(n2 * rate * 2.0 * r.unit()))
        fixed.append((k1, n1, k2, n2))
    for k1, n1, k2, n2 in fixed:
        _, p = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]])
        cases.append([k1, n1, k2, n2, float(p)])
    return cases


def rates():
    r = Split(SEED + 2)
    cases = [(0, 1.0, 0, 1.0), (0, 10.0, 6, 10.0), (3, 60.0, 19, 60.0), (5, 3600.0, 9, 300.0), (1000, 60.0, 1200, 60.0)]
    while len(cases) < 60:
        t1, t2 = 1.0 + r.next() % 3600, 1.0 + r.next() % 3600
        rate = [0.001, 0.05, 2.0][r.next() % 3]
        cases.append((int(t1 * rate * 2.0 * r.unit()), t1, int(t2 * rate * 2.0 * r.unit()), t2))
    out = []
    for k1, t1, k2, t2 in cases:
        n = k1 + k2
        p = 1.0 if n == 0 else stats.binomtest(k1, n, t1 / (t1 + t2)).pvalue
        out.append([k1, t1, k2, t2, float(p)])
    return out


def lines(name, cases):
    body = ",\n".join(json.dumps(case) for case in cases)
    return f'"{name}": [\n{body}\n]'


def main():
    about = f"scipy {__import__('scipy').__version__}, tests/bench/statistics/references.py, seed {SEED}"
    parts = [f'"about": {json.dumps(about)}', lines("windows", windows()), lines("tables", tables()), lines("rates", rates())]
    sys.stdout.write("{" + ",\n".join(parts) + "}\n")


main()
