/// What the functions compute that lines of code call; said once on a page, below the first line that calls one.
struct Glosses {
  private var said: Set<String> = []

  /// What has not been said yet of the functions that these lines call.
  mutating func next(_ code: [String]) -> [[Prose.Part]] {
    Glosses.calls(in: code).filter { said.insert($0).inserted }.compactMap { name in
      Glosses.all.first { $0.name == name }.map { Prose.parts($0.text) }
    }
  }

  /// The functions that are called, in the order of the text; methods and types say themselves what they are.
  static func calls(in code: [String]) -> [String] {
    code.flatMap { line in
      line.matches(of: /([.\w]+)\(/).map { String($0.1) }
        .filter { $0.first?.isLowercase == true && !$0.contains(".") }
    }
  }

  /// One function.
  struct Gloss: Sendable {
    /// What it is called with, such as `sinPullback(g, x)`.
    let call: String
    /// What that is, in the markup of `Prose`.
    let meaning: String
    /// The check that holds it against its closed form; nil for what has no derivative of its own to get wrong.
    var check: String?

    var name: String { String(call.prefix { $0 != "(" }) }

    var text: String {
      let held =
        check.map {
          "; `adjoint check \($0)` holds it against its closed form and central differences"
        }
      return "`\(call)` is \(meaning)\(held ?? "")."
    }
  }

  static let all = [
    Gloss(
      call: "softmaxPullback(g, y, axis: 1)",
      meaning: #"$y \circ \left( g - \sum_k y_k g_k \right)$, each row by itself"#,
      check: "softmax"),
    Gloss(
      call: "softmaxCrossEntropyPullback(c, y, labels: t)",
      meaning: "$c \\, (y - t)$, with the labels $t$ as one-hot rows",
      check: "softmax_cross_entropy"),
    Gloss(
      call: "reluPullback(g, y)", meaning: "$g$ where $y$ is positive, else 0", check: "relu"),
    Gloss(call: "sinPullback(g, x)", meaning: #"$g \circ \cos(x)$"#, check: "sin"),
    Gloss(
      call: "meanOnlyBatchNormalizationPullback(g, biasGradient: s)",
      meaning: #"$g - \frac{1}{m} \mathbf{1} s^\top$"#, check: "mean_only_batch_normalization"
    ),
    Gloss(
      call: "gaussianHeadNegativeLogLikelihoodPullback(c, x, head: …)",
      meaning:
        #"$c \, (\mu - x) / \sigma^2$ and $c \left( 1 - (x - \mu)^2 / \sigma^2 \right)$ side by side, "#
        + #"for a head of $\mu$ and $\ln \sigma$"#,
      check: "gaussian_head_nll"),
    Gloss(
      call: "reparameterizePullback(g, head: …, noise: e)",
      meaning: #"$g$ and $g \circ \sigma \circ e$ side by side"#, check: "reparameterize"),
    Gloss(
      call: "gaussianHeadKLDivergencePullback(c, head: …)",
      meaning: #"$c \mu$ and $c \, (\sigma^2 - 1)$ side by side"#, check: "gaussian_head_kl"),
    Gloss(
      call: "kept(y, …)", meaning: "the `y` of the forward pass, which the module has kept"),
    Gloss(
      call: "matmul(a, b)", meaning: #"$a b$, and with `transposeA: true` it is $a^\top b$"#),
    Gloss(call: "sum(x, axis: 0)", meaning: "the sum of the rows of $x$"),
    Gloss(call: "mean(x, axis: 0)", meaning: "the mean of the rows of $x$"),
    Gloss(
      call: "broadcast(x, to: shape)", meaning: "as many copies of $x$ as fill that shape"),
    Gloss(call: "addScaled(a, b, s)", meaning: "$a + s b$"),
    Gloss(
      call: "masked(x, mask)", meaning: #"$x \circ M$, and $x$ where there is no mask"#),
  ]
}
