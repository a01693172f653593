"""Writes ../Metrics/AreaUnderROCReference.swift: areas under ROC curves, counted pair by pair in NumPy.

    python auc.py > ../Metrics/AreaUnderROCReference.swift       (made with numpy 2)

The definition itself, and not the formula by ranks: of all pairs of a sample of the class and one of the
rest the share in which the first has the higher score, ties counted half.
"""

import numpy as np

RANDOM = np.random.RandomState(11)


def area(scores, positive):
    first, second = scores[positive][:, None], scores[~positive][None, :]
    return float(np.mean((first > second) + 0.5 * (first == second)))


def case(name, samples, classes, levels):
    labels = RANDOM.randint(classes, size=samples)
    labels[:classes] = np.arange(classes)
    # Quantised, so that there are ties within and between the classes; lifted for the true class.
    scores = RANDOM.randint(levels, size=(samples, classes)).astype(np.float32)
    scores[np.arange(samples), labels] += RANDOM.randint(levels // 2 + 1, size=samples)
    scores /= levels
    areas = [area(scores[:, c], labels == c) for c in range(classes)]
    numbers = ", ".join(repr(float(v)) for v in scores.reshape(-1))
    print(f'    .init(\n      name: "{name}", classes: {classes},')
    print(f"      labels: [{', '.join(map(str, labels))}],")
    print(f"      scores: [{numbers}],")
    print(f"      areas: [{', '.join(map(repr, areas))}]),")


print("// Made by Reference/auc.py; do not edit.")
print("// swift-format-ignore-file")
print("enum AreaUnderROCReference {")
print("  static let cases: [AreaUnderROCTests.Case] = [")
case("many ties", 60, 3, 4)
case("few ties", 40, 5, 64)
case("two classes", 50, 2, 8)
case("nine classes", 90, 9, 16)
print("  ]")
print("}")
